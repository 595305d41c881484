import {
  AMPERSAND,
  BACKSLASH,
  DIGIT_NINE,
  DIGIT_ZERO,
  DOLLAR,
  DOUBLE_QUOTE,
  FOLDED,
  HIGH,
  QUOTE,
} from '../sql/bytes';

/** What functions of this file answer where a text can be read in more than one way, or is not closed. */
export const NO_SHAPE = -1;

const SPACE = 0x20;
const DOT = 0x2e;
const PLUS = 0x2b;
const MINUS = 0x2d;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
/** Makes a capital letter small. */
const LOWER = 0x20;

/**
 * The end of the literal whose opening quote is at `start`, and in which backslashes mean nothing. That
 * depends on standard_conforming_strings: where the setting would move the end, there is no shape.
 */
export function plainLiteralEnd(buffer: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const byte = buffer[at];
    if (byte === QUOTE) {
      if (at + 1 === end || buffer[at + 1] !== QUOTE) return at + 1;
      at++;
    } else if (byte === BACKSLASH) {
      const next = buffer[at + 1];
      if (next === QUOTE || next === BACKSLASH) return NO_SHAPE;
    }
  }
  return NO_SHAPE;
}

/**
 * The end of an escape string whose opening quote is at `start`. A backslash behind a byte over 127 is
 * half of a character in some encodings, so there is no shape.
 */
export function escapeLiteralEnd(buffer: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const byte = buffer[at];
    if (byte === QUOTE) {
      if (at + 1 === end || buffer[at + 1] !== QUOTE) return at + 1;
      at++;
    } else if (byte === BACKSLASH) {
      if ((buffer[at - 1] ?? 0) >= HIGH) return NO_SHAPE;
      at++;
    }
  }
  return NO_SHAPE;
}

/** The end of a literal between dollar quotes, of which the first dollar is at `start`. */
export function dollarLiteralEnd(buffer: Buffer, start: number, end: number): number {
  const bodyStart = tagEnd(buffer, start, end);
  if (bodyStart === NO_SHAPE) return NO_SHAPE;
  const length = bodyStart - start;
  for (let at = bodyStart; at + length <= end; at++) {
    if (buffer[at] === DOLLAR && isSameTag(buffer, start, at, length)) return at + length;
  }
  return NO_SHAPE;
}

/** Behind `$tag$`. */
function tagEnd(buffer: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const byte = buffer[at] ?? 0;
    if (byte === DOLLAR) return at + 1;
    if (FOLDED[byte] === 0) return NO_SHAPE;
  }
  return NO_SHAPE;
}

function isSameTag(buffer: Buffer, tag: number, at: number, length: number): boolean {
  for (let i = 1; i < length; i++) if (buffer[tag + i] !== buffer[at + i]) return false;
  return true;
}

/**
 * The end of the number whose first digit is at `start`, in a text that begins at `first`. Only what
 * all servers read alike: neither `0x1F` nor `1_000`, and nothing that touches a word.
 */
export function numberEnd(buffer: Buffer, start: number, end: number, first: number): number {
  let at = digitsEnd(buffer, start, end);
  if (buffer[at] === DOT && at < end) {
    // The fraction of another number: .5.5
    if (start > first && buffer[start - 1] === DOT) return NO_SHAPE;
    at = digitsEnd(buffer, at + 1, end);
  }
  if (at < end && ((buffer[at] ?? 0) | LOWER) === LOWER_E) {
    const sign = buffer[at + 1];
    const digits = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
    at = digitsEnd(buffer, digits, end);
    if (at === digits) return NO_SHAPE;
  }
  if (at >= end) return end;
  const next = buffer[at] ?? 0;
  return next === DOT || FOLDED[next] !== 0 ? NO_SHAPE : at;
}

/** The end of `$1`. In old servers a word may begin right behind it. */
export function parameterEnd(buffer: Buffer, dollar: number, end: number): number {
  const at = digitsEnd(buffer, dollar + 1, end);
  return at < end && FOLDED[buffer[at] ?? 0] !== 0 ? NO_SHAPE : at;
}

/** The end of the quoted name that begins at `start`; two quotes in it are one. */
export function quotedNameEnd(buffer: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const byte = buffer[at] ?? 0;
    if (byte < SPACE) return NO_SHAPE;
    if (byte !== DOUBLE_QUOTE) continue;
    if (at + 1 === end || buffer[at + 1] !== DOUBLE_QUOTE) return at + 1;
    at++;
  }
  return NO_SHAPE;
}

function digitsEnd(buffer: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(buffer[at] ?? 0)) at++;
  return at;
}

export function isDigit(byte: number): boolean {
  return byte >= DIGIT_ZERO && byte <= DIGIT_NINE;
}

/** The single letter at `at` makes the quote behind it that of an escape string. */
export function isEscapePrefix(byte: number): boolean {
  return (byte | LOWER) === LOWER_E;
}

/** `U&` stands directly before `at`, in a text that begins at `first`: Unicode escapes follow. */
export function isUnicodeQuote(buffer: Buffer, at: number, first: number): boolean {
  return (
    at - 2 >= first &&
    buffer[at - 1] === AMPERSAND &&
    ((buffer[at - 2] ?? 0) | LOWER) === LOWER_U &&
    (at - 3 < first || FOLDED[buffer[at - 3] ?? 0] === 0)
  );
}
