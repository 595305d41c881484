import { ProtocolViolation } from './errors';

/**
 * Walks the body of one message, with every read checked against its end. For messages that we open;
 * the relay does not use it.
 *
 * @throws ProtocolViolation (08P01) from every method whose field is not wholly there
 */
export class BodyReader {
  readonly #tag: number;
  readonly #body: Buffer;
  #at = 0;

  constructor(tag: number, body: Buffer) {
    this.#tag = tag;
    this.#body = body;
  }

  get left(): number {
    return this.#body.length - this.#at;
  }

  /** The failure to throw for a field that is there but makes no sense. */
  violation(detail: string): ProtocolViolation {
    return new ProtocolViolation('badMessage', this.#tag, this.#body.length, detail);
  }

  uint8(): number {
    const value = this.#body[this.#at];
    if (value === undefined) throw this.violation('ends inside a byte field');
    this.#at += 1;
    return value;
  }

  int16(): number {
    if (this.left < 2) throw this.violation('ends inside an integer');
    const value = this.#body.readInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  int32(): number {
    if (this.left < 4) throw this.violation('ends inside an integer');
    const value = this.#body.readInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  /** Text up to a NUL. Bytes that are not UTF-8 become U+FFFD. */
  cstring(): string {
    const end = this.#body.indexOf(0, this.#at);
    if (end < 0) throw this.violation('string without terminator');
    const text = this.#body.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Buffer {
    if (length < 0 || length > this.left) throw this.violation(`field of ${length} bytes`);
    const copy = Buffer.from(this.#body.subarray(this.#at, this.#at + length));
    this.#at += length;
    return copy;
  }

  /** Must be called last: nothing may follow. */
  end(): void {
    if (this.left !== 0) throw this.violation(`${this.left} bytes too many`);
  }
}
