import path from 'node:path';
import { reasonOf } from '../../system-error';
import { type Findings, type Place, quoted } from '../finding';
import { suggestion } from '../nearest-name';
import { GLOBAL_SETTINGS } from '../settings';

/** As `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the name of every variable begins with that is ours. */
export const PREFIX = 'PGWEIR_';
/** Behind a name: the value is in the file that the variable names. */
const FILE = '_file';

/** What variables may say, besides a setting of `[pgbouncer]`. */
export const TEXTS = {
  database_url: 'One database as postgres://user:password@host:port/name?parameter=value.',
  databases: 'Entries of [databases], one a line, or with ; between.',
  userlist: 'Lines of auth_file: "user" "password".',
  users: 'Entries of [users], one a line, or with ; between.',
  peers: 'Entries of [peers], one a line, or with ; between.',
} as const;

/** Of a setting, or one of `TEXTS`. */
export interface Variable extends Place {
  readonly word: string;
  readonly text: string;
}

interface Access {
  readonly cwd: string;
  readonly readFile: (file: string) => string;
}

/** The variables that are ours, in the order of their names, with the text of those that name files. */
export function readVariables(
  environment: Environment,
  { cwd, readFile }: Access,
  findings: Findings,
): readonly Variable[] {
  const found = new Map<string, Variable>();
  for (const [name, text] of ours(environment)) {
    const place = { file: name, line: 0 };
    const meant = meaning(name);
    if (meant === undefined) {
      findings.problem(place, `unknown variable${suggestion(name, knownNames())}`);
      continue;
    }
    const before = found.get(meant.word);
    if (before !== undefined) {
      findings.problem(place, `${before.file} is set as well: only one of both can hold`);
      continue;
    }
    if (!meant.isFile) {
      found.set(meant.word, { ...place, word: meant.word, text });
      continue;
    }
    try {
      const content = readFile(path.resolve(cwd, text)).replace(/\r?\n$/, '');
      found.set(meant.word, { ...place, word: meant.word, text: content });
    } catch (error) {
      findings.problem(place, `cannot read ${quoted(text)}: ${reasonOf(error)}`);
    }
  }
  return [...found.values()];
}

/** Names of variables that would be read, were the environment read. */
export function namesSet(environment: Environment): readonly string[] {
  return ours(environment)
    .map(([name]) => name)
    .filter((name) => meaning(name) !== undefined);
}

function ours(environment: Environment): readonly (readonly [name: string, text: string])[] {
  return Object.entries(environment)
    .flatMap(([name, text]) => (text === undefined ? [] : [[name, text] as const]))
    .filter(([name, text]) => name.startsWith(PREFIX) && !isServiceLink(name, text))
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** A setting whose own name ends in `_file` is that setting. */
function meaning(name: string): { readonly word: string; readonly isFile: boolean } | undefined {
  const rest = name.slice(PREFIX.length);
  if (rest !== rest.toUpperCase()) return undefined;
  const word = rest.toLowerCase();
  if (isWord(word)) return { word, isFile: false };
  const without = word.endsWith(FILE) ? word.slice(0, -FILE.length) : '';
  return isWord(without) ? { word: without, isFile: true } : undefined;
}

function isWord(word: string): boolean {
  return Object.hasOwn(TEXTS, word) || Object.hasOwn(GLOBAL_SETTINGS, word);
}

function knownNames(): readonly string[] {
  return [...Object.keys(TEXTS), ...Object.keys(GLOBAL_SETTINGS)].flatMap((word) => {
    const name = `${PREFIX}${word.toUpperCase()}`;
    return [name, `${name}${FILE.toUpperCase()}`];
  });
}

const SERVICE_LINK = /_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?$/;

/** Kubernetes tells every container of a service `pgweir`, and of `pgweir-metrics`, by such variables. */
function isServiceLink(name: string, text: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && /^(?:tcp|udp|sctp):/.test(text));
}
