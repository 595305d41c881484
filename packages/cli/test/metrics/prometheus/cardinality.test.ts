import type { Picture } from '../../../src/admin/show/item';
import type { SecretView } from '../../../src/secrets/secrets';
import { configWith, FULL, PICTURE, POOL, Scrapes, STATS } from './stage';

const SECRET: SecretView = {
  ...{ place: 'a', roleArn: undefined, databases: [], users: [], overlapLeftMs: 0 },
  ...{ version: undefined, versionAgeMs: undefined, isPending: false, readAgeMs: 1000 },
  fault: 'gone',
};

/** Databases that have run so many transactions, each with one pool. */
function picture(all: Readonly<Record<string, number>>): Picture {
  const databases = Object.entries(all);
  return {
    ...PICTURE,
    stats: databases.map(([database, transactions]) => ({ ...STATS, database, transactions })),
    pools: databases.map(([database]) => ({ ...POOL, database, waitMaxMs: 1000 })),
  };
}

const many = (count: number, transactions = 1) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`db${at}`, transactions]));

/** By database. */
function transactionsIn(values: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  const found = [...values].flatMap(([series, value]) => {
    const database = /^pgweir_transactions_total\{database="(.*)"\}$/.exec(series)?.[1];
    return database === undefined ? [] : [[database, value] as const];
  });
  return Object.fromEntries(found);
}

function scrapes(seriesMax: number): Scrapes {
  const made = new Scrapes();
  made.config = configWith(`metrics_series_max = ${seriesMax}`);
  return made;
}

test('metrics_series_max is how many series there are, and the rest is added up', async () => {
  const few = await scrapes(1000).values(picture(many(500)));
  const named = Object.keys(transactionsIn(few)).filter((name) => name !== '_other');
  expect(named.length).toBeGreaterThan(2);
  expect(transactionsIn(few)._other).toBe(500 - named.length);
  const counted = [...few.keys()].filter((series) => /database=|server=/.test(series));
  expect(counted.length).toBeLessThan(1000);
  expect(few.get('pgweir_metrics_series')).toBeLessThanOrEqual(1000);
  expect(few.get('pgweir_metrics_folded')).toBeGreaterThan(490);
  // What is no sum is the largest.
  expect(few.get('pgweir_pool_oldest_wait_seconds{database="_other",user="_other"}')).toBe(1);
  const all = await scrapes(1_000_000).values(picture(many(500)));
  expect(Object.keys(transactionsIn(all))).toHaveLength(500);
  expect(all.get('pgweir_metrics_folded')).toBe(0);
});

/** Those of the daemon itself, which have an end of their own: by worker, method, version and the like. */
const OWN_MAX = 150;

test('whatever strangers do, all of it is bounded: SQLSTATEs, secrets and statements as well', async () => {
  const scraped = scrapes(1000);
  const numbers = Array.from({ length: 2000 }, (_, at) => at);
  const full: Picture = {
    ...FULL,
    ...picture(many(500)),
    errors: numbers.map((at) => ({
      ...{ entry: `db${at % 7}`, source: 'server', count: 1 },
      sqlstate: String(10_000 + at),
    })),
    secrets: numbers.map((at) => ({ ...SECRET, place: `secret ${at}` })),
    statements: numbers.flatMap((at) =>
      FULL.statements.map((statement) => ({ ...statement, fingerprint: `f${at}` })),
    ),
  };
  const values = await scraped.values(full);
  const statements = [...values.keys()].filter((name) => name.startsWith('pgweir_statement_'));
  expect(statements).toHaveLength(120);
  expect(values.size).toBeLessThan(1000 + statements.length + OWN_MAX);
  const errors = [...values].filter(([name]) => name.startsWith('pgweir_errors_total'));
  expect(errors.reduce((sum, [, count]) => sum + count, 0)).toBe(2000);
  expect(values.get('pgweir_errors_total{sqlstate="_other",source="server"}')).toBeGreaterThan(1);
  expect(values.get('pgweir_secret_failing{secret="_other"}')).toBe(1);
});

test('those that are added up have no limit, which their sum would seem to be near to', async () => {
  const scraped = new Scrapes();
  scraped.config = configWith('metrics_series_max = 1000', 'max_db_connections = 2');
  const values = await scraped.values(picture(many(500)));
  expect(values.get('pgweir_database_links{database="_other"}')).toBeGreaterThan(400);
  expect(values.get('pgweir_database_links_max{database="_other"}')).toBeUndefined();
  expect(values.get('pgweir_database_links_max{database="db0"}')).toBe(2);
});

test('of those that are there first the busiest have series of their own', async () => {
  const values = await scrapes(1000).values(picture({ ...many(500), busy: 9 }));
  expect(transactionsIn(values)).toMatchObject({ busy: 9 });
});

test('who has a place keeps it, however busy others are, and no counter falls', async () => {
  const scraped = scrapes(1000);
  const before = transactionsIn(await scraped.values(picture(many(500))));
  const after = transactionsIn(await scraped.values(picture({ ...many(500), late: 1000 })));
  expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
  expect(after._other).toBe((before._other ?? 0) + 1000);
});

test('a place becomes free when its database has gone, and what others have counted stays', async () => {
  const scraped = scrapes(1000);
  const before = transactionsIn(await scraped.values(picture(many(500))));
  const others = Object.fromEntries(
    Object.keys(many(500))
      .filter((name) => !(name in before))
      .map((name) => [name, 1]),
  );
  for (let scrape = 0; scrape < 4; scrape++) {
    const now = transactionsIn(await scraped.values(picture(others)));
    expect(now._other).toBeGreaterThanOrEqual(before._other ?? 0);
  }
  const now = transactionsIn(await scraped.values(picture(others)));
  expect(Object.keys(now).length).toBeGreaterThan(2);
  expect(now._other).toBeGreaterThanOrEqual(before._other ?? 0);
});

test('twenty statements at most have series: those that took most time', async () => {
  const [statement] = FULL.statements;
  if (statement === undefined) throw new Error('the full picture lacks it');
  const statements = Array.from({ length: 100 }, (_, at) => ({
    ...statement,
    fingerprint: `f${at}`,
    calls: at,
    times: { ...statement.times, sumUs: at * 1000 },
  }));
  const values = await new Scrapes().values({ ...PICTURE, statements });
  const calls = [...values.keys()].filter((name) => name.startsWith('pgweir_statement_calls_'));
  expect(calls).toHaveLength(20);
  const of = (fingerprint: string) =>
    values.get(
      `pgweir_statement_calls_total{database="app",user="ann",fingerprint="${fingerprint}"}`,
    );
  expect(of('f99')).toBe(99);
  expect(of('f80')).toBe(80);
  expect(of('f79')).toBeUndefined();
  expect(values.get('pgweir_statement_info{fingerprint="f99",statement="SELECT ?"}')).toBe(1);
});
