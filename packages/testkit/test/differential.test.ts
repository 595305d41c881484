import type { PlayTarget } from '../src/differential/player';
import { type Outcome, runScripts } from '../src/differential/runner';
import { ask, EVERY_MODE, type KnownDifference, type Script } from '../src/differential/script';
import { inShort, lineOf, linesOf } from '../src/differential/transcript';
import { type Cluster, startCluster } from '../src/index';
import { query } from '../src/wire/frontend';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ databases: [{ name: 'other' }] });
});

afterAll(async () => {
  await cluster.stop();
});

/** Two databases of one server stand in for PostgreSQL and pgweir. */
async function compare(sql: string, more: Partial<Script> = {}): Promise<Outcome | undefined> {
  const at = (database: string): PlayTarget => ({
    host: '127.0.0.1',
    port: cluster.primary.port,
    user: 'postgres',
    database,
  });
  const script: Script = {
    name: 'script',
    modes: EVERY_MODE,
    steps: [ask(query(sql))],
    ...more,
  };
  const reset = async (): Promise<void> => undefined;
  const targets = { major: 18, direct: at('postgres'), through: { session: at('other') } } as const;
  const [result] = await runScripts([script], { ...targets, reset }, { deadlineMs: 500 });
  return result?.outcome;
}

test('the same replies are equal', async () => {
  expect(await compare('SELECT 1')).toEqual({ kind: 'equal' });
});

test('a single value that differs is found, with what stood before it', async () => {
  const outcome = await compare('SELECT current_database()');
  expect(outcome).toMatchObject({ kind: 'different' });
  expect(JSON.stringify(outcome)).toMatch(
    /both.*T current_database.*direct.*postgres.*through.*other/,
  );
});

const known: KnownDifference = {
  reason: 'they are two',
  through: [
    'T v(table 0.0 type 25,-1,-1 format 0)',
    'D \\u0000\\u0001\\u0000\\u0000\\u0000\\u0005other',
    'C SELECT 1\\u0000',
    'Z I',
    'closed',
  ],
};

test('a declared difference is known, but only as it was declared', async () => {
  const sql = 'SELECT current_database()::text AS v';
  const as = (through: readonly string[]) => compare(sql, { differences: [{ ...known, through }] });
  expect(await as(known.through)).toEqual({ kind: 'known', reason: 'they are two' });
  expect(await as(['closed'])).toMatchObject({ kind: 'different' });
});

test('a declared difference that is gone is reported', async () => {
  expect(await compare('SELECT 1', { differences: [known] })).toMatchObject({
    kind: 'different',
    detail: expect.stringContaining('no longer different'),
  });
});

test('a script that waits for what PostgreSQL does not send is broken', async () => {
  const steps = [ask(query('SELECT 1')), { kind: 'until', tag: 'G', count: 1 } as const];
  expect(await compare('', { steps })).toMatchObject({ kind: 'broken' });
});

test('of an error, all counts but where in the source it was raised', () => {
  const error = (source: string) => ({
    tag: 'E',
    body: Buffer.from(`SERROR\0VERROR\0C42601\0Mwrong\0P8\0F${source}\0L1\0Rraise\0\0`),
  });
  expect(lineOf(error('a.c'))).toBe('E S=ERROR V=ERROR C=42601 M=wrong P=8');
  expect(lineOf(error('b.c'))).toBe(lineOf(error('a.c')));
  expect(inShort(lineOf(error('a.c')))).toBe('E ERROR 42601');
});

test('parameters that come together are in no order; all else is', () => {
  const status = (name: string) => ({ tag: 'S', body: Buffer.from(`${name}\0v\0`) });
  const ready = { tag: 'Z', body: Buffer.from('I') };
  const one = linesOf([status('a'), status('b'), ready, status('c')]);
  expect(linesOf([status('b'), status('a'), ready, status('c')])).toEqual(one);
  expect(linesOf([status('a'), status('b'), status('c'), ready])).not.toEqual(one);
});
