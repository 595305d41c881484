import type { Clock } from '@pgweir/pooler';

/** What came of asking somebody. */
export type Asked<T> =
  | { readonly kind: 'said'; readonly value: T }
  | { readonly kind: 'failed'; readonly reason: string };

export async function asked<T>(question: Promise<T>): Promise<Asked<T>> {
  try {
    return { kind: 'said', value: await question };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Looks again and again, up to a moment, and once more then. */
export class Polling {
  readonly #clock: Clock;
  readonly #everyMs: number;
  #wake: () => void = () => undefined;

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** @returns what `look` found; undefined: nothing until `deadlineMs`, a moment of the clock */
  async until<T>(deadlineMs: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    for (;;) {
      const isLast = this.#clock.nowMs() >= deadlineMs;
      const found = await look();
      if (found !== undefined || isLast) return found;
      await this.#pause(Math.max(0, Math.min(this.#everyMs, deadlineMs - this.#clock.nowMs())));
    }
  }

  /** Another one, at another pace. */
  every(everyMs: number): Polling {
    return new Polling(this.#clock, everyMs);
  }

  /** Looks at once. */
  wake(): void {
    this.#wake();
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const stop = this.#clock.after(ms, resolve);
      this.#wake = () => {
        stop();
        resolve();
      };
    });
  }
}
