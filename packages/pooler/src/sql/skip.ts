import {
  AMPERSAND,
  DASH,
  DIGIT_NINE,
  DIGIT_ZERO,
  DOLLAR,
  DOUBLE_QUOTE,
  FOLDED,
  HASH_BASIS,
  HASH_PRIME,
  KINDS,
  Kind,
  QUOTE,
  SEMICOLON,
  SLASH,
  STAR,
} from './bytes';
import { NOT_PLAIN, nextVisible, skipLiteral, skipName } from './skip-quoted';
import { Before, WORD_LENGTHS, type Word, wordOf } from './words';

/** What a text is made of for the skipping. */
const PLAIN = 0;
const WORD = 1;
const SPECIAL = 2;
const CLASSES = KINDS.map((kind) => {
  if (kind === Kind.Word) return WORD;
  return kind === Kind.Symbol || kind === Kind.Space || kind === Kind.Semicolon ? PLAIN : SPECIAL;
});

/** How begins what can change the meaning of CREATE, INTO or WITH: TEMP, LOCAL, GLOBAL, HOLD. */
const TELLING_BEGINNINGS = ['te', 'lo', 'gl', 'ho'].map((pair) => pairOf(Buffer.from(pair), 0));
/** And of U, or a comment, behind which may be anything. */
const TELLING_SYMBOLS = [AMPERSAND, DASH, SLASH];

/**
 * Skips what says nothing in a whole text, `buffer[start, end)`: the position of the first thing that
 * has to be read closely, otherwise `end`. Most texts are nothing but this, so it is what they cost.
 */
export function skipInText(buffer: Buffer, start: number, end: number): number {
  // As properties of modules they would be looked up for each byte.
  const classes = CLASSES;
  const folded = FOLDED;
  const lengths = WORD_LENGTHS;
  let at = start;
  while (at < end) {
    const first = buffer[at] ?? 0;
    const what = classes[first];
    if (what === PLAIN) {
      at++;
    } else if (what === WORD) {
      const word = at;
      do at++;
      while (at < end && folded[buffer[at] ?? 0] !== 0);
      if (!lengths.has(first, buffer[at - 1] ?? 0, at - word)) continue;
      const known = wordAt(buffer, word, at);
      if (known !== undefined && tells(known, buffer, start, word, at, end)) return word;
    } else {
      const behind = skipSpecial(buffer, at, end);
      if (behind === NOT_PLAIN) return at;
      at = behind;
    }
  }
  return at;
}

/**
 * The same in a piece of a text: literals and names are left to those who can read on in the next
 * piece, and so is a word that touches the end.
 */
export function skipInPiece(buffer: Buffer, start: number, end: number): number {
  const classes = CLASSES;
  const folded = FOLDED;
  const lengths = WORD_LENGTHS;
  let at = start;
  while (at < end) {
    const first = buffer[at] ?? 0;
    const what = classes[first];
    if (what === SPECIAL) return at;
    const word = at++;
    if (what === PLAIN) continue;
    while (at < end && folded[buffer[at] ?? 0] !== 0) at++;
    if (at === end) return word;
    if (!lengths.has(first, buffer[at - 1] ?? 0, at - word)) continue;
    if (wordAt(buffer, word, at) !== undefined) return word;
  }
  return at;
}

function wordAt(buffer: Buffer, start: number, end: number): Word | undefined {
  let hash = HASH_BASIS;
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ (FOLDED[buffer[at] ?? 0] ?? 0), HASH_PRIME);
  }
  return wordOf(hash);
}

/** Whether a word has a meaning where it stands: `buffer[word, wordEnd)`, when all before was skipped. */
function tells(
  { bits, after, before }: Word,
  buffer: Buffer,
  start: number,
  word: number,
  wordEnd: number,
  end: number,
): boolean {
  if (after === Before.Start) return beforeOf(buffer, start, word, after) === after;
  // What it would have to follow was not skipped.
  if (after !== 0) return false;
  if (bits !== 0) return true;
  if (before === 0) return buffer[wordEnd] === QUOTE;
  const next = nextVisible(buffer, wordEnd, end);
  if (TELLING_SYMBOLS.includes(buffer[next] ?? 0)) return true;
  return TELLING_BEGINNINGS.includes(pairOf(buffer, next));
}

/** Two letters as a number, whatever their case. */
function pairOf(buffer: Buffer, at: number): number {
  return ((FOLDED[buffer[at] ?? 0] ?? 0) << 8) | (FOLDED[buffer[at + 1] ?? 0] ?? 0);
}

/** Behind a symbol, literal or name that says nothing. */
function skipSpecial(buffer: Buffer, at: number, end: number): number {
  const next = buffer[at + 1] ?? 0;
  switch (buffer[at]) {
    case QUOTE:
      return skipLiteral(buffer, at, end);
    case DOUBLE_QUOTE:
      return skipName(buffer, at, end);
    case DOLLAR:
      return next >= DIGIT_ZERO && next <= DIGIT_NINE ? at + 1 : NOT_PLAIN;
    case DASH:
      return next === DASH ? NOT_PLAIN : at + 1;
    case SLASH:
      return next === STAR ? NOT_PLAIN : at + 1;
    default:
      return at + 1;
  }
}

/** What stands before `at` when `buffer[start, at)` was skipped and `before` stands before that. */
export function beforeOf(buffer: Buffer, start: number, at: number, before: number): number {
  let last = at - 1;
  while (last >= start && KINDS[buffer[last] ?? 0] === Kind.Space) last--;
  if (last < start) return before;
  const byte = buffer[last];
  return byte === SEMICOLON ? Before.Start : byte === QUOTE ? Before.Text : 0;
}
