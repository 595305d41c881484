import {
  BACKSLASH,
  DASH,
  DOUBLE_QUOTE,
  FOLDED,
  HASH_BASIS,
  HASH_PRIME,
  HIGH,
  hashOf,
  KINDS,
  Kind,
  QUOTE,
  STAR,
} from './bytes';
import { BlockComment, readLineComment } from './comments';
import { DollarQuote } from './dollar-quote';
import { LiteralWords } from './literal-words';
import { EVERY_MARK, LOOK_CLOSER, LOOK_CODE, LOOK_UNSURE } from './marks';
import { beforeOf, skipInPiece } from './skip';
import { Before, wordOf } from './words';

/** Where in a text the reading is. Names with `After` wait for the byte that decides. */
const At = {
  Between: 0,
  Word: 1,
  Text: 2,
  TextAfterBackslash: 3,
  TextAfterQuote: 4,
  Escape: 5,
  EscapeAfterBackslash: 6,
  EscapeAfterQuote: 7,
  Tag: 8,
  Dollar: 9,
  Quoted: 10,
  QuotedAfterQuote: 11,
  AfterDash: 12,
  LineComment: 13,
  AfterSlash: 14,
  BlockComment: 15,
} as const;

const ESCAPE_PREFIX = hashOf('e');
/** What may follow a backslash without hiding a letter: quotes, backslashes and white space. */
const PLAIN_ESCAPES = new Uint8Array(256);
for (const escaped of "\\'nrtbf") PLAIN_ESCAPES[escaped.charCodeAt(0)] = 1;

const ANYTHING = EVERY_MARK | LOOK_CLOSER | LOOK_UNSURE;

/**
 * One way to read a text: which words in it count. Two things that the text does not tell change
 * where its literals end. Each is taken for what it nearly always is, and from the first place where
 * it makes a difference another reading takes it for the opposite.
 */
export class Reading {
  readonly #all: Reading[];
  readonly #words = new LiteralWords();
  readonly #dollarQuote = new DollarQuote();
  readonly #comment = new BlockComment();
  #bits = 0;
  #at: number = At.Between;
  /** Bits of Before. */
  #before: number = Before.Start;
  #hash = HASH_BASIS;
  /** How many bytes over 127 the piece before ended with. */
  #highBytes = 0;
  /** There was an odd number of them before the backslash: in some encodings it belongs to the last. */
  #halfCharacter = false;
  /** standard_conforming_strings is off; undefined: it made no difference so far. */
  #backslashEscapes: boolean | undefined = undefined;
  /** A backslash can be the second byte of a character, as in SJIS; undefined: no difference so far. */
  #wideBackslash: boolean | undefined = undefined;

  /** Readings that it makes are added to `all`. */
  constructor(all: Reading[]) {
    this.#all = all;
  }

  /** `before`: what stands before the first byte that is fed, bits of Before. */
  begin(before: number): void {
    this.#bits = 0;
    this.#at = At.Between;
    this.#before = before;
    this.#highBytes = 0;
    this.#backslashEscapes = undefined;
    this.#wideBackslash = undefined;
    this.#words.reset();
  }

  /** Reads `buffer[start, end)`, which goes on where the piece before ended. */
  feed(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) at = this.#step(buffer, at, end, start);
    this.#highBytes = this.#highBytesBefore(buffer, end, start);
  }

  /** The text is over: what its words say. */
  finish(): number {
    if (this.#at === At.Word || this.#at === At.QuotedAfterQuote) this.#endWord();
    return this.#bits | this.#words.bits;
  }

  /** Takes bytes from `at` on, or goes to a state that does. Returns how far it got. */
  #step(buffer: Buffer, at: number, end: number, start: number): number {
    switch (this.#at) {
      case At.Between:
        return this.#between(buffer, at, end);
      case At.Word:
        return this.#word(buffer, at, end);
      case At.Text:
      case At.Escape:
        return this.#text(buffer, at, end, start);
      case At.TextAfterBackslash:
        return this.#textAfterBackslash(buffer, at, end);
      case At.EscapeAfterBackslash:
        return this.#escapeAfterBackslash(buffer, at, end);
      case At.TextAfterQuote:
        return this.#afterQuote(buffer, at, At.Text, Before.Text);
      case At.EscapeAfterQuote:
        return this.#afterQuote(buffer, at, At.Escape, Before.EscapeText);
      case At.Tag:
        return this.#dollarTag(buffer[at] ?? 0, at);
      case At.Dollar:
        return this.#dollarText(buffer, at, end);
      case At.Quoted:
        return this.#quoted(buffer, at, end);
      case At.QuotedAfterQuote:
        return this.#afterDoubleQuote(buffer, at);
      case At.AfterDash:
        return this.#afterSymbol(buffer[at] ?? 0, at, DASH, At.LineComment);
      case At.AfterSlash:
        return this.#afterSymbol(buffer[at] ?? 0, at, STAR, At.BlockComment);
      case At.LineComment:
        return this.#inComment(readLineComment(buffer, at, end));
      default:
        return this.#inComment(this.#comment.read(buffer, at, end));
    }
  }

  #between(buffer: Buffer, from: number, end: number): number {
    const at = skipInPiece(buffer, from, end);
    this.#before = beforeOf(buffer, from, at, this.#before);
    if (at === end) return end;
    const kind = KINDS[buffer[at] ?? 0];
    if (kind === Kind.Word) {
      this.#hash = HASH_BASIS;
      this.#at = At.Word;
      return this.#word(buffer, at, end);
    }
    this.#mark(kind);
    return at + 1;
  }

  /** A symbol that means something. */
  #mark(kind: number | undefined): void {
    switch (kind) {
      case Kind.Quote:
        return this.#beginText();
      case Kind.DoubleQuote:
        if ((this.#before & Before.UAmpersand) !== 0) this.#bits |= ANYTHING;
        this.#hash = HASH_BASIS;
        this.#at = At.Quoted;
        return;
      case Kind.Dollar:
        this.#dollarQuote.begin();
        this.#at = At.Tag;
        return;
      case Kind.Dash:
        this.#at = At.AfterDash;
        return;
      case Kind.Slash:
        this.#at = At.AfterSlash;
        return;
      default:
        this.#before = (this.#before & Before.U) !== 0 ? Before.UAmpersand : 0;
    }
  }

  #word(buffer: Buffer, from: number, end: number): number {
    const folds = FOLDED;
    let hash = this.#hash;
    for (let at = from; at < end; at++) {
      const byte = buffer[at] ?? 0;
      const folded = folds[byte] ?? 0;
      if (folded === 0) {
        this.#hash = hash;
        this.#at = At.Between;
        if (byte !== QUOTE || hash !== ESCAPE_PREFIX) {
          this.#endWord();
          return at;
        }
        this.#beginText();
        this.#at = At.Escape;
        return at + 1;
      }
      hash = Math.imul(hash ^ folded, HASH_PRIME);
    }
    this.#hash = hash;
    return end;
  }

  #endWord(): void {
    const word = wordOf(this.#hash);
    if (word === undefined) {
      this.#before = 0;
      return;
    }
    if (word.after === 0 || (word.after & this.#before) !== 0) {
      this.#bits |= word.bits;
      if ((word.bits & LOOK_CODE) !== 0) this.#words.inCode = true;
    }
    this.#before = word.before;
  }

  #beginText(): void {
    const before = this.#before;
    this.#words.begin();
    // A literal in two parts, or one with Unicode escapes, can hold any word in disguise.
    const disguised = Before.Text | Before.EscapeText | Before.UAmpersand;
    if ((before & disguised) !== 0) this.#words.disguised();
    const escapes = this.#backslashEscapes === true || (before & Before.EscapeText) !== 0;
    this.#at = escapes ? At.Escape : At.Text;
  }

  /** Inside a literal, up to a byte that may mean something. */
  #text(buffer: Buffer, from: number, end: number, start: number): number {
    const at = this.#words.read(buffer, from, end, QUOTE, BACKSLASH);
    if (at === end) return end;
    this.#words.endWord();
    const inText = this.#at === At.Text;
    if (buffer[at] === QUOTE) {
      this.#at = inText ? At.TextAfterQuote : At.EscapeAfterQuote;
    } else {
      this.#at = inText ? At.TextAfterBackslash : At.EscapeAfterBackslash;
      this.#halfCharacter = this.#highBytesBefore(buffer, at, start) % 2 === 1;
    }
    return at + 1;
  }

  /** A backslash that means nothing, but would if standard_conforming_strings were off. */
  #textAfterBackslash(buffer: Buffer, at: number, end: number): number {
    const byte = buffer[at] ?? 0;
    this.#at = At.Text;
    if (this.#backslashEscapes !== undefined) return at;
    if (this.#words.inCode) this.#words.disguised();
    if (byte === QUOTE || byte === BACKSLASH) {
      this.#backslashEscapes = false;
      const other = this.#fork();
      other.#backslashEscapes = true;
      other.#at = At.EscapeAfterBackslash;
      other.feed(buffer, at, end);
    }
    return at;
  }

  /** A backslash that makes the next byte part of the literal, unless it belongs to a character. */
  #escapeAfterBackslash(buffer: Buffer, at: number, end: number): number {
    const byte = buffer[at] ?? 0;
    this.#at = At.Escape;
    if (this.#halfCharacter && (byte === QUOTE || byte === BACKSLASH)) {
      if (this.#wideBackslash === undefined) {
        this.#wideBackslash = false;
        const other = this.#fork();
        other.#wideBackslash = true;
        other.feed(buffer, at, end);
      }
      if (this.#wideBackslash) return at;
    }
    if (PLAIN_ESCAPES[byte] !== 1) this.#words.disguised();
    return at + 1;
  }

  /** A quote ends a literal, unless there are two. */
  #afterQuote(buffer: Buffer, at: number, inside: number, before: number): number {
    if (buffer[at] === QUOTE) {
      this.#at = inside;
      return at + 1;
    }
    this.#at = At.Between;
    this.#before = before;
    return at;
  }

  /** Behind a dollar: a parameter, or the tag of a literal up to the next dollar. */
  #dollarTag(byte: number, at: number): number {
    switch (this.#dollarQuote.open(byte)) {
      case 'tag':
        return at + 1;
      case 'too long':
        this.#bits |= ANYTHING;
        return at + 1;
      case 'literal':
        this.#words.begin();
        this.#at = At.Dollar;
        return at + 1;
      default:
        this.#before = 0;
        this.#at = At.Between;
        return at;
    }
  }

  #dollarText(buffer: Buffer, from: number, end: number): number {
    const at = this.#dollarQuote.read(buffer, from, end, this.#words);
    if (at >= 0) return at;
    this.#before = Before.Text;
    this.#at = At.Between;
    return -at;
  }

  /** A quoted identifier. Its case is ignored, which may take another for one that counts. */
  #quoted(buffer: Buffer, from: number, end: number): number {
    let hash = this.#hash;
    for (let at = from; at < end; at++) {
      const byte = buffer[at] ?? 0;
      if (byte === DOUBLE_QUOTE) {
        this.#hash = hash;
        this.#at = At.QuotedAfterQuote;
        return at + 1;
      }
      hash = Math.imul(hash ^ (FOLDED[byte] || byte), HASH_PRIME);
    }
    this.#hash = hash;
    return end;
  }

  #afterDoubleQuote(buffer: Buffer, at: number): number {
    if (buffer[at] === DOUBLE_QUOTE) {
      this.#hash = Math.imul(this.#hash ^ DOUBLE_QUOTE, HASH_PRIME);
      this.#at = At.Quoted;
      return at + 1;
    }
    this.#at = At.Between;
    this.#endWord();
    return at;
  }

  /** Two symbols begin a comment; one is just a symbol. */
  #afterSymbol(byte: number, at: number, second: number, comment: number): number {
    if (byte === second) {
      this.#comment.begin();
      this.#at = comment;
      return at + 1;
    }
    this.#before = 0;
    this.#at = At.Between;
    return at;
  }

  /** Inside a comment; `at`: how far it was read, negative when it is over. */
  #inComment(at: number): number {
    if (at >= 0) return at;
    this.#at = At.Between;
    return -at;
  }

  /** How many bytes over 127 stand directly before `at`, in this piece and in those before it. */
  #highBytesBefore(buffer: Buffer, at: number, start: number): number {
    let first = at;
    while (first > start && (buffer[first - 1] ?? 0) >= HIGH) first--;
    return at - first + (first === start ? this.#highBytes : 0);
  }

  /** Another reading, which is as far as this one. */
  #fork(): Reading {
    const other = new Reading(this.#all);
    this.#all.push(other);
    other.#words.copy(this.#words);
    other.#bits = this.#bits | LOOK_UNSURE;
    other.#at = this.#at;
    other.#before = this.#before;
    other.#halfCharacter = this.#halfCharacter;
    other.#backslashEscapes = this.#backslashEscapes;
    other.#wideBackslash = this.#wideBackslash;
    return other;
  }
}
