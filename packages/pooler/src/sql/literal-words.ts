import { DOLLAR, FOLDED, HASH_BASIS, HASH_PRIME, hashOf } from './bytes';
import { EVERY_MARK, LOOK_CLOSER, LOOK_UNSURE, Mark } from './marks';
import { TIME_WORDS, wordOf } from './words';

/** So far into a literal a word such as `now` counts; no date is longer. */
export const LITERAL_BYTES_LOOKED_AT = 160;

const TIME = Mark.ParseTime | LOOK_CLOSER;
const TIME_HASHES: ReadonlySet<number> = new Set(TIME_WORDS.map(hashOf));

/** The words inside literals: those that stand for the time, and all in literals that hold code. */
export class LiteralWords {
  /** What literals hold is run: each word in them counts, wherever it stands. */
  inCode = false;
  #left = 0;
  #hash = HASH_BASIS;
  #bits = 0;

  /** A text begins. */
  reset(): void {
    this.inCode = false;
    this.#bits = 0;
  }

  copy(from: LiteralWords): void {
    this.inCode = from.inCode;
    this.#left = from.#left;
    this.#hash = from.#hash;
    this.#bits = from.#bits;
  }

  get bits(): number {
    return this.#bits;
  }

  /** A literal begins. */
  begin(): void {
    this.#left = LITERAL_BYTES_LOOKED_AT;
    this.#hash = HASH_BASIS;
  }

  /**
   * Reads inside the literal: up to a byte that is `stop` or `otherStop`, or to `end`. Neither of the
   * two is part of a word. Returns how far it got.
   */
  read(buffer: Buffer, from: number, end: number, stop: number, otherStop: number): number {
    const folds = FOLDED;
    const lookEnd = this.inCode ? end : Math.min(end, from + this.#left);
    let at = from;
    let hash = this.#hash;
    for (; at < lookEnd; at++) {
      const byte = buffer[at] ?? 0;
      const folded = byte === DOLLAR ? 0 : (folds[byte] ?? 0);
      if (folded !== 0) {
        hash = Math.imul(hash ^ folded, HASH_PRIME);
        continue;
      }
      this.#hash = hash;
      this.endWord();
      hash = HASH_BASIS;
      if (byte === stop || byte === otherStop) break;
    }
    this.#hash = hash;
    this.#left -= Math.min(at - from, this.#left);
    if (at < lookEnd) return at;
    while (at < end && buffer[at] !== stop && buffer[at] !== otherStop) at++;
    return at;
  }

  /** The literal, or a word in it, is over. */
  endWord(): void {
    const hash = this.#hash;
    if (hash === HASH_BASIS) return;
    this.#hash = HASH_BASIS;
    if (TIME_HASHES.has(hash)) this.#bits |= TIME;
    if (this.inCode) this.#bits |= wordOf(hash)?.bits ?? 0;
  }

  /** What follows in the literal may be any word, spelled in a way that hides it. */
  disguised(): void {
    if (this.inCode) this.#bits |= EVERY_MARK | LOOK_CLOSER | LOOK_UNSURE;
    else if (this.#left > 0) this.#bits |= TIME;
  }
}
