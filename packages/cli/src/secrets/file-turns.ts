/**
 * So many operations on files of secrets are under way at a time. Each occupies a thread of the runtime
 * for as long as the system takes, and on a mount that hangs that may be for ever; there are four threads,
 * and everything else that needs files or names of hosts wants some, too.
 */
const RUNNING_MAX = 2;

/** Lets operations on files wait for each other. */
export class FileTurns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @returns undefined when `signal` was aborted before the turn came; afterwards it changes nothing */
  async take<Result>(job: () => Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
    if (this.#running < RUNNING_MAX) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return signal.aborted ? undefined : await job();
    } finally {
      // A turn is handed on, and not given back in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
