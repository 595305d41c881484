import { Backend } from '@pgweir/protocol';

/** What a reply is to: only those kinds are in the queue that somebody has to look at. */
export type ExpectedKind = 'parse' | 'close' | 'describe' | 'error';

/** What an answer is to, by its tag. */
export const ANSWERS: ReadonlyMap<number, ExpectedKind> = new Map<number, ExpectedKind>([
  [Backend.ParseComplete, 'parse'],
  [Backend.CloseComplete, 'close'],
  [Backend.RowDescription, 'describe'],
  [Backend.NoData, 'describe'],
]);

/**
 * A message that was sent on a link and whose reply means something to us.
 *
 * `swallow`: the message was ours, and so is the reply. `arrived` is called with its reply; `failed` when
 * PostgreSQL skips it, because something in front of it in its group has failed, or it has itself.
 */
export interface ExpectedReply {
  readonly kind: ExpectedKind;
  readonly swallow: boolean;
  /** The ErrorResponse that the client gets instead of the one that comes; only of kind `error`. */
  readonly error?: Buffer;
  /** The description that comes back is wanted. */
  readonly wantsDescription: boolean;
  arrived?(description: Buffer | undefined): void;
  failed?(): void;
}

/** Where a Sync or a Query ends a group: its reply is a ReadyForQuery. */
const GROUP_END = 'end of group';

/**
 * The replies that are to come on a link, in order, of the kinds that matter: to Parse, Close and
 * Describe. Extended messages that fail are skipped up to their Sync; so are their entries here.
 *
 * @see PostgreSQL documentation, anchor protocol-flow-ext-query
 */
export class ExpectedReplies {
  #entries: (ExpectedReply | typeof GROUP_END)[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#entries.length;
  }

  sent(entry: ExpectedReply): void {
    this.#entries.push(entry);
  }

  /** A Sync, Query or FunctionCall was sent. */
  groupEnds(): void {
    this.#entries.push(GROUP_END);
  }

  /** The entry that a reply of this kind is for, if there is one. It stays until `takeHead`. */
  head(kind: ExpectedKind): ExpectedReply | undefined {
    const head = this.#entries[this.#first];
    return head !== undefined && head !== GROUP_END && head.kind === kind ? head : undefined;
  }

  takeHead(): void {
    this.#first++;
    this.#compact();
  }

  /** ErrorResponse arrived: what is left of its group will not be answered. */
  groupFailed(): void {
    for (;;) {
      const head = this.#entries[this.#first];
      if (head === undefined || head === GROUP_END) return;
      this.takeHead();
      head.failed?.();
    }
  }

  /** ReadyForQuery arrived. */
  groupEnded(): void {
    this.groupFailed();
    if (this.isEmpty) return;
    this.takeHead();
  }

  /** Nothing is owed any more. */
  clear(): void {
    if (this.#entries.length === 0) return;
    this.#entries.length = 0;
    this.#first = 0;
  }

  #compact(): void {
    if (this.#first !== this.#entries.length) return;
    this.#entries.length = 0;
    this.#first = 0;
  }
}
