/** What a byte outside of literals and comments begins. */
export const Kind = {
  Symbol: 0,
  Space: 1,
  Word: 2,
  Quote: 3,
  DoubleQuote: 4,
  Dollar: 5,
  Dash: 6,
  Slash: 7,
  Semicolon: 8,
  Ampersand: 9,
} as const;

export const QUOTE = 0x27;
export const DOUBLE_QUOTE = 0x22;
export const AMPERSAND = 0x26;
export const DOLLAR = 0x24;
export const BACKSLASH = 0x5c;
export const DASH = 0x2d;
export const SLASH = 0x2f;
export const STAR = 0x2a;
export const SEMICOLON = 0x3b;
export const NEWLINE = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
/** From here on bytes are letters, in whatever encoding. */
export const HIGH = 0x80;

export const DIGIT_ZERO = 0x30;
export const DIGIT_NINE = 0x39;

/** Kind of each byte. Digits are symbols there: what follows one begins a word of its own. */
export const KINDS = new Uint8Array(256);

/**
 * Each byte as it counts for the hash of an identifier, 0 where it is no part of one: letters in
 * lower case, digits as one and the same, so that pg_temp_1 and pg_temp_2 are one word.
 */
export const FOLDED = new Uint8Array(256);

for (const space of ' \t\n\r\f\v') KINDS[space.charCodeAt(0)] = Kind.Space;
for (let byte = HIGH; byte < 256; byte++) define(byte, Kind.Word, byte);
for (let letter = 0; letter < 26; letter++) {
  define(0x41 + letter, Kind.Word, 0x61 + letter);
  define(0x61 + letter, Kind.Word, 0x61 + letter);
}
for (let digit = 0; digit < 10; digit++) define(DIGIT_ZERO + digit, Kind.Symbol, DIGIT_ZERO);
define(0x5f, Kind.Word, 0x5f);
define(DOLLAR, Kind.Dollar, DOLLAR);
define(QUOTE, Kind.Quote, 0);
define(DOUBLE_QUOTE, Kind.DoubleQuote, 0);
define(DASH, Kind.Dash, 0);
define(SLASH, Kind.Slash, 0);
define(SEMICOLON, Kind.Semicolon, 0);
define(AMPERSAND, Kind.Ampersand, 0);

function define(byte: number, kind: number, folded: number): void {
  KINDS[byte] = kind;
  FOLDED[byte] = folded;
}

export const HASH_BASIS = 0x811c9dc5 | 0;
/** `hash = Math.imul(hash ^ FOLDED[byte], HASH_PRIME)` for each byte of a word. */
export const HASH_PRIME = 0x01000193;

export function hashOf(word: string): number {
  let hash = HASH_BASIS;
  for (let at = 0; at < word.length; at++) {
    hash = Math.imul(hash ^ (FOLDED[word.charCodeAt(at)] ?? 0), HASH_PRIME);
  }
  return hash;
}
