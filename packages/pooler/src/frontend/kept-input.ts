import { Frontend } from '@pgweir/protocol';

/** What a client has sent and could not be sent on yet. Owns its bytes. */
export class KeptInput {
  bytes = 0;
  /** Fewer bytes than these are the beginning of a message that nothing can be done with yet. */
  wanted = 0;
  /** Most statements come in one piece. */
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  /** The cancelled statement ends with its Sync, not with its first message. */
  #skipToSync = false;

  /** Something waits here that could go on but for something else. */
  get waits(): boolean {
    return this.bytes > 0 && this.bytes >= this.wanted;
  }

  /** What is here is not enough of a message. */
  get isPartial(): boolean {
    return this.bytes > 0 && this.bytes < this.wanted;
  }

  /** Keeps a copy. */
  add(part: Buffer): void {
    if (part.length === 0) return;
    const copy = Buffer.from(part);
    this.bytes += copy.length;
    if (this.#first === undefined) this.#first = copy;
    else if (this.#more === undefined) this.#more = [copy];
    else this.#more.push(copy);
  }

  /** Puts a message in front of everything; it becomes ours. */
  putBack(message: Buffer): void {
    const behind = this.bytes === 0 ? [] : [this.take()];
    this.bytes = message.length;
    this.#first = message;
    for (const part of behind) this.add(part);
  }

  /** Everything, and nothing is kept any more. */
  take(): Buffer {
    const first = this.#first ?? NOTHING;
    const all = this.#more === undefined ? first : Buffer.concat([first, ...this.#more]);
    this.clear();
    return all;
  }

  clear(): void {
    this.#first = undefined;
    this.#more = undefined;
    this.bytes = 0;
    this.wanted = 0;
  }

  /** What is skipped ends with a Sync. */
  skipToSync(): void {
    this.#skipToSync = true;
  }

  /** The first statement was cancelled before it was sent on: how much belongs to it? */
  beginSkipping(): void {
    const tag = this.#first?.[0] ?? 0;
    this.#skipToSync = tag !== Frontend.Query && tag !== Frontend.FunctionCall;
  }

  /** Whether a skipped frame with this tag is the last of the cancelled statement. */
  endsSkipping(tag: number): boolean {
    if (this.#skipToSync) return tag === Frontend.Sync;
    return tag === Frontend.Query || tag === Frontend.FunctionCall;
  }
}

const NOTHING = Buffer.alloc(0);
