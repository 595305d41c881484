/** Time, so that tests can hold it in their hands. */
export interface Clock {
  /** Monotonic milliseconds, with fractions. */
  nowMs(): number;
  /** Wall clock milliseconds since 1970, for people. */
  wallMs(): number;
  /** Calls `tick` about every `periodMs`. Returns the way to stop. Does not keep a process alive. */
  every(periodMs: number, tick: () => void): () => void;
  /** Calls `run` once after `delayMs`. Returns the way to cancel. Not for per-message use. */
  after(delayMs: number, run: () => void): () => void;
}
