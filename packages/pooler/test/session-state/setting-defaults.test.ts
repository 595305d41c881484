import type { Link } from '../../src/backend/link';
import type { OwnResult } from '../../src/backend/own-run';
import { SettingDefaults } from '../../src/session-state/setting-defaults';
import { Rig } from '../kit/rig';

const hex = (text: string): string => Buffer.from(text).toString('hex');

const failed = (code: string): OwnResult => ({
  kind: 'failed',
  error: { severity: 'ERROR', code, message: 'no' },
  body: Buffer.alloc(0),
});

/** Asks for defaults; `answer` is PostgreSQL, by the names in the statement. */
async function learn(
  defaults: SettingDefaults,
  names: readonly string[],
  answer: (names: readonly string[]) => OwnResult,
): Promise<readonly string[]> {
  const rig = await Rig.open({ poolSize: 1 });
  await rig.client();
  const [link] = rig.pool().links;
  if (link === undefined) throw new Error('no link');
  const statements: string[] = [];
  let over = 0;
  const run = (_link: Link, sql: string, done: (result: OwnResult) => void): void => {
    statements.push(sql);
    done(answer([...sql.matchAll(/SET LOCAL (.*?) TO DEFAULT/g)].map(([, name]) => name ?? '')));
  };
  defaults.learn(link, names, run, () => over++);
  expect(over).toBe(1);
  return statements;
}

const VALUES: Readonly<Record<string, string>> = { '"work_mem"': '4MB', '"geqo"': 'on' };

const wellKnown = (names: readonly string[]): OwnResult => ({
  kind: 'done',
  row: names.map((name) => hex(VALUES[name] ?? 'x')),
});

test('nothing is known at first: no value is taken for a default', () => {
  const defaults = new SettingDefaults();
  expect(defaults.isDefault('work_mem', '4MB')).toBe(false);
  expect(defaults.knows('work_mem')).toBe(false);
  expect(defaults.isSettable('work_mem')).toBe(false);
});

test('what is not known is asked for together, in one statement, and once', async () => {
  const defaults = new SettingDefaults();
  const statements = await learn(defaults, ['work_mem', 'geqo'], wellKnown);
  expect(statements).toEqual([
    expect.stringMatching(/^SET LOCAL "work_mem" TO DEFAULT;SET LOCAL "geqo" TO DEFAULT;SELECT /),
  ]);
  expect(defaults.isDefault('work_mem', '4MB')).toBe(true);
  expect(defaults.isDefault('work_mem', '5MB')).toBe(false);
  expect(defaults.isDefault('geqo', 'on')).toBe(true);
  expect(defaults.isSettable('geqo')).toBe(true);
  expect(await learn(defaults, ['geqo', 'work_mem'], wellKnown)).toEqual([]);
  expect(await learn(defaults, ['geqo', 'cpu_tuple_cost'], wellKnown)).toEqual([
    expect.stringContaining('SET LOCAL "cpu_tuple_cost" TO DEFAULT;SELECT'),
  ]);
});

test('custom settings and who acts have no defaults to learn', async () => {
  const defaults = new SettingDefaults();
  const names = ['my.own', 'role', 'session_authorization'];
  expect(await learn(defaults, names, wellKnown)).toEqual([]);
  for (const name of names) {
    expect(defaults.knows(name)).toBe(true);
    expect(defaults.isDefault(name, '')).toBe(false);
    expect(defaults.isSettable(name)).toBe(false);
  }
});

test('one that PostgreSQL refuses does not keep the others from being learnt', async () => {
  const defaults = new SettingDefaults();
  const statements = await learn(defaults, ['work_mem', 'no_such', 'geqo'], (names) =>
    names.includes('"no_such"') ? failed('42704') : wellKnown(names),
  );
  expect(statements).toHaveLength(4);
  expect(defaults.isDefault('work_mem', '4MB')).toBe(true);
  expect(defaults.isDefault('geqo', 'on')).toBe(true);
  expect(defaults.knows('no_such')).toBe(false);
});

test('one that cannot be changed now is nobody’s to change: every value is a fresh link’s', async () => {
  const defaults = new SettingDefaults();
  await learn(defaults, ['port'], () => failed('55P02'));
  expect(defaults.knows('port')).toBe(true);
  expect(defaults.isDefault('port', '5432')).toBe(true);
  expect(defaults.isSettable('port')).toBe(false);
});

test('one that this user may not set stays unknown, and is asked for again', async () => {
  const defaults = new SettingDefaults();
  await learn(defaults, ['log_statement'], () => failed('42501'));
  expect(defaults.knows('log_statement')).toBe(false);
  expect(defaults.isDefault('log_statement', 'none')).toBe(false);
  expect(defaults.isSettable('log_statement')).toBe(false);
  expect(await learn(defaults, ['log_statement'], () => failed('42501'))).toHaveLength(1);
});

test('a setting without a value is not taken for known', async () => {
  const defaults = new SettingDefaults();
  await learn(defaults, ['gone'], () => ({ kind: 'done', row: [null] }));
  expect(defaults.knows('gone')).toBe(false);
  await learn(defaults, ['gone'], () => ({ kind: 'done' }));
  expect(defaults.knows('gone')).toBe(false);
});

test('after `forget` everything is asked for again', async () => {
  const defaults = new SettingDefaults();
  await learn(defaults, ['work_mem'], wellKnown);
  defaults.forget();
  expect(defaults.isDefault('work_mem', '4MB')).toBe(false);
  expect(await learn(defaults, ['work_mem'], wellKnown)).toHaveLength(1);
});

test('what is remembered is bounded', async () => {
  const defaults = new SettingDefaults();
  await learn(defaults, ['work_mem'], wellKnown);
  const many = Array.from({ length: 1001 }, (_, index) => `setting_${index}`);
  await learn(defaults, many, wellKnown);
  await learn(defaults, ['geqo'], wellKnown);
  expect(defaults.knows('work_mem')).toBe(false);
  expect(defaults.knows('geqo')).toBe(true);
});
