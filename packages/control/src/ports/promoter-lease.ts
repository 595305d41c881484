/** Who is promoted in place of the primary of one timeline. Kept where the lease is, for good. */
export interface Choice {
  readonly systemIdentifier: string;
  /** That of the primary that was lost. */
  readonly timeline: number;
  /** `host:port` */
  readonly target: string;
}

/** Who may promote, as far as this process knows. */
export type LeaseStanding =
  | { readonly kind: 'held' }
  /** `holder` is for people. */
  | { readonly kind: 'elsewhere'; readonly holder: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export type ChoiceAnswer =
  | { readonly kind: 'chosen' }
  /** Another server was chosen for this timeline, or somebody has seen a later one. */
  | { readonly kind: 'taken'; readonly before: Choice }
  /** Perhaps it is kept all the same. */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * The right to promote, which exactly one process has at a time. It is asked for, and kept, all the
 * time between `start` and `close`.
 */
export interface PromoterLease {
  readonly standing: LeaseStanding;
  /**
   * For how long from now on nobody else can have it, counted from before it was asked for; 0: it is
   * not held. Ask it right before each step: a process that was stopped meanwhile has lost that time.
   */
  readonly leftMs: number;
  start(): void;
  /** Makes sure of it now, so that `leftMs` is as long as it can be. Bounded; never rejects. */
  renew(): Promise<void>;
  /** What was chosen last for a system. @throws Error with a reason for people */
  chosen(systemIdentifier: string): Promise<Choice | undefined>;
  /** Keeps a choice, if the lease is held where it is kept, and no other one forbids it. Never rejects. */
  choose(choice: Choice): Promise<ChoiceAnswer>;
  /** Where an operator deletes what was chosen for a system. For people. */
  choicePlace(systemIdentifier: string): string;
  /** Gives it back, so that another one need not wait for its end. Bounded; idempotent. */
  close(): Promise<void>;
}

/** Whether `wanted` may be promoted after `before` was chosen: never two servers for one timeline. */
export function mayFollow(before: Choice | undefined, wanted: Choice): boolean {
  if (before === undefined || before.timeline < wanted.timeline) return true;
  return before.timeline === wanted.timeline && before.target === wanted.target;
}
