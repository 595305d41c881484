import { FrameReader, Frontend, ProtocolViolation } from '@pgweir/protocol';
import { FORWARD, INTEREST } from '../relay/client-frames';
import { nameEndAt } from '../session-state/statement-messages';
import { LOOKED_BYTES } from './text-parent';

// Constants of this module: reading them through the package's index costs a call each time.
const { Execute, FunctionCall, Parse, Query, Sync } = Frontend;

/** Hears of what a client sends, message by message. */
export interface StreamListener {
  /** A message that PostgreSQL answers begins. */
  messageBegins(): void;
  /**
   * The text of a Query or Parse: its beginning, `buffer[start, headEnd)`, and its end,
   * `buffer[tailStart, end)`. The two overlap or are the same where the text is short.
   */
  text(buffer: Buffer, part: TextPart): void;
  /** A message that runs something has begun. */
  statement(): void;
  /** A message has been sent after which PostgreSQL says ReadyForQuery. */
  groupEnds(): void;
}

export interface TextPart {
  readonly start: number;
  readonly headEnd: number;
  readonly tailStart: number;
  readonly end: number;
}

/** The text in hand: one object for all, because it is looked at and forgotten. */
const PART: { -readonly [Name in keyof TextPart]: TextPart[Name] } = {
  ...{ start: 0, headEnd: 0, tailStart: 0, end: 0 },
};
const CLOSING = Buffer.from('*/');
/** What is kept of a message that comes in pieces: so much of its beginning, and of its end. */
const KEPT_BYTES = LOOKED_BYTES;
/** What is too long is refused where it is relayed. */
const BYTES_MAX = 0x7fffffff;

/**
 * Follows a client's stream by itself, as it arrives: who looks at it on its way to a link may see parts
 * of it twice, or never. Keeps at most 4 KB, and that only while a statement has arrived in part.
 */
export class ClientStream {
  readonly #listener: StreamListener;
  readonly #reader = new FrameReader(BYTES_MAX);
  /** Of a Query or Parse that comes in pieces. */
  #pieces: Buffer | undefined;
  /** The stream makes no sense, and the session ends for that. */
  #isBroken = false;

  constructor(listener: StreamListener) {
    this.#listener = listener;
  }

  read(buffer: Buffer, length: number): void {
    const reader = this.#reader;
    let at = 0;
    while (at < length && !this.#isBroken) {
      if (reader.bodyLeft === 0) {
        at = this.#header(buffer, at, length);
        if (at < 0) return;
      }
      const start = at;
      const taken = reader.bodyLength - reader.bodyLeft;
      at = reader.takeBody(at, length);
      const { tag } = reader;
      if (tag === Query || tag === Parse) this.#body(buffer, start, at, taken);
      if (reader.bodyLeft > 0) return;
      if (tag === Query || tag === Sync || tag === FunctionCall) this.#listener.groupEnds();
    }
  }

  /** @returns the offset behind a header, negative where the chunk ended first */
  #header(buffer: Buffer, at: number, length: number): number {
    const reader = this.#reader;
    try {
      const bodyStart = reader.readHeader(buffer, at, length);
      if (bodyStart < 0) return bodyStart;
      const { tag } = reader;
      if (INTEREST[tag] === FORWARD) this.#listener.messageBegins();
      if (tag === Query || tag === Execute || tag === FunctionCall) this.#listener.statement();
      return bodyStart;
    } catch (error) {
      // Whoever relays the same bytes says so to the client.
      if (!(error instanceof ProtocolViolation)) throw error;
      this.#isBroken = true;
      return -1;
    }
  }

  /** `buffer[start, end)` is here of a body of which `taken` bytes have been here before. */
  #body(buffer: Buffer, start: number, end: number, taken: number): void {
    const { bodyLeft, bodyLength } = this.#reader;
    if (taken === 0 && bodyLeft === 0) {
      this.#pieces = undefined;
      this.#whole(buffer, start, end);
      return;
    }
    this.#pieces ??= Buffer.alloc(Math.min(bodyLength, 2 * KEPT_BYTES));
    const pieces = this.#pieces;
    const isShort = bodyLength <= pieces.length;
    const headEnd = isShort ? bodyLength : KEPT_BYTES;
    if (taken < headEnd) buffer.copy(pieces, taken, start, Math.min(end, start + headEnd - taken));
    if (!isShort) {
      // Where the body's own end is the end of the pieces.
      const shift = bodyLength - pieces.length;
      const from = Math.max(taken, shift + KEPT_BYTES);
      if (from < taken + end - start) buffer.copy(pieces, from - shift, start + from - taken, end);
    }
    if (bodyLeft > 0) return;
    this.#pieces = undefined;
    if (isShort) this.#whole(pieces, 0, bodyLength);
    else this.#cut(pieces);
  }

  #whole(buffer: Buffer, bodyStart: number, bodyEnd: number): void {
    const start = this.#textStart(buffer, bodyStart, bodyEnd);
    if (start < 0) return;
    // A Query ends with the NUL of its text; what has one before is refused by PostgreSQL.
    const isEnd = this.#reader.tag === Query && buffer[bodyEnd - 1] === 0;
    const end = isEnd ? bodyEnd - 1 : buffer.indexOf(0, start);
    if (end < start || end >= bodyEnd) return;
    PART.start = start;
    PART.headEnd = end;
    PART.tailStart = start;
    PART.end = end;
    this.#listener.text(buffer, PART);
  }

  /** Where the text ends is not known of a Parse: it does where a comment and a NUL are. */
  #cut(pieces: Buffer): void {
    const start = this.#textStart(pieces, 0, KEPT_BYTES);
    if (start < 0) return;
    const closing = pieces.lastIndexOf(CLOSING);
    const end = closing < KEPT_BYTES ? KEPT_BYTES : pieces.indexOf(0, closing);
    const tailEnd = end < 0 ? KEPT_BYTES : end;
    this.#listener.text(pieces, {
      start,
      headEnd: KEPT_BYTES,
      tailStart: KEPT_BYTES,
      end: tailEnd,
    });
  }

  #textStart(buffer: Buffer, start: number, end: number): number {
    if (this.#reader.tag === Query) return start;
    const nameEnd = nameEndAt(buffer, start, end);
    return nameEnd < start ? -1 : nameEnd + 1;
  }
}
