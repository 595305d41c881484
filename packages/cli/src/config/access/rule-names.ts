import path from 'node:path';
import type { NameList } from '@pgweir/pooler';
import { reasonOf } from '../../system-error';
import { type Findings, type Place, quoted } from '../finding';
import type { FileAccess } from '../ini-file';
import { LineFault, linesOf, TokenCursor } from './rule-tokens';

/** A list may name a file that names files, and so on. */
const NESTING_MAX = 10;
/** Of all lists of a file together: nesting alone does not bound the work. */
const INCLUDES_MAX = 1000;
const NAMES_MAX = 100_000;
const BAD_LINES_MAX = 100;

/** A file while it is read. */
export interface OpenFile {
  /** Absolute. */
  readonly resolved: string;
  /** As messages show it. */
  readonly shown: string;
  /** The files that led here. */
  readonly outer: readonly string[];
}

interface GrowingList {
  all: boolean;
  sameUser: boolean;
  replication: boolean;
  readonly names: Set<string>;
}

/** Where a list stands, and what it lists. */
interface ListContext {
  readonly of: 'database' | 'user';
  readonly file: OpenFile;
  readonly line: number;
}

/** Reads lists of names, and the files that they name with `@`. */
export class NameLists {
  readonly #access: FileAccess;
  readonly #findings: Findings;
  #includes = 0;
  #names = 0;
  #badLines = 0;

  constructor(access: FileAccess, findings: Findings) {
    this.#access = access;
    this.#findings = findings;
  }

  /** One field: names with commas between them. @throws LineFault */
  read(cursor: TokenCursor, context: ListContext): NameList {
    const list = { all: false, sameUser: false, replication: false, names: new Set<string>() };
    this.#list(cursor, list, context);
    return { ...list, names: [...list.names] };
  }

  #list(cursor: TokenCursor, list: GrowingList, context: ListContext): void {
    do this.#item(cursor, list, context);
    while (cursor.comma());
  }

  #item(cursor: TokenCursor, list: GrowingList, context: ListContext): void {
    const { kind, text } = cursor.name(`the name of a ${context.of}`);
    if (kind === 'quoted') this.#add(text, list);
    else if (text.startsWith('@')) this.#include(text.slice(1), list, context);
    else if (!keyword(text, list, context)) this.#add(text, list);
  }

  #add(name: string, { names }: GrowingList): void {
    if (name === '') throw new LineFault('a name is empty');
    this.#names += 1;
    if (this.#names > NAMES_MAX) throw new LineFault(`more than ${NAMES_MAX} names`);
    names.add(name);
  }

  #include(name: string, list: GrowingList, context: ListContext): void {
    const { file } = context;
    const resolved = path.resolve(path.dirname(file.resolved), name);
    const files = [...file.outer, file.resolved];
    this.#includes += 1;
    if (name === '') throw new LineFault('behind @ the name of a file is missing');
    if (files.includes(resolved)) {
      const loop = [...files.slice(files.indexOf(resolved)), resolved].join(' -> ');
      throw new LineFault(`@${name}: the files include each other: ${loop}`);
    }
    if (files.length > NESTING_MAX)
      throw new LineFault(`@${name}: nested deeper than ${NESTING_MAX}`);
    if (this.#includes > INCLUDES_MAX) {
      throw new LineFault(`@${name}: more than ${INCLUDES_MAX} files`);
    }
    const text = this.#text(resolved, name);
    const shown = path.join(path.dirname(file.shown), name);
    const opened = { resolved, shown: path.isAbsolute(name) ? name : shown, outer: files };
    for (const [index, line] of linesOf(text).entries()) {
      this.#includedLine(line, list, { of: context.of, file: opened, line: index + 1 });
    }
  }

  /** Blanks, commas and ends of lines are the same here. */
  #includedLine(line: string, list: GrowingList, context: ListContext): void {
    const place: Place = { file: context.file.shown, line: context.line };
    try {
      const cursor = new TokenCursor(line);
      while (!cursor.atEnd) {
        if (!cursor.comma()) this.#item(cursor, list, context);
      }
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      this.#findings.problem(place, error.message);
      this.#badLines += 1;
      if (this.#badLines > BAD_LINES_MAX) throw new LineFault('too many bad lines in its files');
    }
  }

  #text(resolved: string, name: string): string {
    try {
      return this.#access.readFile(resolved);
    } catch (error) {
      throw new LineFault(`@${name}: cannot read ${quoted(resolved)}: ${reasonOf(error)}`);
    }
  }
}

/** @returns false: the word has no meaning of its own. @throws LineFault where we lack that meaning */
function keyword(word: string, list: GrowingList, { of }: ListContext): boolean {
  if (word.startsWith('+')) throw new LineFault(`${quoted(word)}: roles are not asked for members`);
  if (word.startsWith('/')) {
    throw new LineFault(`${quoted(word)}: regular expressions are not supported`);
  }
  if (word === 'samerole' || word === 'samegroup') {
    throw new LineFault(`${word} is not supported: roles are not asked for members`);
  }
  if (word === 'sameuser' && of === 'user') {
    // PgBouncer takes it for the keyword here too, PostgreSQL for a name.
    throw new LineFault('sameuser is for databases; a user of that name is put in quotes');
  }
  if (word === 'all') list.all = true;
  else if (word === 'sameuser') list.sameUser = true;
  else if (word === 'replication' && of === 'database') list.replication = true;
  else return false;
  return true;
}
