const HEADER_BYTES = 5;

/** Counts the frames of some kinds in a stream of bytes, looking at nothing but headers. */
export class FrameCounter {
  /** The last byte of the last counted frame: of a ReadyForQuery, the status. */
  lastByte = 0;
  readonly #counted = new Uint8Array(256);
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #held = 0;
  #tag = 0;
  #left = 0;

  constructor(tags: string) {
    for (const tag of tags) this.#counted[tag.charCodeAt(0)] = 1;
  }

  /** @returns how many of them end in `chunk[at, end)` */
  count(chunk: Buffer, at: number, end: number): number {
    let found = 0;
    let next = at;
    while (next < end) {
      if (this.#left === 0) {
        if (this.#held === 0 && end - next >= HEADER_BYTES) {
          this.#tag = chunk[next] ?? 0;
          this.#left = chunk.readInt32BE(next + 1) - 4;
          next += HEADER_BYTES;
        } else {
          this.#header[this.#held++] = chunk[next++] ?? 0;
          if (this.#held < HEADER_BYTES) continue;
          this.#held = 0;
          this.#tag = this.#header[0] ?? 0;
          this.#left = this.#header.readInt32BE(1) - 4;
        }
      }
      const taken = Math.min(this.#left, end - next);
      next += taken;
      this.#left -= taken;
      if (this.#left > 0 || this.#counted[this.#tag] === 0) continue;
      this.lastByte = chunk[next - 1] ?? 0;
      found += 1;
    }
    return found;
  }
}
