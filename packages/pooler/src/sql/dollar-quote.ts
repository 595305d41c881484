import { DIGIT_ZERO, DOLLAR, FOLDED } from './bytes';
import type { LiteralWords } from './literal-words';

/** The longest tag that is followed; nobody writes one that long. */
const TAG_BYTES_MAX = 64;
const DIGITS = FOLDED[DIGIT_ZERO];

/** What the byte behind a dollar, and behind the bytes of a tag, makes of it. */
export type TagStep = 'tag' | 'literal' | 'no literal' | 'too long';

/** A literal between dollar quotes: `$$ … $$` or `$tag$ … $tag$`. */
export class DollarQuote {
  readonly #tag = Buffer.alloc(TAG_BYTES_MAX);
  #tagLength = 0;
  /** How much of the closing tag is there: -1 without its first dollar. */
  #matched = -1;

  /** There was a dollar. */
  begin(): void {
    this.#tagLength = 0;
    this.#matched = -1;
  }

  copy(from: DollarQuote): void {
    from.#tag.copy(this.#tag);
    this.#tagLength = from.#tagLength;
    this.#matched = from.#matched;
  }

  /** The next byte of what may be the opening tag. A digit behind a dollar is that of a parameter. */
  open(byte: number): TagStep {
    if (byte === DOLLAR) return 'literal';
    const folded = FOLDED[byte];
    if (folded === 0 || (folded === DIGITS && this.#tagLength === 0)) return 'no literal';
    if (this.#tagLength === TAG_BYTES_MAX) return 'too long';
    this.#tag[this.#tagLength++] = byte;
    return 'tag';
  }

  /**
   * Reads inside the literal and shows it to `words`. Returns how far it got, as a negative number
   * when there the literal is over.
   */
  read(buffer: Buffer, from: number, end: number, words: LiteralWords): number {
    let at = from;
    while (at < end) {
      if (this.#matched < 0) {
        at = words.read(buffer, at, end, DOLLAR, DOLLAR);
        if (at === end) return end;
        this.#matched = 0;
        at++;
        continue;
      }
      const byte = buffer[at] ?? 0;
      if (byte === DOLLAR && this.#matched === this.#tagLength) return -(at + 1);
      if (this.#matched < this.#tagLength && byte === this.#tag[this.#matched]) {
        this.#matched++;
        at++;
        continue;
      }
      // What began like the tag belongs to the literal.
      words.read(this.#tag, 0, this.#matched, DOLLAR, DOLLAR);
      this.#matched = -1;
    }
    return at;
  }
}
