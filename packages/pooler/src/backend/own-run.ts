import {
  Backend,
  decodeDataRow,
  Frontend,
  HEADER_BYTES,
  type NoticeFields,
} from '@pgweir/protocol';
import { invariant } from '../errors';
import type { BodyCollector } from '../relay/body-collector';
import { UNKNOWN_STATEMENT } from '../session-state/shared-statement';
import type { Link } from './link';

/** What of an answer to a statement of our own is wanted. */
export type OwnWant = 'outcome' | 'row' | 'shape' | 'table';

/** What became of one statement of our own. */
export type OwnResult =
  | {
      readonly kind: 'done';
      /** The first row, where one was asked for. */
      readonly row?: readonly (string | null)[] | undefined;
      /** The body of the RowDescription, where it was asked for; undefined: NoData. */
      readonly description?: Buffer | undefined;
      /** How many rows came, where a table was asked for. */
      readonly rowCount?: number;
      /** What was asked for came, and was too long to be kept. */
      readonly tooLong?: boolean;
    }
  /** `body`: of the ErrorResponse. */
  | { readonly kind: 'failed'; readonly error: NoticeFields; readonly body: Buffer };

const NOTHING = Buffer.alloc(0);

/** The statement of our own that runs on a link, if one does, and what has come of it so far. */
export class OwnRun {
  want: OwnWant = 'outcome';
  /** It is a part of a statement of the client's, which may cancel it. */
  forClient = false;
  /** All its replies are here: whoever waits is told at the end of the chunk. */
  finished = false;
  /** The body that `want` asks for: of a table, that of the first row. */
  #answer: Buffer | undefined;
  /** Of a table, the body of its RowDescription. */
  #description: Buffer | undefined;
  #rowCount = 0;
  /** What `want` asks for is longer than what is kept. */
  #tooLong = false;
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
    this.#tooLong = false;
    this.want = want;
    this.#answer = undefined;
    this.#description = undefined;
    this.#rowCount = 0;
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

  /** A body that `want` asks for has come. */
  keep(tag: number, collector: BodyCollector): void {
    if (tag === Backend.DataRow) this.#rowCount++;
    // One that is cut can't be read: whoever asked has no answer.
    if (collector.wasCut) this.#tooLong = true;
    else if (tag === Backend.RowDescription && this.want === 'table') {
      this.#description ??= collector.take();
    } else this.#answer ??= collector.take();
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
    const { want } = this;
    const answer = this.#answer;
    const description = this.#description;
    const tooLong = this.#tooLong;
    this.#answer = undefined;
    this.#description = undefined;
    this.want = 'outcome';
    if (want === 'shape') return { kind: 'done', description: answer, tooLong };
    const row = answer === undefined ? undefined : decodeDataRow(answer);
    if (want === 'table') {
      return { kind: 'done', description, row, rowCount: this.#rowCount, tooLong };
    }
    return want === 'row' && row !== undefined ? { kind: 'done', row } : { kind: 'done' };
  }
}

/** Of messages of ours, which have a whole header. */
function parsesUnnamed(message: Buffer): boolean {
  return message[0] === Frontend.Parse && message[HEADER_BYTES] === 0;
}
