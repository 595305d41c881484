import type { ServerEndpoint } from '../../src/ports/topology-source';
import type { DatabaseSettings } from '../../src/settings/settings';
import { type ReplicaServer, ReplicaServers } from '../../src/topology/replica-servers';
import { databaseSettings } from '../kit/settings';

const server = (port: number, change: Partial<ServerEndpoint> = {}): ServerEndpoint => ({
  ...{ host: 'db', port, role: 'replica' as const },
  ...change,
});

/** With what is known and configured in the test's hands. */
function open(servers: readonly ServerEndpoint[], changes: Partial<DatabaseSettings> = {}) {
  const now = { servers, settings: databaseSettings(changes) };
  const replicas = new ReplicaServers({
    servers: () => now.servers,
    settings: () => now.settings,
  });
  const choose = (isFit: (one: ReplicaServer) => boolean = () => true) =>
    replicas.choose(isFit)?.endpoint.port;
  const times = (count: number, isFit?: (one: ReplicaServer) => boolean) =>
    Array.from({ length: count }, () => choose(isFit));
  return { now, replicas, choose, times };
}

const portsOf = (all: readonly ReplicaServer[]) => all.map(({ endpoint }) => endpoint.port);

test('standbys in service, and no others', () => {
  const { replicas } = open([
    server(1, { role: 'primary' }),
    server(2),
    server(3, { outOfService: 'banned' }),
    server(4, { role: 'unknown' }),
    server(5, { isLeaving: true }),
    server(6),
  ]);
  expect(portsOf(replicas.all)).toEqual([2, 6]);
});

test('the list is made anew when another one is published, and not otherwise', () => {
  const { now, replicas } = open([server(1), server(2)]);
  const { all } = replicas;
  expect(replicas.all).toBe(all);
  now.servers = [server(2)];
  expect(portsOf(replicas.all)).toEqual([2]);
});

test('a server that comes back is the one that it was, with its counts', () => {
  const { now, replicas } = open([server(1), server(2)]);
  const [first] = replicas.all;
  if (first !== undefined) first.transactions = 7;
  now.servers = [server(2)];
  expect(portsOf(replicas.all)).toEqual([2]);
  expect(portsOf(replicas.known)).toEqual([1, 2]);
  now.servers = [server(2), server(1)];
  expect(replicas.all[1]).toBe(first);
});

test('none is there, or none is fit', () => {
  expect(open([]).choose()).toBeUndefined();
  expect(open([server(1, { role: 'primary' })]).choose()).toBeUndefined();
  for (const replicaBalance of ['least-outstanding', 'round-robin', 'weighted'] as const)
    expect(open([server(1), server(2)], { replicaBalance }).choose(() => false)).toBeUndefined();
});

test('least-outstanding: whoever has least, in turn where that is the same', () => {
  const { replicas, choose, times } = open([server(1), server(2), server(3)]);
  expect(times(6)).toEqual([1, 2, 3, 1, 2, 3]);
  const [first, second, third] = replicas.all;
  if (!first || !second || !third) throw new Error('no servers');
  [first.outstanding, second.outstanding, third.outstanding] = [2, 1, 1];
  expect(new Set(times(6))).toEqual(new Set([2, 3]));
  expect(choose((one) => one === first)).toBe(1);
});

test('round-robin: what is not fit leaves its turn to all others alike', () => {
  const { times } = open([server(1), server(2), server(3)], { replicaBalance: 'round-robin' });
  const found = times(12, ({ endpoint }) => endpoint.port !== 2);
  expect(found.filter((port) => port === 1)).toHaveLength(6);
  expect(found.filter((port) => port === 3)).toHaveLength(6);
});

test('weighted: each its parts, well mixed', () => {
  const { times } = open([server(1), server(2), server(3, { role: 'primary' })], {
    replicaBalance: 'weighted',
    replicaWeights: [1, 3, 100],
  });
  const found = times(8);
  expect(found.filter((port) => port === 1)).toHaveLength(2);
  expect(found.filter((port) => port === 2)).toHaveLength(6);
  expect(found.slice(0, 4)).toContain(1);
});

test('weighted: what was not fit for a while does not get all that it has missed', () => {
  const { times } = open([server(1), server(2)], {
    replicaBalance: 'weighted',
    replicaWeights: [1, 1],
  });
  times(100, ({ endpoint }) => endpoint.port === 1);
  expect(times(4).filter((port) => port === 2)).toHaveLength(2);
});

test('weights of a reload count from the next choice on', () => {
  const { now, times } = open([server(1), server(2)], {
    replicaBalance: 'weighted',
    replicaWeights: [0, 1],
  });
  expect(times(3)).toEqual([2, 2, 2]);
  now.settings = databaseSettings({ replicaBalance: 'weighted', replicaWeights: [1, 0] });
  expect(times(3)).toEqual([1, 1, 1]);
});

test('without weights each counts as one', () => {
  const { times } = open([server(1), server(2)], { replicaBalance: 'weighted' });
  expect(times(4).toSorted()).toEqual([1, 1, 2, 2]);
});

test('of servers that come and go for ever the last hundred are remembered, and those in use', () => {
  const { now, replicas } = open([server(1), server(2)]);
  const [stays, busy] = replicas.all;
  if (busy !== undefined) busy.outstanding = 1;
  for (let port = 3; port < 300; port++) {
    now.servers = [server(1), server(port)];
    expect(replicas.all).toHaveLength(2);
  }
  expect(replicas.known).toHaveLength(100);
  expect(replicas.known).toContain(stays);
  expect(replicas.known).toContain(busy);
  expect(portsOf(replicas.known)).toContain(299);
});
