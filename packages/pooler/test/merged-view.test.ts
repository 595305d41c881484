import { mergeSnapshots } from '../src/merged-view';
import type { DaemonSnapshot, DatabaseStatsView, PoolView } from '../src/ports/daemon-view';

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
  waitMaxMs: 100,
};
const STATS: DatabaseStatsView = {
  database: 'app',
  transactions: 1,
  queries: 2,
  leases: 3,
  receivedBytes: 4,
  sentBytes: 5,
  transactionUs: 6,
  queryUs: 7,
  waitUs: 8,
  logins: 9,
};
const snapshot = (changes: Partial<DaemonSnapshot> = {}): DaemonSnapshot => ({
  state: 'serving',
  clientsTotal: 6,
  linksTotal: 9,
  pools: [POOL],
  stats: [STATS],
  clients: [],
  workers: [],
  ...changes,
});

test('pools of the same database and user are one, with the longest wait of all', () => {
  const other = { ...POOL, user: 'bob' };
  const waits = { ...POOL, waitMaxMs: 700, linksIdle: 1 };
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
      waitMaxMs: 700,
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
      leases: 6,
      receivedBytes: 8,
      sentBytes: 10,
      transactionUs: 12,
      queryUs: 14,
      waitUs: 16,
      logins: 18,
    },
  ]);
});

test('the whole serves as long as one of them does', () => {
  const state = (...states: readonly string[]) =>
    mergeSnapshots(states.map((one) => snapshot({ state: one }))).state;
  expect(state('retiring', 'serving')).toBe('serving');
  expect(state('draining-clients', 'draining-clients')).toBe('draining-clients');
  expect(state()).toBe('stopped');
});
