/** Wrong passwords of one address, and of all together, in a minute. */
const WRONG_MAX = 5;
const ALL_WRONG_MAX = 50;
const PERIOD_MS = 60_000;
/** Addresses that are remembered. */
const ADDRESSES_MAX = 1000;

interface Wrong {
  readonly sinceMs: number;
  readonly count: number;
}

const ANYBODY = '';

/** Slows down whoever tries passwords. */
export class Guesses {
  readonly #nowMs: () => number;
  readonly #wrong = new Map<string, Wrong>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** For how long this address may not try again; 0: it may. */
  blockedMs(address: string): number {
    const own = this.#restMs(address, WRONG_MAX);
    return Math.max(own, this.#restMs(ANYBODY, ALL_WRONG_MAX));
  }

  wrong(address: string): void {
    for (const who of [address, ANYBODY]) {
      const before = this.#current(who);
      const next = { sinceMs: before?.sinceMs ?? this.#nowMs(), count: (before?.count ?? 0) + 1 };
      // The one that was wrong last is forgotten last.
      this.#wrong.delete(who);
      this.#wrong.set(who, next);
    }
    for (const who of this.#wrong.keys()) {
      if (this.#wrong.size <= ADDRESSES_MAX) break;
      if (who !== ANYBODY) this.#wrong.delete(who);
    }
  }

  right(address: string): void {
    this.#wrong.delete(address);
  }

  #restMs(who: string, max: number): number {
    const wrong = this.#current(who);
    if (wrong === undefined || wrong.count < max) return 0;
    return wrong.sinceMs + PERIOD_MS - this.#nowMs();
  }

  #current(who: string): Wrong | undefined {
    const wrong = this.#wrong.get(who);
    return wrong !== undefined && this.#nowMs() - wrong.sinceMs < PERIOD_MS ? wrong : undefined;
  }
}
