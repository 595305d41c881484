import path from 'node:path';
import type { Findings, Place } from '../finding';
import { type IniEntry, isBlankOrComment, readAssignment } from '../ini-assignment';
import { ENVIRONMENT, type FileAccess, type IniFile } from '../ini-file';
import type { GLOBAL_SETTINGS } from '../settings';
import { type DatabaseUrl, readDatabaseUrl } from './database-url';
import {
  type Environment,
  namesSet,
  PREFIX,
  readVariables,
  TEXTS,
  type Variable,
} from './variables';

/** Name of the file that auth_file names when users are in variables. */
const USERLIST = `${ENVIRONMENT}${PREFIX}USERLIST`;

/**
 * What holds without a file unless variables say otherwise. Nobody could reach a container that has only
 * the defaults of the table.
 */
export const DEFAULTS = {
  listen_addr: '*',
  unix_socket_dir: '',
  auth_type: 'scram-sha-256',
  metrics_addr: '*:9930',
} as const satisfies Partial<Record<keyof typeof GLOBAL_SETTINGS, string>>;

interface Access extends Pick<FileAccess, 'cwd' | 'readFile'> {
  readonly findings: Findings;
}

/** The environment as files that can be read: one configuration, and its list of users. */
export class EnvironmentFiles {
  readonly #environment: Environment;
  readonly #access: Access;
  #userlist: string | undefined;
  #wasRead = false;

  constructor(environment: Environment, access: Access) {
    this.#environment = environment;
    this.#access = access;
  }

  /** As that of the system, and of the list of users as well. */
  readonly readFile = (file: string): string => {
    const { cwd, readFile } = this.#access;
    const isList = this.#userlist !== undefined && file === path.resolve(cwd, USERLIST);
    return isList ? (this.#userlist ?? '') : readFile(file);
  };

  /** What the variables say, as entries of a file. Where they stand is the name of the variable. */
  readonly read = ({ isWhole }: { readonly isWhole: boolean }): IniFile => {
    this.#wasRead = true;
    const { findings } = this.#access;
    const variables = readVariables(this.#environment, this.#access, findings);
    const of = (word: keyof typeof TEXTS) => variables.find((variable) => variable.word === word);
    const url = of('database_url');
    const database = url === undefined ? undefined : readUrl(url, findings);
    const settings = variables.filter(({ word }) => !Object.hasOwn(TEXTS, word));
    const whole = { file: ENVIRONMENT, line: 0 };
    const entries = [
      ...(isWhole ? Object.entries(DEFAULTS).map((one) => entry('pgbouncer', one, whole)) : []),
      ...settings.map(({ word, text, ...place }) => entry('pgbouncer', [word, text.trim()], place)),
      ...this.#users(of('userlist'), { database, url, authFile: settings.find(isAuthFile) }),
      ...(url === undefined || database === undefined
        ? []
        : [entry('databases', [database.name, database.entry], url)]),
      ...(['databases', 'users', 'peers'] as const).flatMap((section) =>
        sectionEntries(of(section), section, findings),
      ),
    ];
    if (isWhole && url === undefined && of('databases') === undefined) {
      const message = `no database: set ${PREFIX}DATABASE_URL or ${PREFIX}DATABASES`;
      findings.problem(whole, message);
    }
    return { entries, sections: [{ ...whole, name: 'pgbouncer' }] };
  };

  /** Somebody who has set variables and named a file may think that both hold. */
  warnIfUnread(file: string): void {
    if (this.#wasRead) return;
    const names = namesSet(this.#environment);
    if (names.length === 0) return;
    const what = `${names.join(', ')}: without effect, as this file has no line %include ${ENVIRONMENT}`;
    this.#access.findings.warning({ file, line: 0 }, what);
  }

  /** Makes the list of users, and says where it is. */
  #users(
    list: Variable | undefined,
    {
      database,
      url,
      authFile,
    }: {
      readonly database: Extract<DatabaseUrl, { readonly kind: 'ok' }> | undefined;
      readonly url: Variable | undefined;
      readonly authFile: Variable | undefined;
    },
  ): readonly IniEntry[] {
    const login = database?.login;
    const source = list ?? (login === undefined ? undefined : url);
    if (source === undefined) return [];
    if (authFile !== undefined) {
      const message = `${authFile.file} is set as well: users come from one of both`;
      this.#access.findings.problem(source, message);
      return [];
    }
    const line = login === undefined ? '' : `${quoted(login.user)} ${quoted(login.password)}`;
    this.#userlist = `${list?.text ?? ''}\n${line}\n`;
    return [entry('pgbouncer', ['auth_file', USERLIST], source)];
  }
}

function isAuthFile({ word }: Variable): boolean {
  return word === 'auth_file';
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function readUrl(
  variable: Variable,
  findings: Findings,
): Extract<DatabaseUrl, { readonly kind: 'ok' }> | undefined {
  const read = readDatabaseUrl(variable.text);
  if (read.kind === 'ok') return read;
  findings.problem(variable, read.message);
  return undefined;
}

function sectionEntries(
  variable: Variable | undefined,
  section: string,
  findings: Findings,
): readonly IniEntry[] {
  if (variable === undefined) return [];
  return variable.text.split(/\r?\n/).flatMap((line, index, lines) => {
    if (isBlankOrComment(line)) return [];
    const place = { file: variable.file, line: lines.length === 1 ? 0 : index + 1 };
    return splitEntries(line).flatMap((text) => {
      const read = readAssignment(text, place, findings);
      return read === undefined ? [] : [entry(section, [read.key, read.value], place)];
    });
  });
}

/** At each ; that is not between single quotes: some places take no line ends. */
function splitEntries(line: string): readonly string[] {
  const parts = line.split(';');
  const entries: string[] = [];
  let open = '';
  for (const part of parts) {
    open += part;
    if (open.split("'").length % 2 === 0) open += ';';
    else {
      entries.push(open);
      open = '';
    }
  }
  return [...entries, open].filter((text) => text.trim() !== '');
}

function entry(
  section: string,
  [key, value]: readonly [key: string, value: string],
  { file, line }: Place,
): IniEntry {
  return { file, line, section, key, value };
}
