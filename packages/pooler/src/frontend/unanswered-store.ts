/** So much of what one client has under way is kept in copy; what is more is not run again. */
const KEPT_BYTES_MAX = 64 * 1024;
/** So many messages are, whatever their size. */
const MESSAGES_MAX = 5000;

const FIRST_BYTES = 1024;
const FIRST_MESSAGES = 16;
/** What has grown larger is not kept for the next session, and neither are more than so many. */
const SPARE_BYTES_MAX = 16 * 1024;
const SPARE_MESSAGES_MAX = 256;
const SPARES_MAX = 256;
/** Shorter ones are copied sooner one by one than by a call into the runtime. */
const ONE_BY_ONE_MAX = 128;

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
  /** Those at its beginning that have been answered: what they have prepared is there. */
  readonly standing: readonly UnansweredMessage[];
  readonly messages: readonly UnansweredMessage[];
  /** There were more messages than are kept. */
  readonly isCut: boolean;
}

/** What is kept of a message, in numbers: its tag, its length, where its copy is, what was sent of it. */
const FIELDS = 5;
const TAG = 0;
const LENGTH = 1;
const START = 2;
const END = 3;
const SENT = 4;

/**
 * The messages that one client has under way, in copy. Makes no objects as they come and go, and belongs
 * to a session only as long as it holds something.
 */
export class UnansweredStore {
  static readonly #spares: UnansweredStore[] = [];

  /** Empty. Whoever takes it gives it back. */
  static take(): UnansweredStore {
    return UnansweredStore.#spares.pop() ?? new UnansweredStore();
  }

  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;
  #messages = new Int32Array(FIRST_MESSAGES * FIELDS);
  #messageCount = 0;
  /** Those that have been answered, and are still here. */
  #answeredCount = 0;
  /** Up to here the first group has been answered already, although it goes on. */
  #standingEnd = 0;
  /** Of each group that is not answered: the number of messages up to its end. */
  readonly #groupEnds: number[] = [];
  /** Those of which not all messages are kept. */
  readonly #cutGroups: boolean[] = [];
  /** The last message is one that is kept. */
  #isLastKept = false;

  get groupCount(): number {
    return this.#groupEnds.length;
  }

  /** The session has nothing under way any more: nobody may use it after that. */
  giveBack(): void {
    if (this.#bytes.length > SPARE_BYTES_MAX) return;
    if (this.#messages.length > SPARE_MESSAGES_MAX * FIELDS) return;
    if (UnansweredStore.#spares.length >= SPARES_MAX) return;
    this.#used = 0;
    this.#messageCount = 0;
    this.#answeredCount = 0;
    this.#standingEnd = 0;
    // Mostly there is one: sooner than setting the length.
    while (this.#groupEnds.pop() !== undefined) this.#cutGroups.pop();
    this.#isLastKept = false;
    UnansweredStore.#spares.push(this);
  }

  /** A message begins, whose body follows by `add`. `isFirst`: of its group. */
  begin(tag: number, bodyLength: number, isFirst: boolean): void {
    if (isFirst) {
      this.#groupEnds.push(this.#messageCount);
      this.#cutGroups.push(false);
    }
    const group = this.#groupEnds.length - 1;
    if (this.#messageCount - this.#answeredCount >= MESSAGES_MAX) {
      this.#cutGroups[group] = true;
      this.#isLastKept = false;
      return;
    }
    const at = this.#messageCount * FIELDS;
    if (at + FIELDS > this.#messages.length) this.#growMessages();
    const messages = this.#messages;
    messages[at + TAG] = tag;
    messages[at + LENGTH] = bodyLength;
    messages[at + START] = this.#used;
    messages[at + END] = this.#used;
    messages[at + SENT] = 0;
    this.#messageCount++;
    this.#groupEnds[group] = this.#messageCount;
    this.#isLastKept = true;
  }

  /** Data of the client's that is not kept follows. */
  skip(): void {
    this.#isLastKept = false;
  }

  /** More of the body of the last message. */
  add(buffer: Buffer, start: number, end: number): void {
    if (!this.#isLastKept || start === end) return;
    const at = (this.#messageCount - 1) * FIELDS;
    const sent = this.#field(at + SENT);
    const isNext = this.#used - this.#field(at + START) === sent;
    this.#messages[at + SENT] = sent + end - start;
    const room = KEPT_BYTES_MAX - (this.#used - this.#firstByte());
    const taken = isNext ? Math.min(end - start, room) : 0;
    if (taken <= 0) return;
    this.#copy(buffer, start, start + taken);
    this.#messages[at + END] = this.#used;
  }

  /**
   * All messages of the only group have been answered, and it goes on. @returns whether that stands:
   * each of them has one of the tags that `stands` marks, and is kept as a whole
   */
  stands(stands: Uint8Array): boolean {
    if (this.#groupEnds.length !== 1 || this.#cutGroups[0] === true) return false;
    const first = Math.max(this.#answeredCount, this.#standingEnd);
    for (let at = first * FIELDS; at < this.#messageCount * FIELDS; at += FIELDS) {
      if (stands[this.#field(at + TAG)] !== 1) return false;
      if (this.#field(at + END) - this.#field(at + START) !== this.#field(at + LENGTH))
        return false;
    }
    this.#standingEnd = this.#messageCount;
    return true;
  }

  /** The first group has been answered. */
  answered(): void {
    this.#answeredCount = this.#groupEnds.shift() ?? this.#messageCount;
    this.#standingEnd = 0;
    this.#cutGroups.shift();
    if (this.#groupEnds.length === 0) this.#isLastKept = false;
    if (this.#answeredCount > this.#messageCount / 2) this.#dropAnswered();
  }

  /** The groups that are not answered. Copies: they stay what they are. */
  groups(): UnansweredGroup[] {
    let begin = this.#answeredCount;
    return this.#groupEnds.map((end, index) => {
      const standing = this.#messagesIn(begin, Math.max(begin, this.#standingEnd));
      const messages = this.#messagesIn(begin + standing.length, end);
      begin = end;
      return { standing, messages, isCut: this.#cutGroups[index] === true };
    });
  }

  #messagesIn(begin: number, end: number): UnansweredMessage[] {
    return Array.from({ length: end - begin }, (_, nth) => this.#message(begin + nth));
  }

  #message(index: number): UnansweredMessage {
    const at = index * FIELDS;
    return {
      tag: this.#field(at + TAG),
      bodyLength: this.#field(at + LENGTH),
      body: Buffer.from(this.#bytes.subarray(this.#field(at + START), this.#field(at + END))),
      sentBytes: this.#field(at + SENT),
    };
  }

  #field(at: number): number {
    return this.#messages[at] ?? 0;
  }

  #firstByte(): number {
    return this.#field(this.#answeredCount * FIELDS + START);
  }

  #copy(source: Buffer, start: number, end: number): void {
    const used = this.#used;
    const after = used + end - start;
    if (after > this.#bytes.length) this.#growBytes(after);
    const bytes = this.#bytes;
    if (end - start <= ONE_BY_ONE_MAX) {
      for (let from = start, to = used; from < end; from++, to++) bytes[to] = source[from] ?? 0;
    } else source.copy(bytes, used, start, end);
    this.#used = after;
  }

  #growBytes(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }

  #growMessages(): void {
    const larger = new Int32Array(2 * this.#messages.length);
    larger.set(this.#messages);
    this.#messages = larger;
  }

  /** In a pipeline that never ends something is always under way: what is kept must not grow with it. */
  #dropAnswered(): void {
    const count = this.#answeredCount;
    const firstByte = count < this.#messageCount ? this.#firstByte() : this.#used;
    this.#bytes.copyWithin(0, firstByte, this.#used);
    this.#used -= firstByte;
    this.#messages.copyWithin(0, count * FIELDS, this.#messageCount * FIELDS);
    this.#messageCount -= count;
    this.#answeredCount = 0;
    for (let at = 0; at < this.#messageCount * FIELDS; at += FIELDS) {
      this.#messages[at + START] = this.#field(at + START) - firstByte;
      this.#messages[at + END] = this.#field(at + END) - firstByte;
    }
    for (let index = 0; index < this.#groupEnds.length; index++) {
      this.#groupEnds[index] = (this.#groupEnds[index] ?? 0) - count;
    }
  }
}
