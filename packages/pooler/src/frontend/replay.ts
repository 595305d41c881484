import { invariant } from '../errors';

/**
 * Groups of a client's that were lost with its link. Reads in front run once more, one group after the
 * other, so that answers come in order: what was lost behind them is answered with errors only then. All
 * of it stands in front of what the client's input keeps.
 */
export class Replay {
  /** The bytes of what is answered with errors. */
  readonly lostBytes: number;
  /** Answers it. */
  readonly answer: () => void;
  #readsLeft: number;
  #isOut = false;

  constructor(parts: {
    readonly reads: number;
    readonly lostBytes: number;
    readonly answer: () => void;
  }) {
    this.#readsLeft = parts.reads;
    this.lostBytes = parts.lostBytes;
    this.answer = parts.answer;
  }

  /** So many groups still have to be answered by a server. */
  get readsLeft(): number {
    return this.#readsLeft;
  }

  /** One of them is under way: what is kept waits for its end. */
  get holdsBack(): boolean {
    return this.#isOut;
  }

  /** The first of them has been sent, all of it. */
  sent(): void {
    invariant(!this.#isOut && this.#readsLeft > 0, 'replay: no group to be sent');
    this.#isOut = true;
  }

  /** The one that was sent has been answered, in whatever way. */
  answered(): void {
    if (!this.#isOut) return;
    this.#isOut = false;
    this.#readsLeft--;
  }

  /** The one that was sent is kept again. */
  putBack(): void {
    this.#isOut = false;
  }
}
