/** Copies of bytes that the kernel did not take, in order. */
export class UnsentBytes {
  readonly #chunks: Buffer[] = [];
  /** The first chunk that is not sent whole. */
  #next = 0;

  /** `bytes` are copied, for their owner may use the memory again. */
  add(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#chunks.push(Buffer.from(bytes));
  }

  /**
   * @param write - answers how many bytes it took; negative: none ever again
   * @returns whether everything is written; `failed` when `write` says so
   */
  flush(write: (bytes: Buffer) => number): 'sent' | 'waits' | 'failed' {
    for (;;) {
      const chunk = this.#chunks[this.#next];
      if (chunk === undefined) return 'sent';
      const taken = write(chunk);
      if (taken < 0) return 'failed';
      if (taken < chunk.length) {
        this.#chunks[this.#next] = chunk.subarray(taken);
        this.#chunks.splice(0, this.#next);
        this.#next = 0;
        return 'waits';
      }
      this.#next += 1;
    }
  }
}
