/** A wait of this length is worth a line in the log. */
const LONG_WAIT_MS = 1000;
/** A shortage is over when nobody has waited so long for this time: one line for many short gaps. */
const CALM_MS = 10_000;

type Shortage =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'short';
      readonly sinceMs: number;
      readonly lastMs: number;
      readonly waitedMs: number;
    };

/** What is to be said: clients have begun to wait long, or do no longer. */
export type ShortageNews =
  | { readonly kind: 'begins'; readonly waitedMs: number }
  | { readonly kind: 'ends'; readonly lastedMs: number; readonly waitedMs: number };

/** Whether clients of one pool wait for long: told when it begins and when it is over, not in between. */
export class ShortageWatch {
  /** Who has waited before that has waited for something else than the links of others. */
  excusedUntilMs = 0;
  #state: Shortage = { kind: 'none' };

  /** `waitedMs`: of who waits longest; 0: nobody waits. */
  look(waitedMs: number, nowMs: number): ShortageNews | undefined {
    const state = this.#state;
    const isLong = waitedMs >= LONG_WAIT_MS;
    if (state.kind === 'none') {
      if (!isLong) return undefined;
      this.#state = { kind: 'short', sinceMs: nowMs - waitedMs, lastMs: nowMs, waitedMs };
      return { kind: 'begins', waitedMs };
    }
    if (isLong) {
      this.#state = { ...state, lastMs: nowMs, waitedMs: Math.max(state.waitedMs, waitedMs) };
      return undefined;
    }
    if (nowMs - state.lastMs < CALM_MS) return undefined;
    this.#state = { kind: 'none' };
    return { kind: 'ends', lastedMs: state.lastMs - state.sinceMs, waitedMs: state.waitedMs };
  }
}
