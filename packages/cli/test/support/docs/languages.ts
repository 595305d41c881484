import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadGrammar } from '@pgweir/pooler';
import { certsDir } from '@pgweir/testkit';
import { transformSync } from 'esbuild';
import { parse as parseYaml } from 'yaml';
import { parseCommand } from '../../../src/admin/command';
import { isCommand } from '../../../src/admin/commands';
import { formatFinding } from '../../../src/config/finding';
import { type LoadOptions, loadConfig } from '../../../src/config/load';
import { onPath } from '../../e2e/support/programs';
import type { Block } from './pages';

/** What is wrong with a block; nothing: it is as its language has it. */
type Check = (block: Block) => Promise<readonly string[]> | readonly string[];

/**
 * How each language of a block is checked. To add one, add a row; `text` is for what programs print, and
 * `sh` is looked at command by command besides (`shell-table.ts`).
 */
export const LANGUAGES: Readonly<Record<string, Check>> = {
  text: () => [],
  ini: ({ text }) => configProblems(text),
  userlist: ({ text }) => configProblems('', { userlist: text }),
  hba: ({ text }) =>
    configProblems(`auth_type = hba\nauth_hba_file = hba\nauth_ident_file = ident\n${IAM}`, {
      hba: text,
    }),
  ident: ({ text }) =>
    configProblems('auth_type = hba\nauth_hba_file = hba\nauth_ident_file = ident', {
      ident: text,
    }),
  'iam-map': ({ text }) => configProblems(`auth_type = iam\n${IAM}`, { map: text }),
  sql: ({ text }) => sqlProblems(text),
  sh: ({ text }) => program('bash', ['-n'], text),
  systemd: ({ text }) =>
    text
      .split('\n')
      .filter((line) => !/^(\[[A-Z]\w+\]|[A-Z]\w+=.*|[#;].*|)$/.test(line))
      .map((line) => `"${line}" is no line of a unit`),
  json: ({ text }) => attempt(() => JSON.parse(text)),
  yaml: ({ text }) => attempt(() => parseYaml(text)),
  js: ({ text }) => attempt(() => transformSync(text, { loader: 'js' })),
  ts: ({ text }) => attempt(() => transformSync(text, { loader: 'ts' })),
  python: ({ text }) => program('python3', ['-c', PYTHON], text),
  go: ({ text }) => program('gofmt', ['-e'], `package p\n\n${text}`),
  // Of others: nothing here can check them, and pages say so where they matter.
  haproxy: () => [],
};

/** Why a block of this language may go unchecked on this machine. */
export function missingProgram(language: string): string | undefined {
  const needed: Readonly<Record<string, string>> = { sh: 'bash', python: 'python3', go: 'gofmt' };
  const name = needed[language];
  return name === undefined || onPath(name) ? undefined : name;
}

/** Makes a token, where the modules are there that a program wants; otherwise it is only read. */
const PYTHON = `
import ast, os, sys
text = sys.stdin.read()
ast.parse(text)
if "def pgweir_token" in text:
    os.environ.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="none")
    names = {}
    try:
        exec(text, names)
    except ImportError as error:
        print("not run:", error)
        sys.exit(0)
    assert names["pgweir_token"]("pgweir.example.org", "eu-central-1").startswith("pgweir-iam-v1.")
`;

const IAM = `iam_server_name = pgweir.example.org
iam_sts_regions = eu-central-1
iam_map_file = map
client_tls_sslmode = require
client_tls_key_file = a.key
client_tls_cert_file = a.crt`;

/** Files that examples name, by the end of their names. */
const FILES: readonly (readonly [RegExp, string])[] = [
  [/hba(\.conf)?$/, 'host all all all scram-sha-256\n'],
  [/ident(\.conf)?$/, 'ops one two\n'],
  [
    /map$/,
    'iam arn:aws:iam::123456789012:user/one two\npeople arn:aws:iam::123456789012:user/one two\n',
  ],
  [/\.ini$/, ''],
  [/(users?|userlist)(\.txt)?$/, '"one" "two"\n'],
];

function configProblems(
  ini: string,
  given: Readonly<Record<string, string>> = {},
): readonly string[] {
  // What begins with settings is of [pgbouncer]; what it does not say about logins goes without.
  const whole = /^\s*\[/m.test(ini) ? ini : `[pgbouncer]\n${ini}`;
  const text = /^\s*auth_type\s*=/m.test(whole)
    ? whole
    : `[pgbouncer]\nauth_type = scram-sha-256\n${whole}`;
  const withUsers = /^\s*auth_file\s*=/m.test(text)
    ? text
    : `[pgbouncer]\nauth_file = userlist\n${text}`;
  const readFile: LoadOptions['readFile'] = (file) => {
    const name = file.split('/').at(-1) ?? '';
    if (name === 'example.ini') return withUsers;
    const own = given[name];
    if (own !== undefined) return own;
    if (/\.(key)$/.test(name)) return readFileSync(join(certsDir(), 'server.key'), 'utf8');
    if (/\.(crt|pem)$/.test(name)) return readFileSync(join(certsDir(), 'server.crt'), 'utf8');
    const found = FILES.find(([end]) => end.test(name));
    if (found !== undefined) return found[1];
    throw Object.assign(new Error(`ENOENT: ${file}`), { code: 'ENOENT' });
  };
  const result = loadConfig('example.ini', { cwd: '/etc/pgweir', readFile });
  const comments = ini.split('\n').filter((line) => /^\s*[^;#\s].*\s;\s/.test(line));
  return [
    ...(result.kind === 'ok' ? [] : result.problems.map(formatFinding)),
    ...comments.map((line) => `a comment behind a value is part of the value: ${line}`),
  ];
}

/** Commands of the console, or SQL by PostgreSQL's own grammar; lines of psql are left out. */
async function sqlProblems(text: string): Promise<readonly string[]> {
  const commands = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*(--|\\)/.test(line));
  if (commands.every((line) => isCommand(parseCommand(line)))) return [];
  const grammar = await loadGrammar();
  const known = grammar.statements(commands.join('\n')) !== undefined;
  return known ? [] : [`neither a command of the console nor SQL: ${commands.join(' ')}`];
}

function attempt(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    return [String(error)];
  }
}

function program(name: string, args: readonly string[], input: string): readonly string[] {
  if (!onPath(name)) return [];
  const { status, stderr } = spawnSync(name, args, { encoding: 'utf8', input });
  return status === 0 ? [] : [stderr];
}
