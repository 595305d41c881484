import { type DaemonSnapshot, type DatabaseStatsView, NOTHING_SEEN } from '@pgweir/pooler';
import { emfLine } from '../../src/metrics/emf-line';
import { type MetricsSource, rdsMetrics } from '../../src/metrics/rds-metrics';
import { emfProblems } from '../support/emf-rules';

const NO_STATS: Omit<DatabaseStatsView, 'database'> = {
  ...{ transactions: 0, queries: 0, queriesTls: 0, leases: 0, receivedBytes: 0, sentBytes: 0 },
  ...{ transactionUs: 0, queryUs: 0, waitUs: 0, logins: 0, clientParses: 0, serverParses: 0 },
  ...{ binds: 0, moved: 0, retried: 0, failed: 0, replicaTransactions: 0 },
  ...{ readsOnPrimary: 0, rerouted: 0 },
};

/** Everything `times` over, as after so many periods that were all the same. */
function seen(times: number): DaemonSnapshot {
  const traffic = (entry: string) => ({
    ...{ entry, received: 5 * times, succeeded: 3 * times, failedAuth: times, closed: 2 * times },
  });
  const target = (server: string) => ({
    ...{ entry: 'app', server, requests: 4 * times, requestsTls: 2 * times },
    ...{ succeeded: 3 * times, failed: times, replies: 10 * times, replyUs: 7000 * times },
  });
  const stats = (database: string, queries: number) => ({
    ...{ database, ...NO_STATS, queries: queries * times, queriesTls: 4 * times },
    ...{ queryUs: 9000 * times, waitUs: 1000 * times, leases: 5 * times },
  });
  const links = { links: 3, linksTls: 2, borrowed: 2, inTransaction: 1, pinned: 1 };
  return {
    ...NOTHING_SEEN,
    clientTraffic: [traffic('app'), traffic('*')],
    targetTraffic: [target('a:1'), target('b:1')],
    stats: [stats('app', 10), stats('made-up', 10), stats('made-up-too', 10)],
    entryClients: [{ entry: 'app', clients: 7, clientsTls: 4 }],
    targetLinks: [{ entry: 'app', server: 'a:1', ...links }],
  };
}

const cap = (server: string, maxConnections: number) => ({
  ...{ server, percent: 50, maxConnections, linksMax: maxConnections / 2, links: 1 },
});

function source(changes: Partial<MetricsSource> = {}): MetricsSource {
  return {
    proxyName: 'weir',
    now: seen(3),
    before: seen(2),
    serverCaps: [cap('a:1', 100), cap('b:1', 40)],
    availability: [{ entry: 'app', role: 'READ_WRITE', percent: 99.5 }],
    entryOf: (database) => (database === 'app' ? 'app' : '*'),
    ...changes,
  };
}

/** Values by the dimensions of their record and by name. */
function valuesOf(of: MetricsSource): Readonly<Record<string, Readonly<Record<string, number>>>> {
  return Object.fromEntries(
    rdsMetrics(of).map(({ dimensions, metrics }) => [
      Object.entries(dimensions)
        .map((pair) => pair.join('='))
        .join(),
      Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
    ]),
  );
}

/** All that RDS Proxy has, in the order of its documentation. */
const NAMES =
  `AvailabilityPercentage ClientConnections ClientConnectionsClosed ClientConnectionsNoTLS
ClientConnectionsReceived ClientConnectionsSetupFailedAuth ClientConnectionsSetupSucceeded
ClientConnectionsTLS DatabaseConnectionRequests DatabaseConnectionRequestsWithTLS DatabaseConnections
DatabaseConnectionsBorrowLatency DatabaseConnectionsCurrentlyBorrowed
DatabaseConnectionsCurrentlyInTransaction DatabaseConnectionsCurrentlySessionPinned
DatabaseConnectionsSetupFailed DatabaseConnectionsSetupSucceeded DatabaseConnectionsWithTLS
MaxDatabaseConnectionsAllowed QueryDatabaseResponseLatency QueryRequests QueryRequestsNoTLS
QueryRequestsTLS QueryResponseLatency`.split(/\s+/);

test('there is every metric of RDS Proxy, and no other', () => {
  const names = rdsMetrics(source()).flatMap(({ metrics }) => metrics.map(({ name }) => name));
  expect([...new Set(names)].sort()).toEqual(NAMES);
});

test('each set of dimensions is one of those of RDS Proxy', () => {
  const sets = rdsMetrics(source()).map(({ dimensions }) => Object.keys(dimensions).join());
  expect([...new Set(sets)]).toEqual([
    'ProxyName',
    'ProxyName,EndpointName',
    'ProxyName,TargetGroup,Target',
    'ProxyName,TargetGroup,TargetRole',
  ]);
});

test('CloudWatch takes every line', () => {
  const at = { namespace: 'pgweir', wallMs: Date.now() };
  const lines = rdsMetrics(source()).map((record) => emfLine(record, at));
  expect(lines.flatMap((line) => emfProblems(line))).toEqual([]);
});

test('counts are those of the period, and times the mean of what ended in it', () => {
  expect(valuesOf(source())['ProxyName=weir']).toEqual({
    ...{ ClientConnections: 7, ClientConnectionsTLS: 4, ClientConnectionsNoTLS: 3 },
    ...{ ClientConnectionsReceived: 10, ClientConnectionsSetupSucceeded: 6 },
    ...{ ClientConnectionsSetupFailedAuth: 2, ClientConnectionsClosed: 4 },
    ...{ QueryRequests: 30, QueryRequestsTLS: 12, QueryRequestsNoTLS: 18 },
    ...{ QueryDatabaseResponseLatency: 900, QueryResponseLatency: 1000 },
    DatabaseConnectionsBorrowLatency: 200,
    ...{ DatabaseConnections: 3, DatabaseConnectionsWithTLS: 2 },
    ...{ DatabaseConnectionsCurrentlyBorrowed: 2, DatabaseConnectionsCurrentlyInTransaction: 1 },
    DatabaseConnectionsCurrentlySessionPinned: 1,
    ...{ DatabaseConnectionRequests: 8, DatabaseConnectionRequestsWithTLS: 4 },
    ...{ DatabaseConnectionsSetupSucceeded: 6, DatabaseConnectionsSetupFailed: 2 },
    MaxDatabaseConnectionsAllowed: 70,
  });
});

test('names that clients make up are one endpoint', () => {
  const values = valuesOf(source());
  expect(values['ProxyName=weir,EndpointName=app']?.QueryRequests).toBe(10);
  expect(values['ProxyName=weir,EndpointName=*']?.QueryRequests).toBe(20);
  expect(Object.keys(values).filter((key) => key.includes('EndpointName'))).toHaveLength(2);
});

test('what a server answered counts for it', () => {
  const target = valuesOf(source())['ProxyName=weir,TargetGroup=app,Target=a:1'];
  expect(target).toMatchObject({ QueryDatabaseResponseLatency: 700, DatabaseConnections: 3 });
  expect(target).toMatchObject({ MaxDatabaseConnectionsAllowed: 50 });
  const role = valuesOf(source())['ProxyName=weir,TargetGroup=app,TargetRole=READ_WRITE'];
  expect(role).toEqual({ AvailabilityPercentage: 99.5 });
});

test('the first period counts from the start, and what was forgotten meanwhile from when it came back', () => {
  const first = valuesOf(source({ before: undefined }))['ProxyName=weir'];
  expect(first?.QueryRequests).toBe(90);
  const again = valuesOf(source({ now: seen(1), before: seen(3) }))['ProxyName=weir'];
  expect(again?.QueryRequests).toBe(30);
});

test('where nothing has happened there is no time, and where nobody knows there is no maximum', () => {
  const quiet = valuesOf(source({ before: seen(3), serverCaps: [cap('a:1', 100), cap('b:1', 0)] }));
  const names = Object.keys(quiet['ProxyName=weir'] ?? {});
  expect(names.filter((name) => /Latency|Max/.test(name))).toEqual([]);
  expect(quiet['ProxyName=weir']?.QueryRequests).toBe(0);
});
