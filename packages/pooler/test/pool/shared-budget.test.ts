import type { CancelTarget } from '../../src/ports/link-budget';
import { databaseName } from '../../src/ports/names';
import type { FakePool } from '../kit/fake-pool';
import { NO_LIMITS } from '../kit/fake-pool';
import { Fleet } from '../kit/fleet';

const FOUR = { ...NO_LIMITS, poolLinksMax: 4 };

/** A fleet whose workers have one pool each, of the same name. */
function fleet(count: number, limits = FOUR): { fleet: Fleet; pools: FakePool[] } {
  const made = new Fleet(count, limits);
  const pools = made.workers.map((worker) => worker.pool('app', 'u', limits));
  return { fleet: made, pools };
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}

/** `count` sessions come; links that they got are given back at once. */
function use(pool: FakePool, made: Fleet, count: number): void {
  for (let i = 0; i < count; i++) pool.lease();
  made.settleLinks();
  for (const link of pool.in('busy')) pool.finish(link);
  made.settleLinks();
}

test('a pool size counts the links of all workers', () => {
  const { fleet: all, pools } = fleet(3);
  for (const pool of pools) for (let i = 0; i < 4; i++) pool.lease();
  all.settle();
  expect(all.shared.total).toBe(4);
  expect(pools.map(({ links }) => links.length).reduce((sum, links) => sum + links)).toBe(4);
});

test.each([
  ['database', { ...NO_LIMITS, databaseLinksMax: 2 }, ['a', 'u'], ['a', 'v']],
  ['user', { ...NO_LIMITS, userLinksMax: 2 }, ['a', 'u'], ['b', 'u']],
] as const)('the limit of a %s counts the links of all workers', (_name, limits, one, other) => {
  const all = new Fleet(2, limits);
  const pools = [
    all.worker(0).pool(one[0], one[1], limits),
    all.worker(1).pool(other[0], other[1], limits),
  ];
  for (const pool of pools) for (let i = 0; i < 2; i++) pool.lease();
  all.settle();
  expect(all.shared.total).toBe(2);
});

test("a worker's idle link goes to another worker without a tick, by few messages", () => {
  const { fleet: all, pools } = fleet(2);
  use(at(pools, 0), all, 4);
  expect(at(pools, 0).in('idle').length).toBe(4);
  const before = all.messages;
  at(pools, 1).lease();
  all.settleLinks();
  expect(at(pools, 1).in('busy').length).toBe(1);
  // want, wait, two needs at most, idle, give up, gave, release, grant
  expect(all.messages - before).toBeLessThanOrEqual(9);
  expect(at(pools, 0).links.length).toBe(3);
});

test('as many idle links move as are waited for, and not one more', () => {
  const { fleet: all, pools } = fleet(2, { ...NO_LIMITS, poolLinksMax: 20 });
  use(at(pools, 0), all, 20);
  for (let i = 0; i < 7; i++) at(pools, 1).lease();
  all.settleLinks();
  expect(at(pools, 1).in('busy').length).toBe(7);
  all.pass(500);
  expect(at(pools, 0).given).toBe(7);
  expect(at(pools, 0).in('idle').length).toBe(13);
});

test('of several idle links the one goes that has been idle for longest, whoever has it', () => {
  const { fleet: all, pools } = fleet(3);
  use(at(pools, 1), all, 2);
  all.clock.advance(1000);
  use(at(pools, 0), all, 2);
  all.clock.advance(1000);
  at(pools, 2).lease();
  // Both report before the supervisor is asked to choose by what it knows first.
  all.deliver(all.worker(2), 'up');
  for (let i = 0; i < 2; i++) all.deliver(all.worker(2), 'up');
  for (const index of [0, 1]) while (all.deliver(all.worker(index), 'down'));
  all.settleLinks();
  expect(all.pools.map(({ given }) => given).reduce((sum, given) => sum + given)).toBe(1);
  expect(at(pools, 2).in('busy').length).toBe(1);
});

test('a worker that has no idle link any more says so, and the next one is asked', () => {
  const { fleet: all, pools } = fleet(3);
  for (const index of [0, 1]) use(at(pools, index), all, 2);
  at(pools, 2).lease();
  for (let i = 0; i < 3; i++) all.deliver(all.worker(2), 'up');
  for (const index of [0, 1]) while (all.deliver(all.worker(index), 'down'));
  all.deliver(all.worker(0), 'up');
  // Asked by now, and meanwhile its links are lent.
  for (let i = 0; i < 2; i++) at(pools, 0).lease();
  all.settleLinks();
  expect(at(pools, 0).given).toBe(0);
  expect(at(pools, 1).given).toBe(1);
  expect(at(pools, 2).in('busy').length).toBe(1);
});

test('a busy worker yields to one without links within a fraction of a second', () => {
  const { fleet: all, pools } = fleet(2);
  for (let i = 0; i < 20; i++) at(pools, 0).lease();
  all.settleLinks();
  at(pools, 1).lease();
  let waitedMs = 0;
  for (; at(pools, 1).in('busy').length === 0 && waitedMs < 2000; waitedMs += 20) {
    all.pass(20);
    for (const link of at(pools, 0).in('busy')) at(pools, 0).finish(link);
    for (let i = at(pools, 0).waiting; i < 20; i++) at(pools, 0).lease();
    all.settleLinks();
  }
  expect(waitedMs).toBeLessThanOrEqual(200);
  expect(at(pools, 0).given).toBe(1);
});

test('two workers that both need the only link take turns of about a second', () => {
  const { fleet: all, pools } = fleet(2, { ...NO_LIMITS, poolLinksMax: 1 });
  for (const pool of pools) for (let i = 0; i < 5; i++) pool.lease();
  let turns = 0;
  let had: FakePool | undefined;
  for (let ms = 0; ms < 10_000; ms += 20) {
    all.pass(20);
    for (const pool of pools) {
      for (const link of pool.in('busy')) {
        if (had !== pool) turns++;
        had = pool;
        pool.finish(link);
      }
      while (pool.waiting < 5) pool.lease();
    }
  }
  expect(turns).toBeGreaterThanOrEqual(5);
  expect(turns).toBeLessThanOrEqual(15);
});

test('a worker that dies loses its wants at once, and its links only when they are gone', () => {
  const { fleet: all, pools } = fleet(2);
  for (let i = 0; i < 6; i++) at(pools, 0).lease();
  all.settle();
  for (let i = 0; i < 2; i++) at(pools, 1).lease();
  all.settle();
  all.crash(all.worker(0));
  all.settleLinks();
  all.pass(1000);
  expect(all.shared.total).toBe(4);
  expect(at(pools, 1).links.length).toBe(0);
  expect(all.orphans.length).toBe(4);
  all.orphanGone(0);
  all.settle();
  expect(at(pools, 1).in('busy').length).toBe(1);
  expect(all.shared.total).toBe(4);
  while (all.orphans.length > 0) all.orphanGone(0);
  all.settle();
  expect(all.shared.total).toBe(2);
});

test('messages of a worker that is gone are dropped', () => {
  const { fleet: all, pools } = fleet(1);
  at(pools, 0).lease();
  all.settle();
  const worker = all.worker(0);
  at(pools, 0).lease();
  const late = worker.up.map((text) => JSON.parse(text));
  all.crash(worker);
  for (const message of late) all.shared.received(worker.number, message);
  expect(all.shared.total).toBe(1);
  all.shared.received(99, late[0]);
  expect(all.shared.total).toBe(1);
});

test('messages of another version are dropped', () => {
  const { fleet: all, pools } = fleet(1);
  all.settle();
  at(pools, 0).lease();
  const worker = all.worker(0);
  const [want] = worker.up.splice(0).map((text) => JSON.parse(text));
  all.shared.received(worker.number, { ...want, version: 0 });
  expect(all.shared.total).toBe(0);
  all.shared.received(worker.number, want);
  expect(all.shared.total).toBe(1);
});

test('the surplus is closed after a reload that shrinks a limit, idle or busy', () => {
  const { fleet: all, pools } = fleet(2, { ...NO_LIMITS, poolLinksMax: 8 });
  use(at(pools, 0), all, 4);
  for (let i = 0; i < 4; i++) at(pools, 1).lease();
  all.settleLinks();
  expect(all.shared.total).toBe(8);
  all.reload({ ...NO_LIMITS, poolLinksMax: 3 });
  all.pass(200);
  expect(at(pools, 0).links.length).toBe(0);
  expect(all.shared.total).toBe(4);
  for (const link of at(pools, 1).in('busy')) at(pools, 1).finish(link);
  all.pass(200);
  expect(all.shared.total).toBe(3);
  all.pass(2000);
  expect(all.shared.total).toBe(3);
  expect(all.shared.restless).toBe(false);
});

test("the supervisor's limits hold when a worker still asks by older ones", () => {
  const { fleet: all, pools } = fleet(1, { ...NO_LIMITS, poolLinksMax: 8 });
  all.settle();
  all.reload({ ...NO_LIMITS, poolLinksMax: 2 });
  for (let i = 0; i < 5; i++) at(pools, 0).lease();
  all.settle();
  expect(all.shared.total).toBe(2);
});

test('a limit that grows serves those that wait', () => {
  const { fleet: all, pools } = fleet(1, { ...NO_LIMITS, poolLinksMax: 1 });
  for (let i = 0; i < 3; i++) at(pools, 0).lease();
  all.settle();
  all.reload({ ...NO_LIMITS, poolLinksMax: 3 });
  at(pools, 0).renew({ ...NO_LIMITS, poolLinksMax: 3 });
  all.settle();
  expect(at(pools, 0).in('busy').length).toBe(3);
});

test('links for minimum sizes are given to those that wait, and do not come back at their cost', () => {
  const { fleet: all, pools } = fleet(2);
  for (const pool of pools) {
    pool.minimum = 3;
    pool.fill();
    all.settleLinks();
  }
  const sizes = () => pools.map(({ links }) => links.length);
  expect(sizes()).toEqual([3, 1]);
  all.pass(3000);
  expect(sizes()).toEqual([3, 1]);
  for (let i = 0; i < 3; i++) at(pools, 1).lease();
  all.settleLinks();
  all.pass(200);
  expect(at(pools, 1).in('busy').length).toBe(3);
  const given = at(pools, 0).given;
  all.pass(3000);
  expect(sizes()).toEqual([1, 3]);
  expect(at(pools, 0).given).toBe(given);
  expect(all.shared.restless).toBe(false);
});

test('a waiter makes a want for a minimum size one that counts', () => {
  const { fleet: all, pools } = fleet(2);
  use(at(pools, 0), all, 4);
  at(pools, 1).minimum = 1;
  at(pools, 1).fill();
  all.pass(1000);
  expect(at(pools, 1).links.length).toBe(0);
  at(pools, 1).lease();
  all.settleLinks();
  expect(at(pools, 1).in('busy').length).toBe(1);
});

test('what a permit knows: whose it is, and how to cancel what runs there', () => {
  const { fleet: all, pools } = fleet(2);
  at(pools, 1).lease();
  all.settle();
  const { permit } = at(at(pools, 1).links, 0);
  const target: CancelTarget = {
    address: { kind: 'tcp', host: '10.0.0.2', port: 5432 },
    hostName: 'db.test',
    tls: true,
    database: databaseName('app'),
    processId: 77,
    key: Buffer.from([0, 255, 128, 7]),
  };
  expect(permit.connected(9)).toBe(true);
  expect(all.worker(1).passed).toEqual(new Map([[permit.id, 9]]));
  expect(all.shared.permit(permit.id)).toMatchObject({ worker: 2, database: 'app', user: 'u' });
  permit.established(target);
  all.settle();
  expect(all.shared.permit(permit.id)?.cancelTarget).toEqual(target);
  expect(all.shared.permitsOf(2).map(({ id }) => id)).toEqual([permit.id]);
  all.worker(1).passes = false;
  expect(permit.connected(9)).toBe(false);
  permit.release();
  all.settle();
  expect(all.shared.permit(permit.id)).toBeUndefined();
  expect(() => permit.release()).toThrow('released twice');
});

test('a grant that nobody waits for any more comes back', () => {
  const { fleet: all, pools } = fleet(1);
  at(pools, 0).lease();
  all.deliver(all.worker(0), 'up');
  all.deliver(all.worker(0), 'up');
  expect(all.shared.total).toBe(1);
  at(pools, 0).abandon();
  all.settle();
  expect(at(pools, 0).links.length).toBe(0);
  expect(all.shared.total).toBe(0);
});

test('a pool that leaves takes its wants along', () => {
  const { fleet: all, pools } = fleet(2);
  use(at(pools, 0), all, 4);
  for (const link of at(pools, 0).in('idle')) link.state = 'busy';
  at(pools, 1).lease();
  all.settle();
  expect(all.shared.restless).toBe(true);
  at(pools, 1).leave();
  all.pass(100);
  expect(all.shared.restless).toBe(false);
});
