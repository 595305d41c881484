import path from 'node:path';
import { errorCode, reasonOf } from '../system-error';
import { type Findings, type Place, quoted } from './finding';
import { type IniEntry, isBlankOrComment, readAssignment } from './ini-assignment';

export interface IniSection extends Place {
  readonly name: string;
}

export interface IniFile {
  /** In the order of the files; a later assignment of the same key replaces an earlier one. */
  readonly entries: readonly IniEntry[];
  readonly sections: readonly IniSection[];
}

export interface FileAccess {
  readonly cwd: string;
  /** The text of a file. @throws the system's error with `code` */
  readFile(file: string): string;
  /** What stands for the file `env:`. `isWhole`: it is the configuration, not a part of a file. */
  readonly environment?: (use: { readonly isWhole: boolean }) => IniFile;
}

/** In place of a file's name: the environment of this process. */
export const ENVIRONMENT = 'env:';

/** PgBouncer's limit. */
const NESTING_MAX = 10;
/** Nesting alone does not bound the work: each of ten levels may include the next many times. */
const INCLUDES_MAX = 1000;

/**
 * Reads a file in the syntax of pgbouncer.ini and everything it includes. Reads on after a mistake, so
 * that all of them are reported at once.
 */
export function readIniFile(file: string, access: FileAccess, findings: Findings): IniFile {
  if (file === ENVIRONMENT && access.environment !== undefined) {
    return access.environment({ isWhole: true });
  }
  const reader = new IniReader(access, findings);
  reader.read(path.resolve(access.cwd, file), file, [], { file, line: 0 });
  return { entries: reader.entries, sections: reader.sections };
}

const INCLUDE = /^\s*%include\s+(.*\S)\s*$/;
const SECTION = /^\s*\[([^\]]*)\]\s*$/;

class IniReader {
  readonly entries: IniEntry[] = [];
  readonly sections: IniSection[] = [];
  readonly #access: FileAccess;
  readonly #findings: Findings;
  /** An included file goes on in the section of the `%include`, and may leave another one open. */
  #section: string | undefined;
  #includes = 0;

  constructor(access: FileAccess, findings: Findings) {
    this.#access = access;
    this.#findings = findings;
  }

  /** `resolved` is the absolute path, `shown` the name in messages, `outer` the files around it. */
  read(resolved: string, shown: string, outer: readonly string[], from: Place): void {
    const text = this.#load(resolved, shown, from);
    if (text === undefined) return;
    const files = [...outer, resolved];
    const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
    lines.forEach((line, index) => {
      this.#line(line, { file: shown, line: index + 1 }, files);
    });
  }

  #load(resolved: string, shown: string, from: Place): string | undefined {
    try {
      return this.#access.readFile(resolved);
    } catch (error) {
      this.#findings.problem(from, `cannot read ${quoted(shown)}: ${reasonOf(error)}`);
      return undefined;
    }
  }

  #line(line: string, place: Place, files: readonly string[]): void {
    if (isBlankOrComment(line)) return;
    if (line.includes('\0')) {
      this.#findings.problem(place, 'the line contains a NUL byte');
      return;
    }
    const include = INCLUDE.exec(line)?.[1];
    if (include !== undefined) {
      this.#include(include, place, files);
      return;
    }
    const section = SECTION.exec(line)?.[1];
    if (section !== undefined) {
      this.#section = section;
      this.sections.push({ ...place, name: section });
      return;
    }
    this.#assignment(line, place);
  }

  #assignment(line: string, place: Place): void {
    const assigned = readAssignment(line, place, this.#findings);
    if (assigned === undefined) return;
    if (this.#section === undefined) {
      this.#findings.problem(place, `${quoted(assigned.key)} stands before the first [section]`);
      return;
    }
    this.entries.push({ ...place, section: this.#section, ...assigned });
  }

  #include(name: string, place: Place, files: readonly string[]): void {
    const beside = path.dirname(files.at(-1) ?? this.#access.cwd);
    // PgBouncer resolves against the working directory; the folder of the file is what people expect.
    const candidates = [path.resolve(this.#access.cwd, name), path.resolve(beside, name)];
    const resolved =
      candidates.find((candidate) => this.#exists(candidate)) ?? candidates[0] ?? name;
    this.#includes += 1;
    if (files.includes(resolved)) {
      const loop = [...files.slice(files.indexOf(resolved)), resolved].join(' -> ');
      this.#findings.problem(
        place,
        `%include ${quoted(name)}: the files include each other: ${loop}`,
      );
    } else if (files.length > NESTING_MAX) {
      this.#findings.problem(place, `%include ${quoted(name)}: nested deeper than ${NESTING_MAX}`);
    } else if (this.#includes > INCLUDES_MAX) {
      this.#findings.problem(place, `%include ${quoted(name)}: more than ${INCLUDES_MAX} includes`);
    } else if (name === ENVIRONMENT && this.#access.environment !== undefined) {
      const { entries, sections } = this.#access.environment({ isWhole: false });
      this.entries.push(...entries);
      this.sections.push(...sections);
    } else {
      this.read(resolved, shownAs(resolved, this.#access.cwd), files, place);
    }
  }

  #exists(file: string): boolean {
    try {
      this.#access.readFile(file);
      return true;
    } catch (error) {
      // Any other failure belongs to this very file and is reported when it is read.
      return errorCode(error) !== 'ENOENT';
    }
  }
}

function shownAs(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative.startsWith('..') ? file : relative;
}
