import type { ClusterView } from '@pgweir/control';
import {
  type AccessRule,
  type ErrorCountView,
  HISTOGRAM_BOUNDS_US,
  type HistogramView,
} from '@pgweir/pooler';
import type { Picture } from '../../../src/admin/show/item';
import { METRICS } from '../../../src/metrics/prometheus/table';
import { configWith, FULL, PICTURE, Scrapes, STATS } from './stage';

/** One that took `us`, `count` times. */
function observed(us: number, count: number): HistogramView {
  const cumulative = HISTOGRAM_BOUNDS_US.map((bound) => (us <= bound ? count : 0));
  return { cumulative: [...cumulative, count], sumUs: us * count, maxUs: us };
}

test('names, help and labels follow the conventions of Prometheus', () => {
  for (const { help, labels, name, type } of METRICS) {
    expect(name).toMatch(/^pgweir_[a-z_]+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(name).not.toMatch(/_(ms|us|milliseconds|kb|mb)\b/);
    expect(help).toMatch(/^([A-Z0-9]|max_|pool_size|metrics_series_max).*\.$/s);
    for (const label of labels) expect(label).toMatch(/^[a-z_]+$/);
  }
  expect(new Set(METRICS.map(({ name }) => name)).size).toBe(METRICS.length);
});

test('every metric of a picture has its values, in seconds, bytes and counts', async () => {
  const values = await new Scrapes().values({
    ...FULL,
    clientsTotal: 7,
    stats: [{ ...STATS, transactions: 12, queryUs: 2_500_000 }],
    errors: [{ entry: 'app', source: 'server', sqlstate: '23505', count: 3 }],
    auths: [{ method: 'scram-sha-256', result: 'failed', count: 2 }],
    cancels: [{ what: 'unknown', count: 4 }],
    tls: [{ side: 'client', version: 'TLSv1.3', count: 5 }],
    times: [{ database: 'app', what: 'query', ...observed(3000, 2) }],
  });
  expect(values.get('pgweir_clients')).toBe(6);
  expect(values.get('pgweir_transactions_total{database="app"}')).toBe(12);
  expect(values.get('pgweir_query_time_seconds_total{database="app"}')).toBe(2.5);
  expect(values.get('pgweir_errors_total{sqlstate="23505",source="server"}')).toBe(3);
  expect(values.get('pgweir_database_errors_total{database="app",source="server"}')).toBe(3);
  expect(values.get('pgweir_logins_total{method="scram-sha-256",result="failed"}')).toBe(2);
  expect(values.get('pgweir_cancel_requests_unknown_total')).toBe(4);
  expect(values.get('pgweir_tls_connections{side="client",version="TLSv1.3"}')).toBe(5);
  expect(values.get('pgweir_query_seconds_bucket{le="0.002",database="app"}')).toBe(0);
  expect(values.get('pgweir_query_seconds_bucket{le="0.005",database="app"}')).toBe(2);
  expect(values.get('pgweir_query_seconds_bucket{le="+Inf",database="app"}')).toBe(2);
  expect(values.get('pgweir_query_seconds_sum{database="app"}')).toBe(0.006);
  expect(values.get('pgweir_query_seconds_count{database="app"}')).toBe(2);
  expect(values.get('pgweir_pool_links{database="app",user="ann",state="active"}')).toBe(1);
  expect(values.get('pgweir_pool_links_max{database="app",user="ann"}')).toBe(20);
});

test('names that clients make up cannot break the text', async () => {
  const database = 'a"b\\c\nd';
  const text = await new Scrapes().text({ ...PICTURE, stats: [{ ...STATS, database }] });
  expect(text).toContain('pgweir_queries_total{database="a\\"b\\\\c\\nd"} ');
  for (const line of text.split('\n')) expect(line).toMatch(/^(|#.*|pgweir_.* [-+0-9.eInf]+)$/);
});

test('errors of all databases are one series for each SQLSTATE', async () => {
  const of = (entry: string): ErrorCountView => {
    return { entry, source: 'pgweir', sqlstate: '53300', count: 2 };
  };
  const values = await new Scrapes().values({ ...PICTURE, errors: [of('a'), of('b')] });
  expect(values.get('pgweir_errors_total{sqlstate="53300",source="pgweir"}')).toBe(4);
});

test('a counter does not fall when a part of what it counts is forgotten', async () => {
  const scrapes = new Scrapes();
  const at = async (transactions: number, waits: HistogramView) => {
    const values = await scrapes.values({
      ...PICTURE,
      stats: [{ ...STATS, transactions }],
      times: [{ database: 'app', what: 'lease_wait', ...waits }],
    });
    return [
      values.get('pgweir_transactions_total{database="app"}'),
      values.get('pgweir_wait_seconds_count{database="app"}'),
      values.get('pgweir_wait_seconds_bucket{le="0.005",database="app"}'),
    ];
  };
  expect(await at(100, observed(3000, 10))).toEqual([100, 10, 10]);
  expect(await at(40, observed(3000, 4))).toEqual([100, 10, 10]);
  expect(await at(50, observed(3000, 5))).toEqual([110, 11, 11]);
  expect(await at(0, observed(3000, 0))).toEqual([110, 11, 11]);
});

const CLUSTER: ClusterView = {
  ...{ databases: ['app'], failover: 'steady', primary: 'a:1', epoch: 1, failoversTotal: 0 },
  ...{ alarms: [], promoter: undefined, promotion: undefined, servers: [] },
};

test('what alerts look for an increase of is there with 0 before it happens first', async () => {
  const scrapes = new Scrapes();
  const of = async (clusters: readonly ClusterView[]) =>
    await scrapes.values({ ...PICTURE, clusters, stats: [STATS] });
  const failovers = 'pgweir_failovers_total{database="app"}';
  const before = await of([CLUSTER]);
  expect(before.get(failovers)).toBe(0);
  for (const sqlstate of ['08006', '08007', '53300', '57P03', 'XX000']) {
    expect(before.get(`pgweir_errors_total{sqlstate="${sqlstate}",source="pgweir"}`)).toBe(0);
  }
  expect(before.get('pgweir_logins_total{method="trust",result="failed"}')).toBe(0);
  expect(before.get('pgweir_logins_total{method="none",result="failed"}')).toBe(0);
  expect(before.get('pgweir_pins_total{database="app",reason="advisory lock"}')).toBe(0);
  expect((await of([{ ...CLUSTER, failoversTotal: 1 }])).get(failovers)).toBe(1);
  // Another cluster has the database by now.
  expect((await of([CLUSTER])).get(failovers)).toBe(1);
  expect((await of([{ ...CLUSTER, failoversTotal: 1 }])).get(failovers)).toBe(2);
});

const EVERY = { all: true, sameUser: false, replication: false, names: [] };
const RULE: AccessRule = {
  ...{ connection: 'hostssl', network: undefined, method: 'reject', identMap: undefined },
  ...{ databases: EVERY, users: EVERY },
};

test('with hba all methods of its rules are there', async () => {
  const scrapes = new Scrapes();
  const { config } = scrapes;
  const accessRules = (['scram-sha-256', 'cert'] as const).map((method) => ({ ...RULE, method }));
  scrapes.config = { ...config, pooler: { ...config.pooler, authType: 'hba', accessRules } };
  const values = await scrapes.values(PICTURE);
  const methods = [...values.keys()].filter((name) => name.startsWith('pgweir_logins_total'));
  expect(methods).toEqual([
    'pgweir_logins_total{method="none",result="failed"}',
    'pgweir_logins_total{method="scram-sha-256",result="ok"}',
    'pgweir_logins_total{method="scram-sha-256",result="failed"}',
    'pgweir_logins_total{method="cert",result="ok"}',
    'pgweir_logins_total{method="cert",result="failed"}',
  ]);
});

test('restarts of workers are those that the crew has counted, whoever is there', async () => {
  const scrapes = new Scrapes();
  const [worker] = FULL.workers;
  if (worker === undefined) throw new Error('the full picture lacks it');
  const of = async (workerRestarts: number, workers: Picture['workers']) =>
    (await scrapes.values({ ...PICTURE, workerRestarts, workers })).get(
      'pgweir_worker_restarts_total',
    );
  expect(await of(2, [{ ...worker, restarts: 2 }])).toBe(2);
  expect(await of(2, [])).toBe(2);
  expect(await of(3, [{ ...worker, restarts: 3 }])).toBe(3);
});

test('spans are counted by what became of them', async () => {
  const traces = [{ what: 'over_limit', count: 4 }] as const;
  const values = await new Scrapes().values({ ...PICTURE, traces });
  expect(values.get('pgweir_trace_spans_total{what="over_limit"}')).toBe(4);
});

describe('of statements', () => {
  const [statement] = FULL.statements;
  if (statement === undefined) throw new Error('the full picture lacks it');
  const { database, fingerprint, user } = statement;
  const calls = `pgweir_statement_calls_total{database="${database}",user="${user}",fingerprint="${fingerprint}"}`;
  const others = { ...statement, database: '*', user: '*', fingerprint: 'others' };

  test('one that was pushed out begins anew, and what others have counted is nowhere', async () => {
    const scrapes = new Scrapes();
    const of = async (statements: Picture['statements']) =>
      await scrapes.values({ ...PICTURE, statements });
    expect((await of([{ ...statement, calls: 10 }])).get(calls)).toBe(10);
    const without = await of([{ ...others, calls: 10 }]);
    expect([...without.keys()].filter((name) => name.startsWith('pgweir_statement_'))).toEqual([]);
    const again = [
      { ...statement, calls: 1 },
      { ...others, calls: 10 },
    ];
    expect((await of(again)).get(calls)).toBe(1);
  });

  test('dashboard = private: their texts are not here, their counts are', async () => {
    const scrapes = new Scrapes();
    const isTold = async () => {
      const text = await scrapes.text({ ...PICTURE, statements: [statement] });
      expect(text).toContain(fingerprint);
      return text.includes(statement.statement);
    };
    expect(await isTold()).toBe(true);
    scrapes.config = configWith('dashboard = private', 'dashboard_password = tea');
    expect(await isTold()).toBe(false);
  });
});
