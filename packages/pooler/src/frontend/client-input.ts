import { errorResponse, readyForQuery } from '@pgweir/protocol';
import { STATUS_FAILED, STATUS_IDLE, STATUS_IN_TRANSACTION } from '../backend/server-status';
import { errorFields } from '../errors';
import { KeptInput } from './kept-input';
import type { Session } from './session';
import { noteError } from './session-end';

const STATUS_LETTERS: Readonly<Record<number, 'I' | 'T' | 'E'>> = {
  [STATUS_IDLE]: 'I',
  [STATUS_IN_TRANSACTION]: 'T',
  [STATUS_FAILED]: 'E',
};

/** How much more a waiting client may send before we stop reading from it. */
const QUEUED_BYTES_MAX = 16 * 1024;

/**
 * What comes from one client: whether we read, and what could not be sent on yet. There is one for each
 * idle client: on Bun it is one piece of memory as long as it has six fields at most, and no private
 * methods.
 */
export class ClientInput {
  /** The wire has been closed: nothing can be read or written any more. */
  gone = false;
  #paused = false;
  /** The client's stream has ended behind what is kept. */
  #ended = false;
  /** What ReadyForQuery says behind what is skipped. */
  #skippedStatus = STATUS_IDLE;
  /** Made when something has to be kept. */
  #kept: KeptInput | undefined;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Nothing is kept, and for a while nothing is going to be. */
  rest(): void {
    this.#kept = undefined;
  }

  /** Something waits, or is the beginning of a message. */
  get hasKept(): boolean {
    return this.#kept !== undefined && this.#kept.bytes > 0;
  }

  pause(): void {
    if (this.#paused || this.gone) return;
    this.#paused = true;
    this.#session.wire.pause();
  }

  resume(): void {
    if (!this.#paused || this.gone) return;
    this.#paused = false;
    this.#session.wire.resume();
  }

  /** Whatever a link held up is over. */
  goOn(): void {
    if (this.#kept?.waits !== true && !this.#session.wire.congested) this.resume();
  }

  /** The link takes bytes again. */
  linkDrained(): void {
    if (this.#kept?.waits !== true) this.resume();
  }

  /** Keeps bytes for later, in a copy. */
  keep(bytes: Buffer): void {
    if (this.#session.phase === 'closed') return;
    this.#kept ??= new KeptInput();
    const kept = this.#kept;
    kept.add(bytes);
    const max = Math.max(QUEUED_BYTES_MAX, kept.wanted);
    if (kept.bytes > max || this.#session.wire.congested) this.pause();
  }

  /** Puts a message in front of what is kept. */
  putBack(message: Buffer): void {
    this.#kept ??= new KeptInput();
    this.#kept.putBack(message);
  }

  /** Keeps the beginning of a message until there are `wanted` bytes. */
  keepUntil(bytes: Buffer, wanted: number): void {
    this.#kept ??= new KeptInput();
    this.#kept.wanted = wanted;
    this.keep(bytes);
  }

  /** Keeps a chunk behind what is kept already, which may be enough of a message now. */
  keepChunk(bytes: Buffer): void {
    const wasPartial = this.#kept?.isPartial === true;
    this.keep(bytes);
    if (wasPartial) this.resumeKept();
  }

  /** What was kept goes on, if nothing is in its way. */
  resumeKept(): void {
    const session = this.#session;
    if (session.phase === 'closed' || session.blocked) return;
    if (this.#kept?.waits === true) {
      const kept = this.#kept.take();
      session.relay(kept, kept.length);
    }
    if (this.#ended && this.#kept?.waits !== true && !session.blocked) {
      session.ended();
      return;
    }
    if (this.#kept?.waits !== true && session.link?.wire?.congested !== true) this.resume();
  }

  /** The client's stream has ended. @returns whether what is kept of it goes out first */
  holdUntilEnd(): boolean {
    if (this.#kept?.waits !== true) return false;
    this.#ended = true;
    return true;
  }

  /** Hands over what the client sent while login was not over. */
  replayKept(take: (kept: Buffer) => void): void {
    const kept = this.#kept?.take();
    if (kept !== undefined && kept.length > 0) take(kept);
    this.resume();
  }

  /** The rest of a group, which is kept, is for nobody: an error stands in front of it. */
  skipGroup(status: number): void {
    this.#skippedStatus = status;
    this.#session.skipping = true;
    this.#kept ??= new KeptInput();
    this.#kept.beginSkipping();
  }

  /** The client's next messages up to its Sync are for nobody, as behind an error. */
  skipToSync(status: number): void {
    this.#skippedStatus = status;
    this.#session.skipping = true;
    this.#kept ??= new KeptInput();
    this.#kept.skipToSync();
  }

  /** Answers a statement that has not been sent on as PostgreSQL answers one that is cancelled. */
  cancelKept(): void {
    const error = errorFields('canceled');
    this.#session.wire.write(errorResponse(error));
    noteError(this.#session, { source: 'pgweir', code: error.code });
    this.skipGroup(STATUS_IDLE);
    this.resumeKept();
  }

  /** A frame was dropped because its statement has been cancelled, or its group has failed. */
  skipped(tag: number): void {
    if (this.#kept?.endsSkipping(tag) !== true) return;
    this.#session.skipping = false;
    this.#session.wire.write(readyForQuery(STATUS_LETTERS[this.#skippedStatus] ?? 'I'));
    this.#session.trace?.answeredHere(this.#skippedStatus);
  }

  clear(): void {
    this.#kept?.clear();
  }
}
