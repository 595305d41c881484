import type { WalPosition } from '../ports/position-source';

/** More than a second of them, when there is one every 5 ms. */
const KEPT = 256;

/** No position. */
export const NOWHERE = -1;

/** The last samples of one primary's position. */
export class PrimarySamples {
  /** A ring: of each sample the tick that had begun when it was requested, and the position. */
  readonly #ticks = new Float64Array(KEPT);
  readonly #positions = new Float64Array(KEPT);
  #oldest = 0;
  #count = 0;
  #newestTick = 0;
  #newest: WalPosition = NOWHERE;

  /** The last position, or NOWHERE. */
  get newest(): WalPosition {
    return this.#newest;
  }

  /** What was answered in an earlier tick is covered by some sample. */
  get newestTick(): number {
    return this.#newestTick;
  }

  add(tick: number, position: WalPosition): void {
    this.#newest = Math.max(this.#newest, position);
    if (tick <= this.#newestTick) return;
    this.#newestTick = tick;
    const at = (this.#oldest + this.#count) % KEPT;
    this.#ticks[at] = tick;
    this.#positions[at] = position;
    if (this.#count < KEPT) this.#count++;
    else this.#oldest = (this.#oldest + 1) % KEPT;
  }

  /** The first position kept that covers what was answered in `tick`; NOWHERE: there is none yet. */
  covering(tick: number): WalPosition {
    if (this.#count === 0 || tick >= this.#newestTick) return NOWHERE;
    // What waits for a sample is mostly recent.
    let nth = this.#count - 1;
    while (nth > 0 && (this.#ticks[(this.#oldest + nth - 1) % KEPT] ?? 0) > tick) nth--;
    return this.#positions[(this.#oldest + nth) % KEPT] ?? NOWHERE;
  }

  /** Another primary, or another timeline: positions do not compare. */
  clear(): void {
    this.#count = 0;
    this.#newestTick = 0;
    this.#newest = NOWHERE;
  }
}
