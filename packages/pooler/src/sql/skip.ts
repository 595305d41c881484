import { FOLDED, HASH_BASIS, HASH_PRIME, KINDS, Kind } from './bytes';
import { Before, WORD_LENGTH_MAX, WORD_LENGTHS, wordOf } from './words';

const SEMICOLON = 0x3b;

/** Bytes that lead out of what can be skipped: literals, quoted identifiers, comments. */
const SPECIAL = KINDS.map((kind) =>
  [Kind.Word, Kind.Symbol, Kind.Space, Kind.Semicolon].some((plain) => plain === kind) ? 0 : 1,
);
const IS_WORD = KINDS.map((kind) => (kind === Kind.Word ? 1 : 0));

/**
 * Skips what says nothing in `buffer[start, end)`, which begins outside of literals and comments: the
 * position of the first word or byte that has to be looked at, otherwise `end`. A word that touches
 * the end is over if the text is, that is if `end` is `textEnd`; otherwise it has to be looked at.
 *
 * Most texts are nothing but this, so it is what they cost.
 */
export function skipPlain(buffer: Buffer, start: number, end: number, textEnd: number): number {
  // As properties of modules they would be looked up for each byte.
  const isWord = IS_WORD;
  const special = SPECIAL;
  const folded = FOLDED;
  const lengths = WORD_LENGTHS;
  let at = start;
  while (at < end) {
    const first = buffer[at] ?? 0;
    if (isWord[first] === 0) {
      if (special[first] !== 0) return at;
      at++;
      continue;
    }
    const word = at;
    do at++;
    while (at < end && folded[buffer[at] ?? 0] !== 0);
    if (at === end && end !== textEnd) return word;
    const length = at - word;
    const ends = ((first & 31) << 5) | ((buffer[at - 1] ?? 0) & 31);
    const known = (lengths[ends] ?? 0) >>> (length < WORD_LENGTH_MAX ? length : WORD_LENGTH_MAX);
    if ((known & 1) !== 0 && counts(buffer, word, at, start)) return word;
  }
  return at;
}

/** Whether there is a meaning to the word `buffer[word, end)`, at least where it stands. */
function counts(buffer: Buffer, word: number, end: number, start: number): boolean {
  let hash = HASH_BASIS;
  for (let at = word; at < end; at++) {
    hash = Math.imul(hash ^ (FOLDED[buffer[at] ?? 0] ?? 0), HASH_PRIME);
  }
  const found = wordOf(hash);
  if (found === undefined) return false;
  if (found.after !== Before.Start) return true;
  return (beforeOf(buffer, start, word, Before.Start) & Before.Start) !== 0;
}

/** What stands before `at` when `buffer[start, at)` was skipped and `before` stands before that. */
export function beforeOf(buffer: Buffer, start: number, at: number, before: number): number {
  let last = at - 1;
  while (last >= start && KINDS[buffer[last] ?? 0] === Kind.Space) last--;
  if (last < start) return before;
  return buffer[last] === SEMICOLON ? Before.Start : 0;
}
