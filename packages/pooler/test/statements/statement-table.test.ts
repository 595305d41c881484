import { mergeStatements } from '../../src/statements/statement-rows';
import { type StatementPlace, StatementTable } from '../../src/statements/statement-table';
import { countOf } from '../../src/stats/histogram';

const place = (database: string): StatementPlace => ({ database, user: 'ann', rows: new Map() });
const text = (name: string) => ({ fingerprint: name, statement: `SELECT ${name}` });
const run = (name: string | undefined) => ({
  text: name === undefined ? undefined : text(name),
  waitMs: 2,
  rows: 3,
  failed: false,
});
const callsOf = (table: StatementTable) =>
  Object.fromEntries(table.views().map(({ fingerprint, calls }) => [fingerprint, calls]));

test('what runs is added up by database, user and statement', () => {
  const table = new StatementTable(10);
  const [one, other] = [place('one'), place('other')];
  table.count(one, run('a'), 5);
  table.count(one, { ...run('a'), failed: true }, 7);
  table.count(other, run('a'), 1);
  const [first, second, ...more] = table.views();
  expect(first).toMatchObject({ database: 'one', user: 'ann', ...text('a') });
  expect(first).toMatchObject({ calls: 2, rows: 6, errors: 1, waitUs: 4000 });
  expect(first?.times).toMatchObject({ sumUs: 12_000, maxUs: 7000 });
  expect(second).toMatchObject({ database: 'other', calls: 1 });
  expect(more).toEqual([]);
});

test('what is not known by itself is counted together', () => {
  const table = new StatementTable(10);
  table.count(place('one'), run(undefined), 5);
  expect(table.views()).toMatchObject([
    { database: '*', user: '*', fingerprint: 'others', statement: '(others)', calls: 1 },
  ]);
});

test('any number of statements takes no more room than the table has, and no run is lost', () => {
  const table = new StatementTable(100);
  const one = place('one');
  for (let at = 0; at < 200_000; at++) table.count(one, run(`s${at}`), 1);
  expect(table.size).toBe(100);
  expect(one.rows.size).toBe(100);
  const views = table.views();
  expect(views).toHaveLength(101);
  expect(views.reduce((sum, { calls }) => sum + calls, 0)).toBe(200_000);
  expect(views.reduce((sum, { times }) => sum + countOf(times), 0)).toBe(200_000);
});

test('a table may be made smaller and larger at any time, and no run is lost', () => {
  const table = new StatementTable(100);
  const one = place('one');
  let ran = 0;
  for (const max of [100, 1, 3, 50, 2, 100, 1]) {
    table.max = max;
    for (let at = 0; at < 103; at++) table.count(one, run(`s${ran++}`), 1);
    expect(table.size).toBe(max);
    expect(one.rows.size).toBe(max);
    expect(table.views().reduce((sum, { calls }) => sum + calls, 0)).toBe(ran);
  }
  table.reset();
  expect(one.rows.size).toBe(0);
});

test('what runs often stays while others come and go', () => {
  const table = new StatementTable(100);
  const one = place('one');
  for (let at = 0; at < 50_000; at++) {
    table.count(one, run(`often${at % 20}`), 1);
    table.count(one, run(`s${at}`), 1);
  }
  for (let at = 0; at < 20; at++) expect(callsOf(table)[`often${at}`]).toBe(2500);
});

test('what ran often once makes room when it does so no more', () => {
  const table = new StatementTable(100);
  const one = place('one');
  for (let at = 0; at < 10_000; at++) table.count(one, run('once'), 1);
  for (let at = 0; at < 5000; at++) table.count(one, run(`s${at}`), 1);
  expect(callsOf(table)).not.toHaveProperty('once');
});

test('a smaller table lets rows go, and a reset all of them', () => {
  const table = new StatementTable(100);
  const one = place('one');
  for (let at = 0; at < 100; at++) table.count(one, run(`s${at}`), 1);
  table.max = 10;
  expect(table.size).toBe(10);
  expect(one.rows.size).toBe(10);
  expect(callsOf(table).others).toBe(90);
  table.reset();
  expect(table.views()).toEqual([]);
  table.count(one, run('s1'), 1);
  expect(callsOf(table)).toEqual({ s1: 1 });
});

test('tables of several processes are one, of which the less costly rows can be put together', () => {
  const [here, there] = [new StatementTable(10), new StatementTable(10)];
  for (let at = 1; at <= 5; at++) {
    here.count(place('one'), run(`s${at}`), at);
    there.count(place('one'), run(`s${at}`), at);
  }
  there.count(place('one'), run(undefined), 1);
  const both = [...here.views(), ...there.views()];
  expect(mergeStatements(both)).toHaveLength(6);
  expect(mergeStatements(both)[0]).toMatchObject({ calls: 2, rows: 6, waitUs: 4000 });
  const few = mergeStatements(both, 2);
  expect(few.map(({ fingerprint, calls }) => [fingerprint, calls])).toEqual([
    ['s5', 2],
    ['s4', 2],
    ['others', 7],
  ]);
  expect(few[2]).toMatchObject({ database: '*', statement: '(others)' });
  expect(mergeStatements(few, 0)).toMatchObject([{ fingerprint: 'others', calls: 11 }]);
});
