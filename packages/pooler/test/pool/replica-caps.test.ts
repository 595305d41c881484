import { isReplicaPool } from '../../src/ports/names';
import type { FakePoolLimits } from '../kit/fake-pool';
import { Fleet } from '../kit/fleet';

const limits = (poolLinksMax: number, databaseLinksMax = 0): FakePoolLimits => ({
  ...{ poolLinksMax, databaseLinksMax, userLinksMax: 0 },
});

/** Two workers that each have a pool of the primary and one of a replica. */
function open(databaseLinksMax = 0) {
  const fleet = new Fleet(2);
  const main = limits(6, databaseLinksMax);
  const replica = limits(3, databaseLinksMax);
  fleet.limitsOf = ({ pool }) => (isReplicaPool(pool) ? replica : main);
  const mains = fleet.workers.map((worker) => worker.pool('app', 'ann', main));
  const replicas = fleet.workers.map((worker) => worker.pool('app', 'ann', replica, 'db:5433'));
  const linksOf = (pools: typeof mains) => pools.reduce((sum, { links }) => sum + links.length, 0);
  return { fleet, mains, replicas, linksOf };
}

test("the size of a replica's pool holds over all workers, apart from that of the primary", () => {
  const { fleet, mains, replicas, linksOf } = open();
  for (const pool of [...mains, ...replicas]) for (let i = 0; i < 10; i++) pool.lease();
  fleet.settleLinks();
  expect([linksOf(mains), linksOf(replicas)]).toEqual([6, 3]);
});

test('a reload makes another size of it', () => {
  const { fleet, mains, replicas, linksOf } = open();
  for (const pool of [...mains, ...replicas]) for (let i = 0; i < 10; i++) pool.lease();
  fleet.settleLinks();
  fleet.limitsOf = () => limits(5);
  fleet.shared.limitsChanged();
  for (const pool of replicas) pool.renew(limits(5));
  fleet.settleLinks();
  expect(linksOf(replicas)).toBe(5);
});

test('both count for max_db_connections', () => {
  const { fleet, mains, replicas } = open(4);
  for (const pool of [...mains, ...replicas]) for (let i = 0; i < 10; i++) pool.lease();
  fleet.settleLinks();
  expect(fleet.counted.size).toBe(4);
});
