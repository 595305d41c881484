import { parseCommand } from '../../src/admin/command';
import { isCommand } from '../../src/admin/commands';
import { SETTINGS } from '../../src/config/settings';
import type { SettingTable } from '../../src/config/settings/row';
import { readPages, type Spot } from '../support/docs/pages';

/** Of PostgreSQL, of libpq and of lines in the log. */
const OF_OTHERS = new Set([
  ...['wal_level', 'synchronous_commit', 'synchronous_standby_names', 'max_connections'],
  ...['default_transaction_isolation', 'recovery_target_timeline'],
]);
const TABLES: readonly SettingTable[] = Object.values(SETTINGS);
/** What only a reader fills in. */
const PLACEHOLDER = /[A-Z]{3,}|…|\.\.\./;
/** What pages say is refused. */
const REFUSED = new Set(['auth_type = pam']);

/** What is wrong with `name = value`, as pages write settings; without the blanks it may be anything. */
function settingProblem(code: string): string | undefined {
  const [, name = '', value = ''] = /^([a-z][a-z_\d]+) = (\S.*)$/.exec(code) ?? [];
  if (name === '' || OF_OTHERS.has(name) || REFUSED.has(code)) return undefined;
  const rows = TABLES.flatMap((table) => (Object.hasOwn(table, name) ? [table[name]] : []));
  if (rows.length === 0) return `there is no setting ${name}`;
  const isValue = rows.some((row) => row?.type.parse(value).kind === 'ok');
  return isValue || PLACEHOLDER.test(value) ? undefined : `${name} cannot be ${value}`;
}

/** What is wrong with `SHOW ITEM`. */
function itemProblem(code: string): string | undefined {
  const item = /^SHOW ([A-Z_]+)$/.exec(code)?.[1];
  if (item === undefined || item === 'ALL') return undefined;
  return isCommand(parseCommand(code)) ? undefined : `there is no ${code} on the console`;
}

const told = (name: string, codes: readonly Spot[]): readonly string[] =>
  codes.flatMap(({ line, text }) => {
    const problem = settingProblem(text) ?? itemProblem(text);
    return problem === undefined ? [] : [`${name}:${line}: ${problem}`];
  });

// What a version before this one had may be gone; what is generated is in step by itself.
const PAGES = readPages().filter(
  ({ name }) => name !== 'CHANGELOG.md' && !name.startsWith('packages/cli/docs/'),
);

test.each(PAGES)('settings and items of the console in $name are there', ({ name, codes }) => {
  expect(told(name, codes)).toEqual([]);
});

test('what is not there is found', () => {
  const codes = [
    'no_such = 1',
    'workers = many',
    'SHOW NOTHING',
    'workers = 2',
    'SHOW POOLS',
    'a=b',
  ];
  expect(
    told(
      'x',
      codes.map((text) => ({ line: 1, text })),
    ),
  ).toEqual([
    'x:1: there is no setting no_such',
    'x:1: workers cannot be many',
    'x:1: there is no SHOW NOTHING on the console',
  ]);
});
