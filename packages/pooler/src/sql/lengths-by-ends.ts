const LENGTH_MAX = 31;

/**
 * Which lengths a set of words has, by their first and last byte: a quick way to tell that a word is
 * not in the set. Case is ignored, and so is which digit a digit is.
 */
export class LengthsByEnds {
  /** Lengths as bits, LENGTH_MAX for longer ones too, by the last five bits of both ends. */
  readonly bits = new Int32Array(1024);

  constructor(words: Iterable<string>) {
    for (const word of words) {
      const last = word.charAt(word.length - 1);
      for (const end of last === '0' ? '0123456789' : last) {
        const ends = endsOf(word.charCodeAt(0), end.charCodeAt(0));
        this.bits[ends] = (this.bits[ends] ?? 0) | (1 << Math.min(word.length, LENGTH_MAX));
      }
    }
  }

  /** Whether a word with these ends and this length may be one of them. */
  has(firstByte: number, lastByte: number, length: number): boolean {
    const bits = this.bits[endsOf(firstByte, lastByte)] ?? 0;
    return ((bits >>> (length < LENGTH_MAX ? length : LENGTH_MAX)) & 1) !== 0;
  }
}

function endsOf(firstByte: number, lastByte: number): number {
  return ((firstByte & 31) << 5) | (lastByte & 31);
}
