import fc from 'fast-check';
import { ServerCaps, serverCap } from '../../src/pool/server-caps';
import { idleShares, serverShares } from '../../src/pool/server-shares';
import { databaseName, type ServerName, serverName } from '../../src/ports/names';
import { NO_LIMITS } from '../kit/fake-pool';
import { Fleet } from '../kit/fleet';
import { databaseSettings, poolerSettings } from '../kit/settings';

const A = serverName({ host: 'a', port: 5432 });
const B = serverName({ host: 'b', port: 5432 });
const NO_MEMBERS = { servers: new Map() };
const share = (percent: number, watched = false) => ({ percent, watched });

test.each([
  [share(50), 100, 50],
  [share(33), 100, 33],
  [share(50), 5, 2],
  [share(1), 30, 1],
  [share(1, true), 100, 2],
  [share(100), 100, 100],
])('of %j of %i connections there may be %i links', (part, maxConnections, linksMax) => {
  expect(serverCap(part, maxConnections)).toEqual({ linksMax, provisional: false });
});

test('as long as nobody knows, one link may be opened, and one more where health is asked for', () => {
  expect(serverCap(share(90), undefined)).toEqual({ linksMax: 1, provisional: true });
  expect(serverCap(share(90, true), undefined)).toEqual({ linksMax: 2, provisional: true });
});

test('what a server has said is forgotten when its last link is gone: it may have been started anew', () => {
  const caps = new Map<ServerName, number>();
  const book = new ServerCaps((server, { linksMax }) => caps.set(server, linksMax));
  book.configure(new Map([[A, share(50)]]));
  book.established(A, 1);
  book.learned(A, 1, 100);
  book.established(A, 2);
  expect(caps.get(A)).toBe(50);
  book.gone(A, 1);
  expect(caps.get(A)).toBe(50);
  book.gone(A, 2);
  expect(caps.get(A)).toBe(1);
});

describe('parts of servers', () => {
  const at = (hosts: string[], changes = {}) => databaseSettings({ hosts, ...changes });
  const settings = poolerSettings({
    maxConnectionsPercent: 80,
    maxIdleConnectionsPercent: 40,
    databases: new Map([
      [databaseName('one'), at(['a', 'b'])],
      [databaseName('two'), at(['A'], { maxConnectionsPercent: 30, maxIdleConnectionsPercent: 0 })],
      [databaseName('none'), at(['c'], { maxConnectionsPercent: 0 })],
      [databaseName('other'), at(['b'], { ports: [5433], targetSessionAttrs: 'any' })],
    ]),
  });

  test('the smallest of the entries that lead to a server counts for all of them', () => {
    expect([...serverShares(settings, NO_MEMBERS)]).toEqual([
      [A, share(30)],
      [B, share(80)],
      [serverName({ host: 'b', port: 5433 }), share(80, true)],
    ]);
  });

  test('the same for idle links, of which there may be none', () => {
    expect(idleShares(settings, NO_MEMBERS).get(A)).toBe(0);
    expect(idleShares(settings, NO_MEMBERS).get(B)).toBe(40);
  });

  test('members of a cluster that have been found have the part of the entry that leads to them', () => {
    const members = [{ host: 'found', port: 5432, role: 'replica' as const }];
    const shares = serverShares(settings, { servers: new Map([[databaseName('two'), members]]) });
    expect(shares.get(serverName({ host: 'found', port: 5432 }))).toEqual(share(30));
    expect(serverShares(settings, NO_MEMBERS).size).toBe(3);
  });

  test('nobody is limited where nothing is set', () => {
    const all = poolerSettings({ databases: new Map([[databaseName('one'), at(['a'])]]) });
    expect(serverShares(all, NO_MEMBERS).size + idleShares(all, NO_MEMBERS).size).toBe(0);
  });
});

/** Two workers with two pools each: of other databases, which lead to the same servers. */
function fleet(servers: readonly ServerName[], allows: () => number): Fleet {
  const fleet = new Fleet(2);
  for (const worker of fleet.workers) {
    for (const database of ['app', 'other']) {
      const pool = worker.pool(database, 'ann', NO_LIMITS);
      pool.servers = servers;
      pool.serverAllows = allows;
    }
  }
  return fleet;
}

/** Links that exist at a server, those included that PostgreSQL has not let go of. */
function linksAt({ pools }: Fleet, server: ServerName): number {
  return pools.flatMap(({ links, leads }) =>
    links.filter(({ permit }) => leads.get(permit) === server),
  ).length;
}

test('all pools of all workers together have as many links as they may, and share them', () => {
  const all = fleet([A], () => 20);
  all.limitServers(new Map([[A, share(50)]]));
  for (const pool of all.pools) for (let i = 0; i < 10; i++) pool.lease();
  all.pass(1000);
  for (let i = 0; i < 20; i++) {
    for (const pool of all.pools) {
      pool.lease();
      for (const link of pool.in('busy').slice(0, 1)) pool.finish(link);
    }
    all.pass(200);
  }
  expect(linksAt(all, A)).toBe(10);
  const counts = all.pools.map(({ live }) => live.length);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  expect(all.shared.serverCaps).toEqual([
    { server: A, percent: 50, maxConnections: 20, linksMax: 10, links: 10 },
  ]);
});

test('a list of servers that are used in turn: each has as many as it may', () => {
  const all = fleet([A, B], () => 20);
  all.limitServers(
    new Map([
      [A, share(50)],
      [B, share(50)],
    ]),
  );
  for (const pool of all.pools) for (let i = 0; i < 10; i++) pool.lease();
  all.pass(3000);
  expect(linksAt(all, A)).toBeLessThanOrEqual(10);
  expect(linksAt(all, B)).toBeLessThanOrEqual(10);
  expect(linksAt(all, A) + linksAt(all, B)).toBeGreaterThanOrEqual(18);
});

test('a smaller part: links go until it holds, idle ones at once and the others after their leases', () => {
  const all = fleet([A], () => 20);
  all.limitServers(new Map([[A, share(100)]]));
  for (const pool of all.pools) for (let i = 0; i < 5; i++) pool.lease();
  all.pass(1000);
  expect(linksAt(all, A)).toBe(20);
  all.limitServers(new Map([[A, share(40)]]));
  for (const pool of all.pools) for (const link of [...pool.links]) pool.finish(link);
  all.pass(5000);
  expect(linksAt(all, A)).toBe(8);
});

test('the part is set when there are links already: none goes before the server has said what it allows', () => {
  const all = fleet([A], () => 20);
  const pools = all.pools;
  for (const pool of pools) pool.serverAllows = () => undefined;
  for (const pool of pools) for (let i = 0; i < 3; i++) pool.lease();
  all.pass(1000);
  all.limitServers(new Map([[A, share(50)]]));
  all.pass(3000);
  expect(linksAt(all, A)).toBe(12);
  pools[0]?.links[0]?.permit.serverAllows(20);
  for (const pool of pools) for (const link of [...pool.links]) pool.finish(link);
  all.pass(5000);
  expect(linksAt(all, A)).toBe(10);
});

test('another budget takes over, and knows where links lead and what their servers allow', () => {
  const all = fleet([A], () => 20);
  all.limitServers(new Map([[A, share(50)]]));
  for (const pool of all.pools) for (let i = 0; i < 10; i++) pool.lease();
  all.pass(2000);
  all.handOver();
  all.pass(2000);
  expect(linksAt(all, A)).toBe(10);
  expect(all.shared.serverCaps).toMatchObject([{ maxConnections: 20, linksMax: 10, links: 10 }]);
});

test('links that are lost with their worker count until PostgreSQL has let go', () => {
  const all = fleet([A], () => 20);
  all.limitServers(new Map([[A, share(50)]]));
  for (const pool of all.pools) for (let i = 0; i < 10; i++) pool.lease();
  all.pass(2000);
  const before = linksAt(all, A);
  const lost = all.worker(0);
  const left = lost.pools.reduce((sum, { links }) => sum + links.length, 0);
  all.crash(lost, Number.MAX_SAFE_INTEGER);
  all.pass(2000);
  expect(before).toBe(10);
  expect(linksAt(all, A)).toBe(10 - left);
  while (all.orphans.length > 0) all.orphanGone(0);
  all.pass(2000);
  expect(linksAt(all, A)).toBe(10);
});

test('whatever happens, no server has more links than it may', () => {
  const step = fc.record({
    what: fc.constantFrom('lease', 'lease', 'finish', 'abandon', 'close', 'pass', 'grow'),
    pool: fc.nat(3),
    link: fc.nat(30),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 2, max: 12 }),
      (steps, max) => {
        let allows = max;
        const all = fleet([A, B], () => allows);
        const percents = new Map([
          [A, share(50)],
          [B, share(100)],
        ]);
        all.limitServers(percents);
        for (const { what, pool: number, link: place } of steps) {
          const pool = all.pools[number];
          const link = pool?.links[place % Math.max(1, pool.links.length)];
          if (what === 'lease') pool?.lease();
          else if (what === 'abandon') pool?.abandon();
          else if (what === 'grow') allows = Math.min(20, allows + 1);
          else if (what === 'pass') all.pass(100);
          else if (link !== undefined && what === 'finish') pool?.finish(link);
          else if (link !== undefined && link.state === 'idle') pool?.close(link);
          all.settle();
          expect(linksAt(all, A)).toBeLessThanOrEqual(Math.max(1, Math.floor(allows / 2)));
          expect(linksAt(all, B)).toBeLessThanOrEqual(allows);
        }
      },
    ),
    { numRuns: 150 },
  );
});
