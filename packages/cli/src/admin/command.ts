/** What a text on the console asks for, before anybody has looked whether there is such a thing. */
export type Command =
  | { readonly kind: 'command'; readonly word: string; readonly argument: string | undefined }
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  | { readonly kind: 'switchover'; readonly database: string; readonly target: string }
  | { readonly kind: 'bad'; readonly message: string };

/** As PgBouncer: longer ones are bad arguments, whatever they say. */
const WORD_MAX = 15;
const ARGUMENT_MAX = 63;
const VALUE_MAX = 255;
/** No command is longer; what a stranger sends beyond it is not even looked at. */
const TEXT_MAX = 1000;

/** Commands whose argument is the name of a host, with its port or without: no quotes are needed. */
const HOST_COMMANDS: ReadonlySet<string> = new Set(['ban', 'unban']);

const BAD_ARGUMENTS: Command = { kind: 'bad', message: 'bad arguments' };

/**
 * Reads one command in PgBouncer's syntax: a word and an argument, `SET key = value` or `SET key TO
 * value`, `SWITCHOVER database TO host`, and a semicolon at the end if one likes. Names that are more
 * than letters, digits and underscores stand in double quotes. Takes time in proportion to the text.
 */
export function parseCommand(text: string): Command {
  if (text.length > TEXT_MAX) return BAD_ARGUMENTS;
  const scanner = new Scanner(text);
  const word = scanner.word();
  if (word === undefined) return invalid(text);
  if (word.toLowerCase() === 'set') return parseSet(text, scanner);
  if (word.toLowerCase() === 'switchover') return parseSwitchover(text, scanner);
  const namesHost = HOST_COMMANDS.has(word.toLowerCase());
  const argument = scanner.atEnd ? undefined : namesHost ? scanner.host() : scanner.word();
  if (!scanner.atEnd) return invalid(text);
  const argumentMax = namesHost ? VALUE_MAX : ARGUMENT_MAX;
  if (word.length > WORD_MAX || (argument?.length ?? 0) > argumentMax) return BAD_ARGUMENTS;
  return { kind: 'command', word: word.toLowerCase(), argument };
}

function parseSet(text: string, scanner: Scanner): Command {
  const key = scanner.word();
  if (key === undefined || !scanner.assignment()) return invalid(text);
  const value = scanner.value();
  if (value === undefined || !scanner.atEnd) return invalid(text);
  if (key.length > ARGUMENT_MAX || value.length > VALUE_MAX) return BAD_ARGUMENTS;
  return { kind: 'set', key: key.toLowerCase(), value };
}

function parseSwitchover(text: string, scanner: Scanner): Command {
  const database = scanner.word();
  if (database === undefined || scanner.word()?.toLowerCase() !== 'to') return invalid(text);
  const target = scanner.host();
  if (target === undefined || !scanner.atEnd) return invalid(text);
  if (database.length > ARGUMENT_MAX || target.length > VALUE_MAX) return BAD_ARGUMENTS;
  return { kind: 'switchover', database, target };
}

/** What PgBouncer says to everything that it does not know. */
export function invalidText(text: string): string {
  return `invalid command '${text}', use SHOW HELP;`;
}

function invalid(text: string): Command {
  return { kind: 'bad', message: invalidText(text) };
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #skipSpace(): void {
    while (SPACE.has(this.#text[this.#at] ?? '')) this.#at++;
  }

  /** Nothing follows but a semicolon and space. */
  get atEnd(): boolean {
    this.#skipSpace();
    let at = this.#at;
    if (this.#text[at] === ';') at++;
    while (SPACE.has(this.#text[at] ?? '')) at++;
    return at === this.#text.length;
  }

  /** A name, in quotes or without. */
  word(): string | undefined {
    this.#skipSpace();
    if (this.#text[this.#at] === '"') return this.#quoted('"');
    return this.#while((character) => /^[0-9a-z_]$/i.test(character));
  }

  /** The name of a host, in quotes or without. */
  host(): string | undefined {
    this.#skipSpace();
    return this.#text[this.#at] === '"' ? this.#quoted('"') : this.value();
  }

  /** `=` or TO. */
  assignment(): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] === '=') {
      this.#at++;
      return true;
    }
    return this.word()?.toLowerCase() === 'to';
  }

  /** A text in single quotes, or everything up to a space or semicolon. */
  value(): string | undefined {
    this.#skipSpace();
    if (this.#text[this.#at] === "'") return this.#quoted("'");
    return this.#while((character) => !SPACE.has(character) && !';\'"'.includes(character));
  }

  #while(belongs: (character: string) => boolean): string | undefined {
    const start = this.#at;
    while (this.#at < this.#text.length && belongs(this.#text[this.#at] ?? '')) this.#at++;
    return this.#at === start ? undefined : this.#text.slice(start, this.#at);
  }

  #quoted(quote: string): string | undefined {
    const parts: string[] = [];
    let from = this.#at + 1;
    for (;;) {
      const end = this.#text.indexOf(quote, from);
      if (end < 0) return undefined;
      parts.push(this.#text.slice(from, end));
      if (this.#text[end + 1] !== quote) {
        this.#at = end + 1;
        return parts.join(quote);
      }
      from = end + 2;
    }
  }
}

const SPACE = new Set([' ', '\t', '\n', '\r']);
