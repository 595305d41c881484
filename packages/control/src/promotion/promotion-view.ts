/** What a promotion, or what keeps one from happening, looks like to an operator. */
export interface PromotionView {
  /** Who holds the lease, or why nobody can tell. */
  readonly promoter: string;
  /** What happens; undefined: there is nothing to do. */
  readonly stage: string | undefined;
  /** What somebody has to do something about. */
  readonly alarm: string | undefined;
}
