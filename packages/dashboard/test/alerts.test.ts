import type { Now } from '../src/api';
import { alertsOf } from '../src/page/alerts';

const HOLDS = { paused: false, suspended: false, pausedDatabases: [], disabledDatabases: [] };
const CALM: Now = {
  ...{ atMs: 1_000_000, version: '1', state: 'serving', startedAtMs: 0, clients: 0, links: 0 },
  ...{ holds: HOLDS, pools: [], poolsLeftOut: 0, clusters: [], failovers: [], workers: [] },
  ...{ secrets: [], serverCaps: [], pinCounts: [], orders: [] },
};
const POOL = {
  ...{ database: 'app', user: 'ann', mode: 'transaction', size: 5, clients: 9, waiting: 3 },
  ...{ waitMaxMs: 7_000, linksActive: 5, linksIdle: 0, linksOther: 0, pinned: 0 },
};

const texts = (changes: Partial<Now>) =>
  alertsOf({ ...CALM, ...changes }).map(({ level, text }) => `${level}: ${text}`);

test('all is well', () => {
  expect(texts({})).toEqual([]);
});

test('what is held is a problem, and what is worse comes first', () => {
  const holds = { ...HOLDS, paused: true, pausedDatabases: ['a'], disabledDatabases: ['b'] };
  expect(texts({ holds, state: 'draining' })).toEqual([
    'bad: The daemon is not serving: draining.',
    'bad: Everything is paused until RESUME.',
    'bad: a is paused until RESUME.',
    'warning: b is disabled: no new clients are let in.',
  ]);
});

test('long waits are said of the worst pool', () => {
  const worse = { ...POOL, user: 'bob', waiting: 1, waitMaxMs: 90_000 };
  expect(texts({ pools: [POOL, worse, { ...POOL, waitMaxMs: 100 }] })).toEqual([
    'bad: app / bob: the oldest of 1 waiter has waited for 1.5 min. So it is in 1 other pool.',
  ]);
});

test('servers that are down or banned, alarms and what a failover has done', () => {
  const server = {
    ...{ host: 'db1', port: 5432, role: 'primary', health: 'down', isBanned: true },
    ...{ outOfService: undefined, timeline: 1, position: undefined, lagBytes: undefined },
    ...{ lagMs: undefined, connections: undefined, connectionsMax: undefined },
    ...{ probeMs: undefined, probeAgeMs: undefined },
  };
  const cluster = {
    ...{ databases: ['app'], failover: 'holding', primary: undefined, promotion: undefined },
    ...{ alarms: ['two primaries'], servers: [server] },
  };
  const failover = {
    ...{ databases: ['app'], beganAtMs: 940_000, seen: 'x', oldPrimary: 'a', newPrimary: 'b' },
    ...{ outcome: 'promoted', isPlanned: false, heldMs: 5, moved: 1, retried: 0, failed: 2 },
  };
  expect(texts({ clusters: [cluster], failovers: [failover] })).toEqual([
    'bad: app: failover, holding. Work waits.',
    'bad: app: db1:5432 is down.',
    'warning: app: two primaries',
    'warning: app: db1:5432 is banned.',
    'warning: app: failover 1 min ago, promoted; 2 sessions failed.',
  ]);
});
