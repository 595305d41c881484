import type { Link } from '../backend/link';
import type { Session } from './session';
import type { StateFollowing } from './state-following';

/**
 * Statements that go out in two parts, as PostgreSQL itself separates them: a text of several, or a group
 * of the extended protocol. The client hears one ReadyForQuery for both, and the second part is for
 * nobody if the first one fails.
 */
export class TextInParts {
  /** The second part; `kept`: it is what the client's input keeps. */
  #rest: Buffer | 'kept' | undefined;
  #failed = false;
  readonly #session: Session;
  readonly #host: StateFollowing;

  constructor(session: Session, host: StateFollowing) {
    this.#session = session;
    this.#host = host;
  }

  /** The first part goes out; `rest`, a Query or what is kept of the group, is to follow. */
  begin(rest: Buffer | 'kept'): void {
    this.#rest = rest;
    this.#failed = false;
    this.#host.interposeIfNeeded();
  }

  /** The second part is still to come. */
  get isPending(): boolean {
    return this.#rest !== undefined;
  }

  /** It is the rest of the text of a Query. */
  get isRestOfText(): boolean {
    return this.#rest !== undefined && this.#rest !== 'kept';
  }

  /** It is among what the client's input keeps: the Sync behind the first part is ours. */
  get isRestKept(): boolean {
    return this.#rest === 'kept';
  }

  /** ErrorResponse. */
  fails(): void {
    this.#failed = true;
    // ReadyForQuery comes when the client has sent its Sync.
    if (this.#rest === 'kept') return;
    this.#rest = undefined;
    this.#host.interposeIfNeeded();
  }

  /** ReadyForQuery: sends the second part, or skips it. @returns whether there was one */
  goesOn(link: Link): boolean {
    const rest = this.#rest;
    if (rest === undefined) return false;
    this.#rest = undefined;
    this.#host.interposeIfNeeded();
    if (rest === 'kept' && this.#failed) {
      this.#session.input.skipGroup(link.status);
      // What is kept goes on from there.
      this.#host.readyInTransaction(link);
    } else {
      this.#host.tracker.holding = false;
      if (rest !== 'kept') this.#session.input.putBack(rest);
    }
    this.#session.resumeKept();
    return true;
  }
}
