/**
 * One piece of a line of an HBA or ident file. Quoted text is never a keyword. `option`: `name="value"`,
 * without the quotes.
 */
export type RuleToken =
  | { readonly kind: 'word' | 'quoted' | 'option'; readonly text: string }
  | { readonly kind: 'comma' };

export type LineTokens =
  | { readonly kind: 'ok'; readonly tokens: readonly RuleToken[] }
  | { readonly kind: 'bad'; readonly message: string };

/** Longer lines are a mistake, or no text file. */
const LINE_CHARACTERS_MAX = 8192;
const COMMA: RuleToken = { kind: 'comma' };
const PIECE = /\s+|#.*|(,)|"((?:[^"]|"")*)"|([^\s,#"]+)/y;
/** Where `#` has no meaning. */
const PIECE_OF_SETTING = /\s+|(,)|"((?:[^"]|"")*)"|([^\s,"]+)/y;

/**
 * Takes a line apart: words, "quoted" text with `""` for a quote, and commas. A comment begins with `#`
 * anywhere outside quotes. PostgreSQL and PgBouncer read a quote in the middle of a word differently, so
 * that is no line at all.
 */
export function ruleTokens(line: string, { comments = true } = {}): LineTokens {
  if (line.length > LINE_CHARACTERS_MAX) {
    return bad(`the line is longer than ${LINE_CHARACTERS_MAX} characters`);
  }
  if (line.includes('\0')) return bad('the line contains a NUL byte');
  const tokens: RuleToken[] = [];
  const piece = new RegExp(comments ? PIECE : PIECE_OF_SETTING);
  /** A word or quoted text ends here: another may not follow at once. */
  let nameEnd = -1;
  for (let at = 0; at < line.length; at = piece.lastIndex) {
    piece.lastIndex = at;
    const match = piece.exec(line);
    if (match === null) return bad('a quote is not closed');
    const [, comma, inQuotes, word] = match;
    if (comma !== undefined) tokens.push(COMMA);
    else if (inQuotes !== undefined || word !== undefined) {
      const isValue = nameEnd === at && inQuotes !== undefined && takesValue(tokens.at(-1));
      if (nameEnd === at && !isValue) return bad(IN_THE_MIDDLE);
      nameEnd = piece.lastIndex;
      const name = isValue ? tokens.pop() : undefined;
      const text = inQuotes === undefined ? (word ?? '') : inQuotes.replaceAll('""', '"');
      if (name !== undefined && name.kind !== 'comma') {
        tokens.push({ kind: 'option', text: name.text + text });
      } else tokens.push({ kind: inQuotes === undefined ? 'word' : 'quoted', text });
    }
  }
  return { kind: 'ok', tokens };
}

const IN_THE_MIDDLE = 'a quote stands in the middle of a name';

/** `name=`, behind which a value in quotes may stand. */
function takesValue(token: RuleToken | undefined): boolean {
  return token?.kind === 'word' && /^[a-z]+=$/.test(token.text);
}

function bad(message: string): LineTokens {
  return { kind: 'bad', message };
}

/** A line is not what it should be. Only thrown and caught within the readers of one folder. */
export class LineFault extends Error {
  override readonly name = 'LineFault';
}

/** A name, or text in quotes. */
export interface NameToken {
  readonly kind: 'word' | 'quoted';
  readonly text: string;
}

/** Reads the tokens of one line from left to right. */
export class TokenCursor {
  readonly #tokens: readonly RuleToken[];
  #at = 0;

  /** @throws LineFault */
  constructor(line: string, options: { readonly comments?: boolean } = {}) {
    const read = ruleTokens(line, options);
    if (read.kind === 'bad') throw new LineFault(read.message);
    this.#tokens = read.tokens;
  }

  get atEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** The next token, which stays there; undefined at the end of the line. */
  get next(): RuleToken | undefined {
    return this.#tokens[this.#at];
  }

  /** @throws LineFault when there is no name (a word or quoted text) next */
  name(what: string): NameToken {
    const token = this.#taken(what);
    const { kind, text } = token;
    if (kind === 'option') throw new LineFault(IN_THE_MIDDLE);
    return { kind, text };
  }

  /** `name=value`, where the value or the whole may stand in quotes. @throws LineFault */
  option(what: string): string {
    return this.#taken(what).text;
  }

  /** @throws LineFault */
  #taken(what: string): Exclude<RuleToken, { readonly kind: 'comma' }> {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new LineFault(`${what} is missing`);
    if (token.kind === 'comma') throw new LineFault(`expected ${what} and found a comma`);
    this.#at++;
    return token;
  }

  /** Steps over a comma, if one is next. */
  comma(): boolean {
    const found = this.next?.kind === 'comma';
    if (found) this.#at++;
    return found;
  }
}

/** The lines of a text, without a mark at its beginning. */
export function linesOf(text: string): readonly string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}
