export interface TurnLimits {
  /** Jobs that run at a time, and those of one source address among them. */
  readonly running: number;
  readonly runningOfOne: number;
  /** Jobs that wait. */
  readonly waiting: number;
  readonly waitingOfOne: number;
}

interface Line {
  running: number;
  readonly waiting: Set<() => Promise<void>>;
}

/**
 * Lets a limited number of jobs run at a time, and source addresses take turns: one that has many leaves
 * room for the others. How long a job waits is for its caller to bound.
 */
export class FairTurns {
  readonly #limits: TurnLimits;
  /** Only addresses that have jobs, in the order of their turns. */
  readonly #lines = new Map<string, Line>();
  #running = 0;
  #waiting = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /**
   * Begins `job` now or later; it must not reject.
   *
   * @returns the way out of the queue; undefined: too many wait already
   */
  add(address: string, job: () => Promise<void>): (() => void) | undefined {
    const line = this.#lines.get(address) ?? { running: 0, waiting: new Set() };
    const { waiting, waitingOfOne } = this.#limits;
    if (this.#waiting >= waiting || line.waiting.size >= waitingOfOne) return undefined;
    this.#lines.set(address, line);
    line.waiting.add(job);
    this.#waiting++;
    this.#next();
    return () => {
      if (!line.waiting.delete(job)) return;
      this.#waiting--;
      this.#tidy(address, line);
    };
  }

  #next(): void {
    while (this.#running < this.#limits.running) {
      const turn = this.#turn();
      if (turn === undefined) return;
      const [address, line, job] = turn;
      line.waiting.delete(job);
      line.running++;
      this.#waiting--;
      this.#running++;
      // Its next turn comes behind those of all others.
      this.#lines.delete(address);
      this.#lines.set(address, line);
      job().finally(() => {
        line.running--;
        this.#running--;
        this.#tidy(address, line);
        this.#next();
      });
    }
  }

  #turn(): readonly [string, Line, () => Promise<void>] | undefined {
    if (this.#waiting === 0) return undefined;
    for (const [address, line] of this.#lines) {
      const [job] = line.waiting;
      if (job !== undefined && line.running < this.#limits.runningOfOne)
        return [address, line, job];
    }
    return undefined;
  }

  #tidy(address: string, line: Line): void {
    if (line.running === 0 && line.waiting.size === 0) this.#lines.delete(address);
  }
}
