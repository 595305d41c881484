/**
 * Lets a limited number of jobs run at a time. The others wait in the order in which they came, and may
 * leave at any time; how long they wait is for their callers to bound.
 */
export class Turns {
  readonly #max: number;
  readonly #waiting = new Set<() => Promise<void>>();
  #running = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Begins `job` now or later; it must not reject. Returns the way out of the queue. */
  add(job: () => Promise<void>): () => void {
    this.#waiting.add(job);
    this.#next();
    return () => this.#waiting.delete(job);
  }

  #next(): void {
    for (const job of this.#waiting) {
      if (this.#running >= this.#max) return;
      this.#waiting.delete(job);
      this.#running++;
      job().finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }
}
