import type { Link } from '../backend/link';

/** A message that has come in parts, as far as it is wanted. */
interface Gathered {
  readonly link: Link;
  readonly tag: number;
  readonly bytes: Buffer;
  /** Of the whole body. */
  readonly bodyLength: number;
}

/** Puts the beginning of a body together, of which a chunk had only a part. */
export class CutMessage {
  #gathered: Gathered | undefined;
  #length = 0;

  /** Begins with `buffer[start, end)`, of which `wanted` bytes are enough. */
  begin(
    link: Link,
    tag: number,
    bodyLength: number,
    wanted: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): void {
    this.#gathered = { link, tag, bodyLength, bytes: Buffer.allocUnsafe(wanted) };
    this.#length = buffer.copy(this.#gathered.bytes, 0, start, end);
  }

  /** @returns the message as soon as there is enough of it */
  add(buffer: Buffer, start: number, end: number): Gathered | undefined {
    const gathered = this.#gathered;
    if (gathered === undefined) return undefined;
    this.#length += buffer.copy(gathered.bytes, this.#length, start, end);
    if (this.#length < gathered.bytes.length) return undefined;
    this.#gathered = undefined;
    return gathered;
  }

  forget(): void {
    this.#gathered = undefined;
  }
}
