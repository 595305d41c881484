/** More than this is not kept for a client that is in a transaction, or does not read. */
export const OUTBOX_BYTES_MAX = 8 * 1024 * 1024;

interface Entry {
  /** Undefined: not a notification. */
  readonly channel: string | undefined;
  readonly message: Buffer;
}

/** Messages that a client is to get as soon as PostgreSQL would send them. */
export class Outbox {
  #entries: Entry[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** @returns false when it is full */
  add(channel: string | undefined, message: Buffer): boolean {
    if (this.#bytes + message.length > OUTBOX_BYTES_MAX) return false;
    this.#entries.push({ channel, message });
    this.#bytes += message.length;
    return true;
  }

  /** What is to be sent, in order; of notifications those whose channel is still `wanted`. */
  take(wanted: (channel: string) => boolean): Buffer {
    const messages: Buffer[] = [];
    for (const { channel, message } of this.#entries) {
      if (channel === undefined || wanted(channel)) messages.push(message);
    }
    this.clear();
    return Buffer.concat(messages);
  }

  clear(): void {
    this.#entries = [];
    this.#bytes = 0;
  }
}
