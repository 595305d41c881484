const SUMMARY_CHARACTERS_MAX = 200;
/** What is further behind is not looked at: so much of a statement is mostly data. */
const READ_CHARACTERS_MAX = 4096;

const BLANKS = /\s+/y;
const LINE_COMMENT = /--[^\r\n]*/y;
const COMMENT_EDGE = /\/\*|\*\//g;
const ESCAPE_STRING = /e'(?:[^'\\]|\\[\s\S]|'')*(?:'|\\?$)/iy;
const STRING = /(?:[bxn]|u&)?'(?:[^']|'')*(?:'|$)/iy;
const DOLLAR_QUOTE = /\$(?:[a-z_\x80-\uffff][\w\x80-\uffff]*)?\$/iy;
const NUMBER = /\.?\d(?:e[+-]?\d|[\w.])*/iy;
/** Names, quoted names and the numbers of parameters are shown. */
const SHOWN = /[a-z_\x80-\uffff][\w$\x80-\uffff]*|"(?:[^"]|"")*(?:"|$)|\$\d+/iy;

/**
 * A statement as it may be shown to an operator: one line of at most 200 characters, or as many as are
 * asked for, without comments, with a question mark in place of each literal and of what follows the name
 * in a SET. Its first 4096 characters are enough. What is kept of a long text is a copy.
 */
export function statementSummary(text: string, charactersMax = SUMMARY_CHARACTERS_MAX): string {
  const read = text.slice(0, READ_CHARACTERS_MAX);
  const summary = new Summary(read, charactersMax).text();
  const cut = summary.length > charactersMax;
  const shown = cut ? summary.slice(0, charactersMax - 1) : summary;
  // A part of a string keeps the whole in memory.
  return Buffer.from(cut || read.length < text.length ? `${shown}…` : shown).toString();
}

class Summary {
  readonly #sql: string;
  readonly #charactersMax: number;
  #at = 0;
  #shown = '';
  #blank = false;
  #token = '';
  /**
   * Where in its statement the next token stands. `definition`: in one that may have a SET in it, as ALTER
   * ROLE and CREATE FUNCTION; `value`: behind the name in a SET.
   */
  #place: 'first' | 'definition' | 'set' | 'value' | 'other' = 'first';

  constructor(sql: string, charactersMax: number) {
    this.#sql = sql;
    this.#charactersMax = charactersMax;
  }

  text(): string {
    while (this.#at < this.#sql.length && this.#shown.length <= this.#charactersMax) {
      if (!this.#next()) return `${this.#shown}…`;
    }
    return this.#shown;
  }

  /** @returns false when nobody can say where the next literal ends */
  #next(): boolean {
    if (this.#eats(BLANKS) || this.#eats(LINE_COMMENT) || this.#eatsComment()) this.#blank = true;
    else if (this.#eats(ESCAPE_STRING)) this.#show('?');
    else if (this.#eats(STRING)) {
      this.#show('?');
      // Whether that quote is a part of the text depends on standard_conforming_strings.
      if (this.#token.includes("\\'")) return false;
    } else if (this.#eatsDollarQuoted() || this.#eats(NUMBER)) this.#show('?');
    else if (this.#eats(SHOWN)) this.#show(this.#token.replace(/[\s\p{Cc}]+/gu, ' '));
    else this.#show(this.#sql.charAt(this.#at++));
    return true;
  }

  #eats(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#sql);
    if (found === null) return false;
    this.#token = found[0];
    this.#at = pattern.lastIndex;
    return true;
  }

  /** Comments may stand inside comments. */
  #eatsComment(): boolean {
    if (!this.#sql.startsWith('/*', this.#at)) return false;
    COMMENT_EDGE.lastIndex = this.#at;
    let depth = 0;
    for (;;) {
      const edge = COMMENT_EDGE.exec(this.#sql);
      if (edge === null) {
        this.#at = this.#sql.length;
        return true;
      }
      depth += edge[0] === '/*' ? 1 : -1;
      this.#at = COMMENT_EDGE.lastIndex;
      if (depth === 0) return true;
    }
  }

  #eatsDollarQuoted(): boolean {
    if (!this.#eats(DOLLAR_QUOTE)) return false;
    const end = this.#sql.indexOf(this.#token, this.#at);
    this.#at = end === -1 ? this.#sql.length : end + this.#token.length;
    return true;
  }

  #show(token: string): void {
    if (this.#place === 'value') {
      this.#blank = false;
      if (token !== ';') return;
    }
    if (this.#blank && this.#shown !== '') this.#shown += ' ';
    this.#blank = false;
    this.#shown += token;
    const word = token.toLowerCase();
    if (token === ';') this.#place = 'first';
    else if (this.#place === 'first') this.#place = placeBehind(word);
    else if (this.#place === 'definition' && word === 'set') this.#place = 'set';
    else if (this.#place === 'set' && (word === '=' || word === 'to')) {
      this.#place = 'value';
      this.#shown += ' ?';
    }
  }
}

/** Where what follows the first word of a statement stands. */
function placeBehind(word: string): 'definition' | 'set' | 'other' {
  if (word === 'set') return 'set';
  return word === 'alter' || word === 'create' ? 'definition' : 'other';
}
