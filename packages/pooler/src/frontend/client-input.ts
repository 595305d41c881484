import { errorResponse, readyForQuery } from '@pgweir/protocol';
import { STATUS_FAILED, STATUS_IDLE, STATUS_IN_TRANSACTION } from '../backend/server-status';
import { errorFields } from '../errors';
import type { Wire } from '../ports/transport';
import { KeptInput } from './kept-input';
import type { Session } from './session';

const STATUS_LETTERS: Readonly<Record<number, 'I' | 'T' | 'E'>> = {
  [STATUS_IDLE]: 'I',
  [STATUS_IN_TRANSACTION]: 'T',
  [STATUS_FAILED]: 'E',
};

/** How much more a waiting client may send before we stop reading from it. */
const QUEUED_BYTES_MAX = 16 * 1024;

/** What comes from one client: whether we read, and what could not be sent on yet. */
export class ClientInput {
  /** The wire has been closed: nothing can be read or written any more. */
  gone = false;
  #paused = false;
  /** The client's stream has ended behind what is kept. */
  #ended = false;
  /** What ReadyForQuery says behind what is skipped. */
  #skippedStatus = STATUS_IDLE;
  readonly #kept = new KeptInput();
  readonly #session: Session;
  readonly #wire: Wire;

  constructor(session: Session, wire: Wire) {
    this.#session = session;
    this.#wire = wire;
  }

  /** Something waits, or is the beginning of a message. */
  get hasKept(): boolean {
    return this.#kept.bytes > 0;
  }

  pause(): void {
    if (this.#paused || this.gone) return;
    this.#paused = true;
    this.#wire.pause();
  }

  resume(): void {
    if (!this.#paused || this.gone) return;
    this.#paused = false;
    this.#wire.resume();
  }

  /** Whatever a link held up is over. */
  goOn(): void {
    if (!this.#kept.waits && !this.#wire.congested) this.resume();
  }

  /** The link takes bytes again. */
  linkDrained(): void {
    if (!this.#kept.waits) this.resume();
  }

  /** Keeps bytes for later, in a copy. */
  keep(bytes: Buffer): void {
    if (this.#session.phase === 'closed') return;
    this.#kept.add(bytes);
    const max = Math.max(QUEUED_BYTES_MAX, this.#kept.wanted);
    if (this.#kept.bytes > max || this.#wire.congested) this.pause();
  }

  /** Puts a message in front of what is kept. */
  putBack(message: Buffer): void {
    this.#kept.putBack(message);
  }

  /** Keeps the beginning of a message until there are `wanted` bytes. */
  keepUntil(bytes: Buffer, wanted: number): void {
    this.#kept.wanted = wanted;
    this.keep(bytes);
  }

  /** Keeps a chunk behind what is kept already, which may be enough of a message now. */
  keepChunk(bytes: Buffer): void {
    const wasPartial = this.#kept.isPartial;
    this.keep(bytes);
    if (wasPartial) this.resumeKept();
  }

  /** What was kept goes on, if nothing is in its way. */
  resumeKept(): void {
    const session = this.#session;
    if (session.phase === 'closed' || session.blocked) return;
    if (this.#kept.waits) {
      const kept = this.#kept.take();
      session.relay(kept, kept.length);
    }
    if (this.#ended && !this.#kept.waits && !session.blocked) {
      session.ended();
      return;
    }
    if (!this.#kept.waits && session.link?.wire?.congested !== true) this.resume();
  }

  /** The client's stream has ended. @returns whether what is kept of it goes out first */
  holdUntilEnd(): boolean {
    if (!this.#kept.waits) return false;
    this.#ended = true;
    return true;
  }

  /** Hands over what the client sent while login was not over. */
  replayKept(take: (kept: Buffer) => void): void {
    const kept = this.#kept.take();
    if (kept.length > 0) take(kept);
    this.resume();
  }

  /** The rest of a group, which is kept, is for nobody: an error stands in front of it. */
  skipGroup(status: number): void {
    this.#skippedStatus = status;
    this.#session.skipping = true;
    this.#kept.beginSkipping();
  }

  /** Answers a statement that has not been sent on as PostgreSQL answers one that is cancelled. */
  cancelKept(): void {
    this.#wire.write(errorResponse(errorFields('canceled')));
    this.skipGroup(STATUS_IDLE);
    this.resumeKept();
  }

  /** A frame was dropped because its statement has been cancelled, or its group has failed. */
  skipped(tag: number): void {
    if (!this.#kept.endsSkipping(tag)) return;
    this.#session.skipping = false;
    this.#wire.write(readyForQuery(STATUS_LETTERS[this.#skippedStatus] ?? 'I'));
  }

  clear(): void {
    this.#kept.clear();
  }
}
