/** What came from the peer while nobody wanted to read. */
export class HeldInput {
  readonly #chunks: Buffer[] = [];
  #next = 0;
  /** The peer has finished sending. */
  ended = false;
  /** The connection is gone. */
  gone = false;

  add(bytes: Buffer): void {
    this.#chunks.push(bytes);
  }

  get hasBytes(): boolean {
    return this.#next < this.#chunks.length;
  }

  next(): Buffer | undefined {
    const bytes = this.#chunks[this.#next];
    if (bytes !== undefined) this.#next += 1;
    return bytes;
  }
}
