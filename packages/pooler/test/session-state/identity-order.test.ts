import { EMPTY_PROFILE, profileOf, transition } from '../../src/session-state/profile';

const profile = (values: Readonly<Record<string, string>>) =>
  profileOf(new Map(Object.entries(values)));
const statements = (from: Readonly<Record<string, string>>, to: Readonly<Record<string, string>>) =>
  transition(profile(from), profile(to), () => undefined);
const set = (name: string, value: string): string =>
  `pg_catalog.set_config(E'${name}',E'${value}',false)`;

test('a role is given up before anything else is changed, and taken on last', () => {
  expect(statements({ role: 'a', work_mem: '1MB' }, { role: 'b', geqo: 'off' })).toEqual([
    'RESET ROLE',
    'RESET "work_mem"',
    `SELECT ${set('geqo', 'off')},${set('role', 'b')}`,
  ]);
});

test('the session user is taken on before the role, for it takes the role away', () => {
  expect(statements({}, { role: 'r', session_authorization: 's', geqo: 'off' })).toEqual([
    `SELECT ${set('geqo', 'off')},${set('session_authorization', 's')},${set('role', 'r')}`,
  ]);
});

test('both are given up, the role first', () => {
  expect(statements({ role: 'r', session_authorization: 's' }, {})).toEqual([
    'RESET ROLE',
    'RESET SESSION AUTHORIZATION',
  ]);
});

test('a role that stays is not touched', () => {
  expect(statements({ role: 'r', geqo: 'on' }, { role: 'r', geqo: 'off' })).toEqual([
    `SELECT ${set('geqo', 'off')}`,
  ]);
  expect(statements({ role: 'r' }, { role: 'r' })).toEqual([]);
});

/** What PostgreSQL makes of the statements: a change of the session user takes the role away. */
function played(from: Readonly<Record<string, string>>, sql: readonly string[]) {
  const state = new Map(Object.entries(from));
  for (const statement of sql) {
    if (statement === 'RESET ROLE') state.delete('role');
    if (statement === 'RESET SESSION AUTHORIZATION') {
      state.delete('session_authorization');
      state.delete('role');
    }
    for (const [, name = '', value = ''] of statement.matchAll(/set_config\(E'(\w+)',E'(\w+)'/g)) {
      if (name === 'session_authorization') state.delete('role');
      state.set(name, value);
    }
  }
  return profileOf(state);
}

const WHO = [
  {},
  { role: 'a' },
  { role: 'b' },
  { session_authorization: 's' },
  { session_authorization: 't' },
  { role: 'a', session_authorization: 's' },
  { role: 'a', session_authorization: 't' },
  { role: 'b', session_authorization: 't' },
];

test('from every pair of role and session user to every other', () => {
  for (const from of WHO) {
    for (const to of WHO) {
      const sql = statements(from, to);
      expect([from, to, played(from, sql).values]).toEqual([from, to, profile(to).values]);
    }
  }
});

test('settings that parsing does not read are no part of what decides a meaning', () => {
  const plain = profile({ search_path: 'a' });
  expect(profile({ search_path: 'a', work_mem: '1MB' }).parsingKey).toBe(plain.parsingKey);
  expect(profile({ search_path: 'b' }).parsingKey).not.toBe(plain.parsingKey);
  expect(profile({ search_path: 'a', role: 'r' }).parsingKey).not.toBe(plain.parsingKey);
  expect(profile({ search_path: 'a', 'my.own': 'x' }).parsingKey).not.toBe(plain.parsingKey);
  expect(EMPTY_PROFILE.parsingKey).toBe('');
});
