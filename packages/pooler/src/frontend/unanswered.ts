import { type FrameReader, Frontend, HEADER_BYTES } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import type { Profile } from '../session-state/profile';
import { frameOf } from '../session-state/statement-messages';

/** So much of what one client has under way is kept in copy; what is more is not run again. */
const KEPT_BYTES_MAX = 64 * 1024;
/** So many messages are, whatever their size. */
const MESSAGES_MAX = 5000;

const NOTHING = Buffer.alloc(0);

const { CopyData, CopyDone, CopyFail } = Frontend;
const IS_COPY = new Uint8Array(256);
for (const tag of [CopyData, CopyDone, CopyFail]) IS_COPY[tag] = 1;

/** The session, as far as it matters here. */
interface Sender {
  readonly reader: Pick<FrameReader, 'tag' | 'bodyLength'>;
  readonly settings: { readonly profile: Profile };
}

/** A message of the client's that is under way. */
export interface UnansweredMessage {
  readonly tag: number;
  readonly bodyLength: number;
  /** A copy, as much as there was room for. */
  readonly body: Buffer;
  /** How much of it has been sent. */
  readonly sentBytes: number;
}

/** Messages that one ReadyForQuery answers, or will when the client has sent the Sync. */
export interface UnansweredGroup {
  readonly messages: readonly UnansweredMessage[];
  /** There were more messages than are kept. */
  readonly isCut: boolean;
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** The body is here, all of it. */
export function isWhole({ body, bodyLength }: UnansweredMessage): boolean {
  return body.length === bodyLength;
}

/** A group's bytes, as the client has sent them. Only where all its messages are whole. */
export function bytesOf({ messages }: UnansweredGroup): Buffer {
  return Buffer.concat(messages.map(({ tag, body }) => frameOf(tag, body)));
}

/**
 * What one client has under way on its link, in copy, for the case that the link is lost: only what is
 * known can be run again, or get the right error.
 */
export class Unanswered {
  /** Something of the answer to the first group has reached the client. */
  begun = false;
  /** An ErrorResponse has. */
  hasFailed = false;
  /** All of this is under way for the second time: not for a third one. */
  isAgain = false;
  /** How often links were lost in a row, and no answer has come meanwhile. */
  losses = 0;
  /** The session's settings before the transaction that is open or has begun. */
  profile: Profile | undefined;
  #groups: Group[] = [];
  /** The last group goes on. */
  #isOpen = false;
  #last: Writable<UnansweredMessage> | undefined;
  #bytes = 0;
  #messages = 0;

  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  /**
   * The message of which the session has read the header goes out on `link`; its body follows by `add`.
   * `isEnd`: it is the last of its group.
   */
  sent({ reader, settings }: Sender, link: Link, isEnd: boolean): this {
    if (this.isEmpty) {
      this.begun = false;
      if (link.status === STATUS_IDLE) this.profile = settings.profile;
    }
    this.#last = undefined;
    // Data of a COPY is never sent again.
    if (IS_COPY[reader.tag] === 1) return this;
    let group = this.#isOpen ? this.#groups.at(-1) : undefined;
    if (group === undefined) {
      group = new Group();
      this.#groups.push(group);
    }
    this.#isOpen = !isEnd;
    if (this.#messages >= MESSAGES_MAX) {
      group.isCut = true;
      return this;
    }
    this.#messages++;
    this.#bytes += HEADER_BYTES;
    this.#last = { tag: reader.tag, bodyLength: reader.bodyLength, body: NOTHING, sentBytes: 0 };
    group.messages.push(this.#last);
    return this;
  }

  /** More of its body. */
  add(buffer: Buffer, start: number, end: number): void {
    const last = this.#last;
    if (last === undefined || start === end) return;
    const isNext = last.body.length === last.sentBytes;
    last.sentBytes += end - start;
    const taken = isNext ? Math.min(end - start, KEPT_BYTES_MAX - this.#bytes) : 0;
    if (taken <= 0) return;
    const part = buffer.subarray(start, start + taken);
    // One that is longer than a chunk comes in few parts.
    last.body = last.body.length === 0 ? Buffer.from(part) : Buffer.concat([last.body, part]);
    this.#bytes += taken;
  }

  /** ReadyForQuery has come. */
  answered(): void {
    this.begun = false;
    this.hasFailed = false;
    this.losses = 0;
    const group = this.#groups.shift();
    if (this.#groups.length === 0) {
      this.clear();
      return;
    }
    this.#messages -= group?.messages.length ?? 0;
    for (const { body } of group?.messages ?? []) this.#bytes -= body.length + HEADER_BYTES;
  }

  /** Nothing is under way any more. */
  clear(): void {
    if (this.#groups.length > 0) this.#groups = [];
    this.#isOpen = false;
    this.#last = undefined;
    this.#bytes = 0;
    this.#messages = 0;
    this.begun = false;
    this.hasFailed = false;
    this.isAgain = false;
  }

  /**
   * What is under way, in order. `ready`: so many ReadyForQuery are owed for it. There are fewer than
   * groups when a COPY has read Syncs that were taken for ends of groups; those came before all others.
   */
  groups(ready: number): { readonly groups: readonly UnansweredGroup[]; readonly isOpen: boolean } {
    const groups: UnansweredGroup[] = [...this.#groups];
    const ended = groups.length - (this.#isOpen ? 1 : 0);
    for (let vanished = ended - ready; vanished > 0 && groups.length > 1; vanished--) {
      const [first, second] = groups.splice(0, 2);
      if (first !== undefined && second !== undefined) groups.unshift(joined(first, second));
    }
    return { groups, isOpen: groups.length > 0 && (this.#isOpen || ready === 0) };
  }
}

class Group implements UnansweredGroup {
  readonly messages: Writable<UnansweredMessage>[] = [];
  isCut = false;
}

function joined(first: UnansweredGroup, second: UnansweredGroup): Group {
  const both = new Group();
  both.messages.push(...first.messages, ...second.messages);
  both.isCut = first.isCut || second.isCut;
  return both;
}
