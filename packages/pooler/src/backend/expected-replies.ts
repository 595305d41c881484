import { Backend } from '@pgweir/protocol';
import type { ErrorInstead } from '../errors';

/** What a reply is to: only those kinds are in the queue that somebody has to look at. */
export const Answer = {
  Parse: 1,
  Bind: 2,
  Command: 3,
  Close: 4,
  Describe: 5,
  /** An ErrorResponse that was provoked. */
  Error: 6,
} as const;
export type ExpectedKind = (typeof Answer)[keyof typeof Answer];

/** What an answer is to, by its tag. */
const KINDS = new Array<ExpectedKind | undefined>(256).fill(undefined);
KINDS[Backend.ParseComplete] = Answer.Parse;
KINDS[Backend.BindComplete] = Answer.Bind;
KINDS[Backend.CommandComplete] = Answer.Command;
KINDS[Backend.CloseComplete] = Answer.Close;
KINDS[Backend.RowDescription] = Answer.Describe;
KINDS[Backend.NoData] = Answer.Describe;

/** What a message from PostgreSQL answers, by its tag; undefined: nothing of these kinds. */
export function answerKind(tag: number): ExpectedKind | undefined {
  return KINDS[tag];
}

/**
 * A message that was sent on a link and whose reply means something to us.
 *
 * `swallow`: the message was ours, and so is the reply. `arrived` is called with its reply; `failed` when
 * PostgreSQL skips it, because something in front of it in its group has failed, or it has itself.
 */
export interface ExpectedReply {
  readonly kind: ExpectedKind;
  readonly swallow: boolean;
  /** What the client gets instead of the error that comes; only of kind `Answer.Error`. */
  readonly error?: ErrorInstead;
  /** The description that comes back is wanted. */
  readonly wantsDescription: boolean;
  arrived?(description: Buffer | undefined): void;
  failed?(itself: boolean): void;
}

/** Where a Sync or a Query ends a group: its reply is a ReadyForQuery. */
const GROUP_END = 'end of group';

/** The place of a reply of which it does not matter; no message stands there. */
const NOWHERE = -1;
const NOBODY = -2;

/** So many that have been answered may stand in front of those that have not. */
const ANSWERED_MAX = 1024;

/**
 * The replies that are to come on a link, in order, of the kinds that matter: to Parse, Close and
 * Describe. Extended messages that fail are skipped up to their Sync; so are their entries here.
 *
 * @see PostgreSQL documentation, anchor protocol-flow-ext-query
 */
export class ExpectedReplies {
  #entries: (ExpectedReply | typeof GROUP_END)[] = [];
  /** The place of each in its group, counted in messages. */
  #places: number[] = [];
  #first = 0;
  /** Groups that end in front of all entries: most have none, and are only counted. */
  #groupsAhead = 0;

  /** Nobody waits for an answer. Groups may be under way. */
  get isEmpty(): boolean {
    return this.#first === this.#entries.length;
  }

  /** `place`: how many messages of its group stand in front of it. */
  sent(entry: ExpectedReply, place = NOWHERE): void {
    for (; this.#groupsAhead > 0; this.#groupsAhead--) this.#push(GROUP_END, 0);
    this.#push(entry, place);
  }

  #push(entry: ExpectedReply | typeof GROUP_END, place: number): void {
    this.#entries.push(entry);
    this.#places.push(place);
  }

  /** A Sync, Query or FunctionCall was sent. */
  groupEnds(): void {
    if (this.isEmpty) this.#groupsAhead++;
    else this.#push(GROUP_END, 0);
  }

  /** The entry that a reply of this kind is for, if there is one. It stays until `takeHead`. */
  head(kind: ExpectedKind): ExpectedReply | undefined {
    const head = this.#entries[this.#first];
    return head !== undefined && head !== GROUP_END && head.kind === kind ? head : undefined;
  }

  /**
   * As `head`, for the kinds of which only our own are here: `answered` messages of the group have been,
   * which tells them from the client's.
   */
  ownHead(kind: ExpectedKind, answered: number): ExpectedReply | undefined {
    return this.#places[this.#first] === answered ? this.head(kind) : undefined;
  }

  takeHead(): void {
    this.#first++;
    this.#compact();
  }

  /**
   * ErrorResponse arrived: what is left of its group will not be answered. `answered`: how many messages
   * of the group have been; the next one is what has failed.
   */
  groupFailed(answered = NOBODY): void {
    if (this.isEmpty) return;
    const from = this.#first;
    let end = from;
    for (let entry = this.#entries[end]; entry !== undefined; entry = this.#entries[++end]) {
      if (entry === GROUP_END) break;
    }
    // The last first: each takes back what was done upon what stood in front of it.
    for (let at = end - 1; at >= from; at--) {
      const entry = this.#entries[at];
      if (entry !== GROUP_END) entry?.failed?.(this.#places[at] === answered);
    }
    this.#first = end;
    this.#compact();
  }

  /** The end of the first group has been read as a part of a COPY: nothing answers it. */
  groupVanished(): void {
    if (this.#groupsAhead > 0) {
      this.#groupsAhead--;
      return;
    }
    const at = this.#entries.indexOf(GROUP_END, this.#first);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    this.#places.splice(at, 1);
    this.#compact();
  }

  /** ReadyForQuery arrived. */
  groupEnded(): void {
    if (this.#groupsAhead > 0) {
      this.#groupsAhead--;
      return;
    }
    this.groupFailed();
    if (this.isEmpty) return;
    this.takeHead();
  }

  /** Nothing is owed any more. */
  clear(): void {
    // One by one, for there are few: to set a length is slow.
    while (this.#entries.length > 0) {
      this.#entries.pop();
      this.#places.pop();
    }
    this.#first = 0;
    this.#groupsAhead = 0;
  }

  #compact(): void {
    const length = this.#entries.length;
    if (this.#first === length) this.clear();
    else if (this.#first > ANSWERED_MAX && this.#first * 2 > length) {
      this.#entries.splice(0, this.#first);
      this.#places.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
