import { randomInt } from 'node:crypto';
import { DASH, DOLLAR, DOUBLE_QUOTE, FOLDED, KINDS, Kind, QUOTE, SLASH, STAR } from '../sql/bytes';
import { blockCommentEnd, lineCommentEnd } from './comment-ends';
import {
  dollarLiteralEnd,
  escapeLiteralEnd,
  isDigit,
  isEscapePrefix,
  isUnicodeQuote,
  NO_SHAPE,
  numberEnd,
  parameterEnd,
  plainLiteralEnd,
  quotedNameEnd,
} from './literals';
import { bothHints, hintIn, type RouteHint } from './route-hint';

/** Longer texts have no shape: they would have to be parsed, and are too long for that. */
export const SHAPE_TEXT_BYTES_MAX = 8 * 1024;

/** What stands in a shape for a literal, for a number and for a literal between dollars. */
const LITERAL = 1;
const NUMBER = 2;
const DOLLAR_LITERAL = 3;
const SPACE = 0x20;
/** The bytes themselves stand there. */
const VERBATIM = 0;

/** What to do with a byte. */
const COPY = 0;
const WORD = 1;
const BLANK = 2;
const DIGIT = 3;
const SPECIAL = 4;
const REFUSE = 5;
const CLASSES = KINDS.map((kind, byte) => {
  if (kind === Kind.Space) return BLANK;
  if (kind === Kind.Word) return WORD;
  if (isDigit(byte)) return DIGIT;
  if (byte < SPACE) return REFUSE;
  return [QUOTE, DOUBLE_QUOTE, DOLLAR, DASH, SLASH].includes(byte) ? SPECIAL : COPY;
});

const INT32_END = 2 ** 31;
/** Other ones in each process: nobody can look for two texts that are one. */
const FIRST_BASIS = randomInt(INT32_END);
const SECOND_BASIS = randomInt(INT32_END);
const FIRST_PRIME = 0x01000193;
const SECOND_PRIME = 0x5bd1e995;
/** Multiplication moves bits up only; this takes some of them down. */
const SHIFT = 15;

/**
 * What is left of a text when every literal and number is the same, and so is all white space: texts
 * with the same shape have the same parse tree but for constants. Only two hashes of it are made, in one
 * pass and without memory: 64 bits, which are taken for the shape itself.
 */
export class Shape {
  #first = 0;
  #second = 0;
  #hint: RouteHint = 'none';
  /** What stands in the shape for what was skipped last: a byte, or VERBATIM. */
  #stands = VERBATIM;

  get first(): number {
    return this.#first;
  }

  get second(): number {
    return this.#second;
  }

  /** What comments in the text say. It belongs to the shape. */
  get hint(): RouteHint {
    return this.#hint;
  }

  /**
   * Takes the shape of `buffer[start, end)`, a text without its NUL.
   *
   * @returns false when there is none: the text is too long, not closed, or means another thing under
   *   other settings or on other servers
   */
  read(buffer: Buffer, start: number, end: number): boolean {
    this.#hint = 'none';
    if (end - start > SHAPE_TEXT_BYTES_MAX) return false;
    const classes = CLASSES;
    const folded = FOLDED;
    let first = FIRST_BASIS;
    let second = SECOND_BASIS;
    /** What stands last in the shape, and last but for white space. */
    let last = 0;
    let solid = 0;
    let at = start;
    while (at < end) {
      const from = at;
      let byte = buffer[at] ?? 0;
      const what = classes[byte];
      if (what === WORD) {
        first = Math.imul(first ^ byte, FIRST_PRIME);
        second = Math.imul(second + byte, SECOND_PRIME);
        at++;
        while (at < end) {
          const part = buffer[at] ?? 0;
          if (folded[part] === 0) break;
          first = Math.imul(first ^ part, FIRST_PRIME);
          second = Math.imul(second + part, SECOND_PRIME);
          at++;
        }
        second ^= second >>> SHIFT;
        last = solid = VERBATIM;
        if (at !== from + 1 || at === end || buffer[at] !== QUOTE) continue;
        if (!isEscapePrefix(byte)) continue;
        at = escapeLiteralEnd(buffer, at, end);
        byte = LITERAL;
      } else if (what === BLANK) {
        do at++;
        while (at < end && classes[buffer[at] ?? 0] === BLANK);
        byte = SPACE;
      } else if (what === COPY) {
        at++;
      } else if (what === DIGIT) {
        at = numberEnd(buffer, at, end, start);
        byte = NUMBER;
      } else if (what === SPECIAL) {
        at = this.#skip(buffer, at, end, start, solid);
        byte = this.#stands;
      } else {
        return false;
      }
      if (at < 0) return false;
      // White space and comments in a row are one space.
      if (byte === SPACE && last === SPACE) continue;
      let mixed = byte;
      if (byte === VERBATIM) {
        for (let i = from; i < at - 1; i++) {
          first = Math.imul(first ^ (buffer[i] ?? 0), FIRST_PRIME);
          second = Math.imul(second + (buffer[i] ?? 0), SECOND_PRIME);
        }
        mixed = buffer[at - 1] ?? 0;
      }
      first = Math.imul(first ^ mixed, FIRST_PRIME);
      second = Math.imul(second + mixed, SECOND_PRIME);
      second ^= second >>> SHIFT;
      last = byte;
      if (byte !== SPACE) solid = byte;
    }
    this.#first = first;
    this.#second = second;
    return true;
  }

  /**
   * Behind a quote, dollar or comment at `at`, or a symbol that begins none of these. `solid`: what stands
   * before it in the shape, but for white space.
   */
  #skip(buffer: Buffer, at: number, end: number, start: number, solid: number): number {
    const byte = buffer[at] ?? 0;
    const next = at + 1 < end ? (buffer[at + 1] ?? 0) : 0;
    this.#stands = VERBATIM;
    switch (byte) {
      case QUOTE:
        this.#stands = LITERAL;
        // In two parts a literal is one, if a line ends in between.
        return solid === LITERAL ? NO_SHAPE : plainLiteralEnd(buffer, at, end);
      case DOUBLE_QUOTE:
        // Of a name with escapes a literal may tell which character escapes.
        return isUnicodeQuote(buffer, at, start) ? NO_SHAPE : quotedNameEnd(buffer, at, end);
      case DOLLAR:
        // The number of a parameter is no constant.
        if (isDigit(next)) return parameterEnd(buffer, at, end);
        this.#stands = DOLLAR_LITERAL;
        return dollarLiteralEnd(buffer, at, end);
      case DASH:
        if (next !== DASH) return at + 1;
        this.#stands = SPACE;
        return lineCommentEnd(buffer, at, end);
      default:
        return next === STAR ? this.#comment(buffer, at, end) : at + 1;
    }
  }

  #comment(buffer: Buffer, start: number, end: number): number {
    this.#stands = SPACE;
    const behind = blockCommentEnd(buffer, start, end);
    if (behind === NO_SHAPE) return NO_SHAPE;
    const marks = 2;
    this.#hint = bothHints(this.#hint, hintIn(buffer, start + marks, behind - marks));
    return behind;
  }
}
