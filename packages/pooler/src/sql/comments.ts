import { CARRIAGE_RETURN, NEWLINE, SLASH, STAR } from './bytes';

/** Reads in a comment that ends with its line. Returns how far it got; negative: there it is over. */
export function readLineComment(buffer: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = buffer[at];
    if (byte === NEWLINE || byte === CARRIAGE_RETURN) return -(at + 1);
  }
  return end;
}

/** A comment between slashes and stars, in which there may be others. */
export class BlockComment {
  #depth = 0;
  /** The byte before, as long as it can be half of a mark. */
  #before = 0;

  begin(): void {
    this.#depth = 1;
    this.#before = 0;
  }

  /** Returns how far it got; negative: there it is over. */
  read(buffer: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = buffer[at] ?? 0;
      if (byte === SLASH && this.#before === STAR) {
        this.#depth--;
        this.#before = 0;
        if (this.#depth === 0) return -(at + 1);
      } else if (byte === STAR && this.#before === SLASH) {
        this.#depth++;
        this.#before = 0;
      } else {
        this.#before = byte;
      }
    }
    return end;
  }
}
