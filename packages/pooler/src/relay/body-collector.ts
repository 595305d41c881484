/**
 * Keeps the body of one frame that has to be looked at while (or instead of) being forwarded. Bodies
 * over the maximum are cut: what looks at them only needs their beginning.
 */
export const COLLECTED_BYTES_MAX = 64 * 1024;

const NOTHING = Buffer.alloc(0);

export class BodyCollector {
  #bytes: Buffer = NOTHING;
  #length = 0;

  /** Begins a body of `length` bytes. */
  begin(length: number): void {
    this.#bytes = Buffer.allocUnsafe(Math.min(length, COLLECTED_BYTES_MAX));
    this.#length = 0;
  }

  /** Copies `source[start, end)`. */
  add(source: Buffer, start: number, end: number): void {
    const taken = Math.min(end - start, this.#bytes.length - this.#length);
    source.copy(this.#bytes, this.#length, start, start + taken);
    this.#length += taken;
  }

  /** The body of an ErrorResponse; one that was cut ends after its last complete field. */
  takeNotice(): Buffer {
    const body = this.take();
    if (body.length < COLLECTED_BYTES_MAX) return body;
    return Buffer.concat([body.subarray(0, body.lastIndexOf(0) + 1), Buffer.alloc(1)]);
  }

  /** The body, and an empty collector again. */
  take(): Buffer {
    const body = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return body;
  }
}
