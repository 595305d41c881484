import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { certsDir } from '@pgweir/testkit';
import type { DaemonConfig } from '../../src/config/daemon-config';
import { SETTINGS, type SectionName } from '../../src/config/settings';
import type { SettingTable } from '../../src/config/settings/row';
import { type Files, load, loaded, problems, warnings } from '../support/config-files';
import {
  IN_DATABASES,
  IN_PEERS,
  IN_PGBOUNCER,
  IN_USERS,
  NOT_YET_REQUIRED,
  type SettingPlaces,
} from '../support/setting-places';
import { DATABASES, PEERS, PGBOUNCER, type SettingTests, USERS } from '../support/setting-tests';

const ROOT = join(__dirname, '../../../..');
const TESTS: Readonly<Record<SectionName, SettingTests>> = {
  pgbouncer: PGBOUNCER,
  databases: DATABASES,
  users: USERS,
  peers: PEERS,
};
const PLACES: Readonly<Record<SectionName, SettingPlaces>> = {
  pgbouncer: IN_PGBOUNCER,
  databases: IN_DATABASES,
  users: IN_USERS,
  peers: IN_PEERS,
};
const SECTIONS = ['pgbouncer', 'databases', 'users', 'peers'] as const;

/** The names of the settings of a class, sorted. */
function namesOf(section: SectionName, kind: 'works' | 'no-effect' | 'refused'): readonly string[] {
  const table: SettingTable = SETTINGS[section];
  const rows = Object.entries(table).filter(([, row]) => row.class.kind === kind);
  return rows.map(([name]) => name).sort();
}

test('there is no section without these tests', () => {
  expect(Object.keys(SETTINGS).sort()).toEqual([...SECTIONS].sort());
});

describe.each(SECTIONS)('in [%s]', (section) => {
  test('every setting that works has one test that shows what it does, and nothing else has', () => {
    const named = Object.values(TESTS[section]).flatMap((rows) => Object.keys(rows));
    expect(named.sort()).toEqual(namesOf(section, 'works'));
  });

  test('every setting that works has its place in the configuration, and nothing else has', () => {
    expect(Object.keys(PLACES[section]).sort()).toEqual(namesOf(section, 'works'));
  });
});

const NAMED = SECTIONS.flatMap((section) =>
  Object.entries(TESTS[section]).map(([file, rows]) => ({ section, file, rows })),
);

test.each(NAMED)('$file has the tests that are named for [$section]', ({ file, rows }) => {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const isThere = (title: string): boolean =>
    ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote},`));
  expect(Object.entries(rows).filter(([, title]) => !isThere(title))).toEqual([]);
});

const pem = (name: string): string => readFileSync(join(certsDir(), name), 'utf8');
const IDENTITY = 'arn:aws:iam::123456789012:user/ann';
const FILES: Files = Object.fromEntries(
  Object.entries({
    'a.txt': '"ann" "tea"\n',
    'b.txt': '"bob" "tea"\n',
    'a.hba': 'local all all peer map=m\n',
    'b.hba': 'local all all peer map=m\nhost all all 10.0.0.0/8 md5\n',
    'a.map': 'm root ann\n',
    'b.map': 'm root bob\n',
    'a.iam': `iam ${IDENTITY} ann\nb ${IDENTITY} bob\n`,
    'b.iam': `iam ${IDENTITY} bob\n`,
    'ca.crt': pem('ca.crt'),
    'a.key': pem('server.key'),
    'a.crt': pem('server.crt'),
    // The same in other words, since a key must fit its certificate.
    'b.key': `${pem('server.key')}\n`,
    'b.crt': `${pem('server.crt')}\n`,
  }).map(([name, text]) => [`/etc/pgweir/${name}`, text]),
);
const BASE = [
  ...['auth_file = a.txt', 'client_tls_sslmode = prefer'],
  ...['client_tls_key_file = a.key', 'client_tls_cert_file = a.crt'],
  ...['server_tls_key_file = a.key', 'server_tls_cert_file = a.crt'],
];
/** One of each, by section. */
const ENTRIES = {
  databases: { name: 'app', host: 'a' },
  users: { name: 'ann', pool_size: '5' },
  peers: { name: '2', host: 'a', pool_size: '5' },
} as const;
type EntrySection = keyof typeof ENTRIES;

/** A configuration with some more lines of `[pgbouncer]`, or some more said by an entry. */
function configured(
  lines: readonly string[],
  said: Partial<Record<EntrySection, Readonly<Record<string, string>>>> = {},
): DaemonConfig {
  const entries = Object.entries(ENTRIES).map(([section, { name, ...parameters }]) => {
    // The entries are keyed by these names.
    const all = { ...parameters, ...said[section as EntrySection] };
    const text = Object.entries(all).map((pair) => pair.join('='));
    return `[${section}]\n${name} = ${text.join(' ')}\n`;
  });
  const base = lines.includes(NOT_YET_REQUIRED)
    ? BASE.filter((line) => !line.startsWith('client_tls_sslmode'))
    : BASE;
  const ini = [...entries, '[pgbouncer]', ...base, ...lines].join('\n');
  return loaded(ini, FILES, { peerProblem: () => undefined });
}

/** Where two configurations differ. What SHOW CONFIG reads is left out, and so are functions. */
function changes(before: unknown, after: unknown, at = ''): readonly string[] {
  if (typeof after === 'function' || at === 'values' || isDeepStrictEqual(before, after)) return [];
  const [olds, news] = [partsOf(before), partsOf(after)];
  if (olds === undefined || news === undefined) return [at];
  const names = new Set([...olds.keys(), ...news.keys()]);
  const prefix = at === '' ? '' : `${at}.`;
  return [...names].flatMap((name) => changes(olds.get(name), news.get(name), `${prefix}${name}`));
}

/** undefined: it is a value as a whole. */
function partsOf(value: unknown): ReadonlyMap<unknown, unknown> | undefined {
  if (value instanceof Map) return value;
  const isPlain = typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && value !== null ? new Map(Object.entries(value)) : undefined;
}

test.each(Object.entries(IN_PGBOUNCER))(
  '%s of a file changes what it is for, and nothing else',
  (name, [value, places, behind = '']) => {
    const after = configured([behind, `${name} = ${value}`]);
    expect(changes(configured([behind]), after).toSorted()).toEqual(places.split(' '));
  },
);

test.each([
  ...(['databases', 'users', 'peers'] as const).flatMap((section) =>
    Object.entries(PLACES[section]).map(([name, place]) => ({ section, name, place })),
  ),
])('$name in an entry of [$section] changes what it is for', ({ section, name, place }) => {
  const [value, where, behind = ''] = place;
  const entry = `pooler.${section}.${ENTRIES[section].name}.`;
  const after = configured([behind], { [section]: { [name]: value } });
  expect(changes(configured([behind]), after)).toEqual([`${entry}${where}`]);
});

describe('settings that do not work', () => {
  const ini = (...lines: readonly string[]): string =>
    ['[databases]', '* = host=a', '[pgbouncer]', 'auth_type = any', ...lines].join('\n');
  const base = warnings(ini());

  test.each(namesOf('pgbouncer', 'no-effect'))('%s is accepted with one warning', (name) => {
    expect(warnings(ini(`${name} = 5`, `${name} = 5`))).toEqual([
      ...base,
      expect.stringContaining(`5: ${name} has no effect: `),
    ]);
    expect(changes(configured([]), configured([`${name} = 5`]))).toEqual([]);
  });

  test('a setting that is refused has one value that is not', () => {
    const table: SettingTable = SETTINGS.pgbouncer;
    for (const name of namesOf('pgbouncer', 'refused')) {
      const { class: kind } = table[name] ?? {};
      const silentAt = kind?.kind === 'refused' ? kind.silentAt : '';
      expect(load(ini(`${name} = ${silentAt}`)).kind).toBe('ok');
      expect(problems(ini(`${name} = 5`))).toEqual([expect.stringContaining(`${name} = "5"`)]);
    }
  });

  test('entries have none', () => {
    for (const section of ['databases', 'users', 'peers'] as const) {
      expect(namesOf(section, 'works')).toEqual(Object.keys(SETTINGS[section]).sort());
    }
  });
});
