import { type FrameReader, Frontend } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import type { Profile } from '../session-state/profile';
import { frameOf } from '../session-state/statement-messages';
import { type UnansweredGroup, type UnansweredMessage, UnansweredStore } from './unanswered-store';

const { Close, CopyData, CopyDone, CopyFail, Describe, Flush, Parse } = Frontend;
const IS_COPY = new Uint8Array(256);
for (const tag of [CopyData, CopyDone, CopyFail]) IS_COPY[tag] = 1;
/** What they have done and told stands, and can be made again: no portal, and nothing has run. */
const STANDS = new Uint8Array(256);
for (const tag of [Parse, Describe, Close, Flush]) STANDS[tag] = 1;

/** The session, as far as it matters here. */
interface Sender {
  readonly reader: Pick<FrameReader, 'tag' | 'bodyLength'>;
  readonly settings: { readonly profile: Profile };
}

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
  /** When the link was lost on which it was under way before; 0: it was not. */
  lostAtMs = 0;
  /** The session's settings before the transaction that is open or has begun. */
  profile: Profile | undefined;
  /** As long as something is under way. */
  #store: UnansweredStore | undefined;
  /** The last group goes on. */
  #isOpen = false;

  get isEmpty(): boolean {
    return this.#store === undefined;
  }

  /**
   * Has all been answered that was sent of an open group, on `link`? Drivers prepare a statement, ask for
   * an answer by Flush, and go on: what follows has an answer of its own then.
   */
  lookBack(link: Link | undefined): void {
    if (!this.#isOpen || link === undefined) return;
    const { answered, messagesInGroup, ready } = link.owed;
    if (ready > 0 || answered !== messagesInGroup) return;
    if (this.#store?.stands(STANDS) === true) this.begun = false;
  }

  /**
   * The message of which the session has read the header goes out on `link`; its body follows by `add`.
   * `isEnd`: it is the last of its group.
   */
  sent({ reader, settings }: Sender, link: Link, isEnd: boolean): this {
    const { tag } = reader;
    let store = this.#store;
    if (store === undefined) {
      this.begun = false;
      if (link.status === STATUS_IDLE) this.profile = settings.profile;
    }
    // Data of a COPY is never sent again.
    if (IS_COPY[tag] === 1) {
      store?.skip();
      return this;
    }
    store ??= this.#store = UnansweredStore.take();
    store.begin(tag, reader.bodyLength, !this.#isOpen);
    this.#isOpen = !isEnd;
    return this;
  }

  /** More of its body. */
  add(buffer: Buffer, start: number, end: number): void {
    this.#store?.add(buffer, start, end);
  }

  /** ReadyForQuery has come. */
  answered(): void {
    this.losses = 0;
    const store = this.#store;
    if (store === undefined || store.groupCount <= 1) {
      this.clear();
      return;
    }
    this.begun = false;
    this.hasFailed = false;
    store.answered();
  }

  /** Nothing is under way any more. */
  clear(): void {
    this.#store?.giveBack();
    this.#store = undefined;
    this.#isOpen = false;
    this.begun = false;
    this.hasFailed = false;
    this.isAgain = false;
    this.lostAtMs = 0;
  }

  /**
   * What is under way, in order. `ready`: so many ReadyForQuery are owed for it. There are fewer than
   * groups when a COPY has read Syncs that were taken for ends of groups; those came before all others.
   */
  groups(ready: number): { readonly groups: readonly UnansweredGroup[]; readonly isOpen: boolean } {
    const groups = this.#store?.groups() ?? [];
    const [only, another] = groups;
    const isStanding = only?.messages.length === 0 && !only.isCut && another === undefined;
    if (this.#isOpen && isStanding) return NOTHING_UNDER_WAY;
    const ended = groups.length - (this.#isOpen ? 1 : 0);
    for (let vanished = ended - ready; vanished > 0 && groups.length > 1; vanished--) {
      const [first, second] = groups.splice(0, 2);
      if (first !== undefined && second !== undefined) groups.unshift(joined(first, second));
    }
    return { groups, isOpen: groups.length > 0 && (this.#isOpen || ready === 0) };
  }
}

const NOTHING_UNDER_WAY = { groups: [], isOpen: false };

function joined(first: UnansweredGroup, second: UnansweredGroup): UnansweredGroup {
  return {
    standing: first.standing,
    messages: [...first.messages, ...second.messages],
    isCut: first.isCut || second.isCut,
  };
}
