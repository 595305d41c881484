import {
  cleanSlateSql,
  EMPTY_PROFILE,
  profileOf,
  transitionSql,
  withSetting,
} from '../../src/session-state/profile';

const profile = (values: Readonly<Record<string, string>>) =>
  profileOf(new Map(Object.entries(values)));
const UNKNOWN = (): undefined => undefined;

test('profiles are equal when their settings are, in whatever order they came', () => {
  expect(profile({ a: '1', b: '2' }).key).toBe(profile({ b: '2', a: '1' }).key);
  expect(profile({ a: '1' }).key).not.toBe(profile({ a: '2' }).key);
});

test('names and values that run into each other stay apart', () => {
  expect(profile({ ab: 'c' }).key).not.toBe(profile({ a: 'bc' }).key);
  expect(profile({ a: 'b', c: 'd' }).key).not.toBe(profile({ a: 'bcd' }).key);
});

test('a change makes a new profile and leaves the old one as it was', () => {
  const before = profile({ a: '1' });
  const after = withSetting(before, 'B', '2');
  expect([...after.values]).toEqual([
    ['a', '1'],
    ['b', '2'],
  ]);
  expect([...before.values]).toEqual([['a', '1']]);
  expect(withSetting(after, 'A', '1')).toBe(after);
  expect(withSetting(after, 'b', undefined).key).toBe(before.key);
});

test('equal profiles need no statement', () => {
  expect(transitionSql(profile({ a: '1' }), profile({ a: '1' }), UNKNOWN)).toBe('');
});

test('all settings are set by one SELECT, and only those that differ', () => {
  const from = profile({ a: '1', b: '2' });
  const to = profile({ a: '1', b: '3', c: '4' });
  expect(transitionSql(from, to, UNKNOWN)).toBe(
    "SELECT pg_catalog.set_config(E'b',E'3',false),pg_catalog.set_config(E'c',E'4',false)",
  );
});

test('a setting that is not wanted any more goes back to what a fresh link has', () => {
  const from = profile({ datestyle: 'SQL', search_path: 'a, b', 'my.setting': 'x' });
  const initial = (name: string) => (name === 'datestyle' ? 'ISO, MDY' : undefined);
  expect(transitionSql(from, EMPTY_PROFILE, initial)).toBe(
    'RESET "my"."setting";RESET "search_path";' +
      "SELECT pg_catalog.set_config(E'datestyle',E'ISO, MDY',false)",
  );
});

test.each([
  ["o'clock", "E'o''clock'"],
  ['back\\slash', "E'back\\\\slash'"],
  ["\\'", "E'\\\\'''"],
  ['tab\there', "E'tab\\u0009here'"],
  ['é', "E'\\u00e9'"],
  ['日本', "E'\\u65e5\\u672c'"],
  ['💡', "E'\\U0001f4a1'"],
  ['', "E''"],
  ['"x", y', 'E\'"x", y\''],
])('the value %j is quoted in ASCII, for any encoding and any quoting rules', (value, quoted) => {
  const sql = transitionSql(EMPTY_PROFILE, profile({ search_path: value }), UNKNOWN);
  expect(sql).toBe(`SELECT pg_catalog.set_config(E'search_path',${quoted},false)`);
});

test('a name cannot break out of its quotes', () => {
  const evil = `a"; DROP TABLE t; --`;
  expect(transitionSql(profile({ [evil]: '1' }), EMPTY_PROFILE, UNKNOWN)).toBe(
    'RESET "a""; DROP TABLE t; --"',
  );
  expect(transitionSql(EMPTY_PROFILE, profile({ "a'b": '1' }), UNKNOWN)).toContain("E'a''b'");
});

test('a clean slate takes everything away before it sets anything', () => {
  expect(cleanSlateSql(EMPTY_PROFILE, undefined).split('\n;')).toEqual([
    'RESET SESSION AUTHORIZATION',
    'RESET ALL',
    'UNLISTEN *',
    'DEALLOCATE ALL',
    'CLOSE ALL',
    'SELECT pg_catalog.pg_advisory_unlock_all()',
    'DISCARD TEMP',
    'DISCARD SEQUENCES',
  ]);
  expect(cleanSlateSql(profile({ a: '1' }), undefined)).toMatch(
    /\n;SELECT pg_catalog\.set_config\(E'a',/,
  );
});

test('a clean slate runs the connect query again, also when that ends in a comment', () => {
  const sql = cleanSlateSql(profile({ a: '1' }), "SET b = '2' -- for reports");
  expect(sql).toMatch(/\n;SET b = '2' -- for reports\n;SELECT pg_catalog\.set_config\(E'a',/);
});
