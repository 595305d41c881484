import { decodeDataRow, Frontend, HEADER_BYTES, type NoticeFields } from '@pgweir/protocol';
import { invariant } from '../errors';
import { UNKNOWN_STATEMENT } from '../session-state/shared-statement';
import type { Link } from './link';

/** What of an answer to a statement of our own is wanted. */
export type OwnWant = 'outcome' | 'row' | 'shape';

/** What became of one statement of our own. */
export type OwnResult =
  | {
      readonly kind: 'done';
      /** The first row, where one was asked for. */
      readonly row?: readonly (string | null)[] | undefined;
      /** The body of the RowDescription, where it was asked for; undefined: NoData. */
      readonly description?: Buffer | undefined;
      /** What was asked for came, and was too long to be kept. */
      readonly tooLong?: boolean;
    }
  /** `body`: of the ErrorResponse. */
  | { readonly kind: 'failed'; readonly error: NoticeFields; readonly body: Buffer };

const NOTHING = Buffer.alloc(0);

/** The statement of our own that runs on a link, if one does, and what has come of it so far. */
export class OwnRun {
  want: OwnWant = 'outcome';
  /** The body that `want` asks for. */
  answer: Buffer | undefined;
  /** What `want` asks for is longer than what is kept. */
  tooLong = false;
  /** It is a part of a statement of the client's, which may cancel it. */
  forClient = false;
  /** All its replies are here: whoever waits is told at the end of the chunk. */
  finished = false;
  #done: ((result: OwnResult) => void) | undefined;
  #error: { readonly error: NoticeFields; readonly body: Buffer } | undefined;

  /** It is under way. */
  get busy(): boolean {
    return this.#done !== undefined;
  }

  /** Sends one or more groups of messages that PostgreSQL answers with ReadyForQuery each. */
  begin(
    link: Link,
    messages: readonly Buffer[],
    done: (result: OwnResult) => void,
    want: OwnWant,
  ): void {
    invariant(this.#done === undefined, 'link: two statements of our own at once');
    this.#done = done;
    this.#error = undefined;
    this.finished = false;
    this.forClient = false;
    this.tooLong = false;
    this.want = want;
    this.answer = undefined;
    for (const message of messages) link.owed.sent(message[0] ?? 0);
    for (const message of messages) {
      if (message[0] === Frontend.Query) link.statements.unnamed.settle(undefined);
      else if (parsesUnnamed(message)) link.statements.unnamed.settle(UNKNOWN_STATEMENT);
    }
    link.wire?.write(messages.length === 1 ? (messages[0] ?? NOTHING) : Buffer.concat(messages));
  }

  failed(error: NoticeFields, body: Buffer): void {
    this.#error ??= { error, body };
  }

  /** The link is lost: nobody is told by us. */
  forget(): void {
    this.#done = undefined;
  }

  /** Tells whoever waits; the link is free for the next one. */
  end(): void {
    const done = this.#done;
    const error = this.#error;
    this.#done = undefined;
    this.finished = false;
    this.#error = undefined;
    done?.(error === undefined ? this.#success() : { kind: 'failed', ...error });
  }

  #success(): OwnResult {
    const { answer, want } = this;
    this.answer = undefined;
    this.want = 'outcome';
    if (want === 'shape') return { kind: 'done', description: answer, tooLong: this.tooLong };
    if (want === 'row' && answer !== undefined) {
      return { kind: 'done', row: decodeDataRow(answer) };
    }
    return { kind: 'done' };
  }
}

/** Of messages of ours, which have a whole header. */
function parsesUnnamed(message: Buffer): boolean {
  return message[0] === Frontend.Parse && message[HEADER_BYTES] === 0;
}
