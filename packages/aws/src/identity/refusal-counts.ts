import type { Clock } from '@pgweir/pooler';

/** So many refused tokens of one address in a row are asked about; from then on one more each second. */
export const REFUSALS_MAX = 20;
const REFUSALS_PER_SECOND = 1;
/** Addresses that are remembered; the oldest is forgotten first. */
const ADDRESSES_MAX = 10_000;

/** How many tokens from an address STS has refused lately. Others are not in here. */
export class RefusalCounts {
  readonly #clock: Clock;
  readonly #counts = new Map<string, { readonly count: number; readonly atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** STS has refused a token that came from there. */
  refused(address: string): void {
    const count = this.#countOf(address) + 1;
    this.#counts.delete(address);
    this.#counts.set(address, { count, atMs: this.#clock.nowMs() });
    if (this.#counts.size <= ADDRESSES_MAX) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  /** Whether STS is not to be asked about what comes from there, for now. */
  isOver(address: string): boolean {
    return this.#countOf(address) > REFUSALS_MAX - 1;
  }

  #countOf(address: string): number {
    const known = this.#counts.get(address);
    if (known === undefined) return 0;
    const forgiven = ((this.#clock.nowMs() - known.atMs) / 1000) * REFUSALS_PER_SECOND;
    if (forgiven < known.count) return known.count - forgiven;
    this.#counts.delete(address);
    return 0;
  }
}
