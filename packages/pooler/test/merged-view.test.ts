import { mergeSnapshots } from '../src/merged-view';
import {
  type DaemonSnapshot,
  type DatabaseStatsView,
  NOTHING_SEEN,
  type PinCountView,
  type PinView,
  type PoolView,
} from '../src/ports/daemon-view';
import type { ClientId, LinkId } from '../src/ports/names';

/** So many took no time, and so many took any. */
const buckets = (none: number, all: number) => [none, ...new Array<number>(19).fill(all)];

const POOL: PoolView = {
  database: 'app',
  user: 'ann',
  poolMode: 'session',
  clientsActive: 1,
  clientsIdle: 2,
  clientsWaiting: 3,
  clientsCanceling: 0,
  linksActive: 4,
  linksIdle: 5,
  linksTested: 0,
  linksDialing: 0,
  linksClosing: 0,
  linksBeingCanceled: 0,
  linksPinned: 2,
  linksInUseOnReplicas: 1,
  waitMaxMs: 100,
  ...{ waitingMs: 150, inQueryMs: 20, inTransactionMs: 30 },
  waits: { cumulative: buckets(1, 3), sumUs: 7, maxUs: 5 },
};
const STATS: DatabaseStatsView = {
  database: 'app',
  transactions: 1,
  queries: 2,
  queriesTls: 1,
  leases: 3,
  receivedBytes: 4,
  sentBytes: 5,
  transactionUs: 6,
  queryUs: 7,
  waitUs: 8,
  logins: 9,
  clientParses: 10,
  serverParses: 11,
  binds: 12,
  moved: 13,
  retried: 14,
  failed: 15,
  replicaTransactions: 0,
  readsOnPrimary: 0,
  rerouted: 0,
};
const snapshot = (changes: Partial<DaemonSnapshot> = {}): DaemonSnapshot => ({
  ...NOTHING_SEEN,
  state: 'serving',
  clientsTotal: 6,
  linksTotal: 9,
  pools: [POOL],
  stats: [STATS],
  ...changes,
});

test('pools of the same database and user are one, with the longest wait of all', () => {
  const other = { ...POOL, user: 'bob' };
  const seen = { cumulative: buckets(0, 9), sumUs: 9, maxUs: 6 };
  const waits = { ...POOL, waitMaxMs: 700, linksIdle: 1, waits: seen };
  const { pools } = mergeSnapshots([
    snapshot({ pools: [other, POOL] }),
    snapshot({ pools: [waits] }),
  ]);
  expect(pools).toEqual([
    {
      ...POOL,
      clientsActive: 2,
      clientsIdle: 4,
      clientsWaiting: 6,
      linksActive: 8,
      linksIdle: 6,
      linksPinned: 4,
      linksInUseOnReplicas: 2,
      waitMaxMs: 700,
      ...{ waitingMs: 300, inQueryMs: 40, inTransactionMs: 60 },
      waits: { cumulative: buckets(1, 12), sumUs: 16, maxUs: 6 },
    },
    other,
  ]);
});

test('totals of a database are added up', () => {
  const merged = mergeSnapshots([snapshot(), snapshot(), snapshot({ stats: [] })]);
  expect(merged).toMatchObject({ clientsTotal: 18, linksTotal: 27 });
  expect(merged.stats).toEqual([
    {
      database: 'app',
      transactions: 2,
      queries: 4,
      queriesTls: 2,
      leases: 6,
      receivedBytes: 8,
      sentBytes: 10,
      transactionUs: 12,
      queryUs: 14,
      waitUs: 16,
      logins: 18,
      clientParses: 20,
      serverParses: 22,
      binds: 24,
      moved: 26,
      retried: 28,
      failed: 30,
      replicaTransactions: 0,
      readsOnPrimary: 0,
      rerouted: 0,
    },
  ]);
});

test('requests for one peer are added up', () => {
  const pool = (peer: number) => ({ peer, sent: 1, dialing: 2, queued: 3 });
  const { peerPools } = mergeSnapshots([
    snapshot({ peerPools: [pool(2)] }),
    snapshot({ peerPools: [pool(1), pool(2)] }),
    snapshot(),
  ]);
  expect(peerPools).toEqual([pool(1), { peer: 2, sent: 2, dialing: 4, queued: 6 }]);
});

test('pins of all processes are listed, the oldest first, and counted by database and reason', () => {
  const pin = (sinceMs: number): PinView => ({
    client: sinceMs as ClientId,
    database: 'app',
    user: 'ann',
    address: '10.0.0.1',
    port: 5,
    link: 3 as LinkId,
    reasons: ['cursor'],
    statement: 'DECLARE c CURSOR WITH HOLD FOR SELECT ?',
    sinceMs,
  });
  const counts = (...rows: readonly (readonly [string, string, number])[]) =>
    rows.map(([database, reason, count]): PinCountView => ({ database, reason, count }));
  const merged = mergeSnapshots([
    snapshot({ pins: [pin(30), pin(20)], pinCounts: counts(['app', 'cursor', 2]) }),
    snapshot({
      pins: [pin(25)],
      pinCounts: counts(['app', 'load', 1], ['app', 'cursor', 5], ['b', 'cursor', 1]),
    }),
  ]);
  expect(merged.pins.map(({ sinceMs }) => sinceMs)).toEqual([20, 25, 30]);
  expect(merged.pinCounts).toEqual(
    counts(['app', 'cursor', 7], ['app', 'load', 1], ['b', 'cursor', 1]),
  );
});

test('the whole serves as long as one of them does', () => {
  const state = (...states: readonly string[]) =>
    mergeSnapshots(states.map((one) => snapshot({ state: one }))).state;
  expect(state('retiring', 'serving')).toBe('serving');
  expect(state('draining-clients', 'draining-clients')).toBe('draining-clients');
  expect(state()).toBe('stopped');
});

test('a zone is one row, whichever of them have asked for it', () => {
  const zone = (name: string, serial: number, hosts: number) => ({ zone: name, serial, hosts });
  const merged = mergeSnapshots([
    snapshot({ resolvedZones: [zone('y.org', 3, 1), zone('x.org', 0, 2)] }),
    snapshot({ resolvedZones: [zone('x.org', 9, 1)] }),
  ]);
  expect(merged.resolvedZones).toEqual([zone('x.org', 9, 2), zone('y.org', 3, 1)]);
});

test('times of a database are one for each thing that is measured, with the longest of all', () => {
  const time = (database: string, what: 'held' | 'lease_wait', all: number, maxUs: number) => ({
    ...{ database, what, cumulative: buckets(0, all), sumUs: 10 * all, maxUs },
  });
  const merged = mergeSnapshots([
    snapshot({ times: [time('app', 'held', 1, 40), time('b', 'held', 2, 5)] }),
    snapshot({ times: [time('app', 'held', 3, 30), time('app', 'lease_wait', 4, 8)] }),
  ]);
  expect(merged.times).toEqual([
    time('app', 'held', 4, 40),
    time('b', 'held', 2, 5),
    time('app', 'lease_wait', 4, 8),
  ]);
});

test('errors, logins, cancel requests and kinds of TLS are added up, processes stand side by side', () => {
  const one = (sqlstate: string): DaemonSnapshot =>
    snapshot({
      errors: [{ entry: 'app', source: 'server', sqlstate, count: 2 }],
      auths: [{ method: 'md5', result: 'ok', count: 3 }],
      cancels: [{ what: 'sent', count: 4 }],
      tls: [{ side: 'client', version: 'TLSv1.3', count: 5 }],
      processes: [],
    });
  const both = mergeSnapshots([one('23505'), one('23505'), one('40001')]);
  expect(both.errors.map(({ sqlstate, count }) => [sqlstate, count])).toEqual([
    ['23505', 4],
    ['40001', 2],
  ]);
  expect(both.auths).toEqual([{ method: 'md5', result: 'ok', count: 9 }]);
  expect(both.cancels).toEqual([{ what: 'sent', count: 12 }]);
  expect(both.tls).toEqual([{ side: 'client', version: 'TLSv1.3', count: 15 }]);
});
