import type { Session } from './session';
import type { StateFollowing } from './state-following';

/**
 * A text of several statements that goes out in two parts, as PostgreSQL itself separates them: the
 * client hears one ReadyForQuery for both, and the second part is for nobody if the first one fails.
 */
export class TextInParts {
  #rest: Buffer | undefined;
  readonly #session: Session;
  readonly #host: StateFollowing;

  constructor(session: Session, host: StateFollowing) {
    this.#session = session;
    this.#host = host;
  }

  /** The first part goes out; `rest`, a Query, is to follow. */
  begin(rest: Buffer): void {
    this.#rest = rest;
    this.#host.interposeIfNeeded();
  }

  /** The second part is still to come. */
  get isPending(): boolean {
    return this.#rest !== undefined;
  }

  /** ErrorResponse. */
  fails(): void {
    this.#rest = undefined;
    this.#host.interposeIfNeeded();
  }

  /** ReadyForQuery: sends the second part. @returns whether there was one */
  goesOn(): boolean {
    const rest = this.#rest;
    if (rest === undefined) return false;
    this.#rest = undefined;
    this.#host.interposeIfNeeded();
    this.#host.tracker.holding = false;
    this.#session.input.putBack(rest);
    this.#session.resumeKept();
    return true;
  }
}
