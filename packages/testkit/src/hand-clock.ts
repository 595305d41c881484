interface Timer {
  dueMs: number;
  /** Undefined: rings once. */
  readonly periodMs: number | undefined;
  readonly run: () => void;
}

/** Time that stands still until a test moves it: a `Clock` of the pooler's ports. */
export class HandClock {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 1_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  every(periodMs: number, tick: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + periodMs, periodMs, run: tick });
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#add({ dueMs: this.#nowMs + delayMs, periodMs: undefined, run });
  }

  /** Timers that have not rung. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer rings; undefined when none will. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves on by `ms`, ringing every timer that comes due, in order of time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let timer = this.#next(); timer !== undefined; timer = this.#next()) {
      if (timer.dueMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      if (timer.periodMs === undefined) this.#timers.delete(timer);
      else timer.dueMs += timer.periodMs;
      timer.run();
    }
    this.#nowMs = untilMs;
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.dueMs < first.dueMs) first = timer;
    }
    return first;
  }
}
