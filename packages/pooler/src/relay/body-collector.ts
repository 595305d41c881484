/**
 * Keeps the body of one frame that has to be looked at while (or instead of) being forwarded. Bodies
 * over the maximum are cut: what looks at them only needs their beginning.
 */
export const COLLECTED_BYTES_MAX = 64 * 1024;

const NOTHING = Buffer.alloc(0);

export class BodyCollector {
  #bytes: Buffer = NOTHING;
  #length = 0;
  #cut = false;

  /** Begins a body of `length` bytes. */
  begin(length: number): void {
    this.#cut = length > COLLECTED_BYTES_MAX;
    this.#bytes = Buffer.allocUnsafe(Math.min(length, COLLECTED_BYTES_MAX));
    this.#length = 0;
  }

  /** Copies `source[start, end)`. */
  add(source: Buffer, start: number, end: number): void {
    const taken = Math.min(end - start, this.#bytes.length - this.#length);
    source.copy(this.#bytes, this.#length, start, start + taken);
    this.#length += taken;
  }

  /** The body in hand was longer than what is kept of it. */
  get wasCut(): boolean {
    return this.#cut;
  }

  /** The body of an ErrorResponse; in one that was cut the last field is shorter. */
  takeNotice(): Buffer {
    const cut = this.#cut;
    const body = this.take();
    if (!cut) return body;
    const betweenFields = body[body.length - 1] === 0;
    return Buffer.concat([body, Buffer.alloc(betweenFields ? 1 : 2)]);
  }

  /** The body, and an empty collector again. */
  take(): Buffer {
    const body = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return body;
  }
}
