import { BACKSLASH, DOLLAR, DOUBLE_QUOTE, FOLDED, KINDS, Kind, QUOTE } from './bytes';
import { LengthsByEnds } from './lengths-by-ends';
import { LITERAL_BYTES_LOOKED_AT } from './literal-words';
import { TIME_WORDS, WORD_LENGTHS } from './words';

const TIME_LENGTHS = new LengthsByEnds(TIME_WORDS);

/** What `skipLiteral` and `skipName` answer when it has to be looked at. */
export const NOT_PLAIN = -1;

/**
 * The end of the literal that begins with the quote at `start`, if all about it is plain: no escapes,
 * no second part, and no word in it that may mean the time.
 */
export function skipLiteral(buffer: Buffer, start: number, end: number): number {
  const folded = FOLDED;
  const lookedAt = Math.min(end, start + LITERAL_BYTES_LOOKED_AT);
  let at = start + 1;
  for (let word = at; at < lookedAt; at++) {
    const byte = buffer[at] ?? 0;
    if (folded[byte] !== 0 && byte !== DOLLAR) continue;
    if (at > word && TIME_LENGTHS.has(buffer[word] ?? 0, buffer[at - 1] ?? 0, at - word)) {
      return NOT_PLAIN;
    }
    if (byte === QUOTE || byte === BACKSLASH) break;
    word = at + 1;
  }
  while (at < end && buffer[at] !== QUOTE && buffer[at] !== BACKSLASH) at++;
  if (at >= end || buffer[at] === BACKSLASH) return NOT_PLAIN;
  at++;
  const next = nextVisible(buffer, at, end);
  return next < end && buffer[next] === QUOTE ? NOT_PLAIN : at;
}

/** The end of the quoted name that begins at `start`, if it has no quote in it and no meaning. */
export function skipName(buffer: Buffer, start: number, end: number): number {
  let at = start + 1;
  while (at < end && buffer[at] !== DOUBLE_QUOTE) at++;
  if (at >= end - 1 || buffer[at + 1] === DOUBLE_QUOTE) return NOT_PLAIN;
  const length = at - start - 1;
  const means = WORD_LENGTHS.has(buffer[start + 1] ?? 0, buffer[at - 1] ?? 0, length);
  return means ? NOT_PLAIN : at + 1;
}

/** Where from `start` on the next byte stands that is no white space; otherwise `end`. */
export function nextVisible(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && KINDS[buffer[at] ?? 0] === Kind.Space) at++;
  return at;
}
