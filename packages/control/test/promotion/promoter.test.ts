import { Promoter, type PromoterSettings } from '../../src/promotion/promoter';
import { HandCluster, key, LOSS, PromotionRig } from './rig';

/** A promoter that looks after the rig's cluster. */
class Watch extends PromotionRig {
  readonly settings: PromoterSettings = { afterMs: 3_000, minIntervalMs: 30_000, fenceMs: 5_000 };
  obstacle: string | undefined;
  others: HandCluster[] = [];
  isListed = true;
  readonly promoter = new Promoter({
    ...this.needs,
    settings: () => this.settings,
    obstacle: () => this.obstacle,
    clusters: () => [...(this.isListed ? [this.cluster] : []), ...this.others],
  });

  /** It is lost, and nobody has promoted anybody. */
  lose(host = 'a'): void {
    this.cluster.primary = undefined;
    this.cluster.loss = { ...LOSS, key: key(host), address: { host, port: 5432 } };
  }

  /** The server that is there is primary, as before. */
  calm(host = 'a'): this {
    this.cluster.accept(host);
    return this;
  }
}

test('promotes when the primary has been lost for failover_after without interruption', async () => {
  const on = new Watch().calm();
  await on.after(1_000);
  expect(on.lease.isStarted).toBe(true);
  expect(on.cluster.view).toEqual({
    ...{ promoter: 'this pgweir', stage: undefined, alarm: undefined },
  });
  on.lose();
  await on.after(2_500);
  expect(on.cluster.view?.stage).toBe('in 1 s');
  on.calm();
  await on.after(200);
  on.lose();
  await on.after(2_900);
  expect(on.events).toEqual([]);
  await on.after(1_000);
  expect(on.events).toEqual(['fence', 'promote b']);
  expect(on.cluster.view?.stage).toBeUndefined();
  expect(on.log.count('promotion: done')).toBe(1);
  await on.promoter.close('over');
  expect(on.lease.isClosed).toBe(true);
  expect(on.cluster.view).toBeUndefined();
  expect(on.clock.pending).toBe(0);
});

test('without the lease nothing happens, and who has it is shown', async () => {
  const on = new Watch();
  on.lease.lose('db2 (process 7)');
  on.lose();
  await on.after(20_000);
  expect(on.events).toEqual([]);
  expect(on.cluster.view).toEqual({
    ...{ promoter: 'db2 (process 7)', stage: 'left to the promoter', alarm: undefined },
  });
  on.lease.standing = { kind: 'unknown', reason: 'etcd does not answer' };
  await on.after(200);
  expect(on.cluster.view?.promoter).toBe('nobody knows: etcd does not answer');
  Object.assign(on.lease, { leftMs: 20_000, standing: { kind: 'held' } });
  await on.after(500);
  expect(on.events).toEqual(['fence', 'promote b']);
});

test('a process that was stopped has not watched meanwhile: it begins to count anew', async () => {
  const on = new Watch();
  on.lose();
  await on.after(2_000);
  // All at once, as timers that were late: one look in all that time.
  const tick = on.clock.nowMs();
  jest.spyOn(on.clock, 'nowMs').mockImplementation(() => tick + 60_000);
  await on.after(200);
  expect(on.events).toEqual([]);
  expect(on.cluster.view?.stage).toBe('in 3 s');
});

test('what passes by itself is looked at again soon, what somebody has to see to less and less often', async () => {
  const on = new Watch();
  on.fences = async () => 'fence_command ended with 1';
  on.cluster.candidates = [];
  on.cluster.others = ['b:5432: down'];
  on.lose();
  await on.after(5_000);
  expect(on.events).toEqual([]);
  expect(on.cluster.view?.stage).toMatch(/^waits: no replica can be promoted \(b:5432: down\)$/);
  expect(on.log.count('promotion: waits')).toBe(1);
  on.cluster.candidates = ['b'];
  await on.after(1_200);
  expect(on.events).toEqual(['fence']);
  expect(on.cluster.view?.alarm).toMatch(/^a:5432 may not be fenced: fence_command ended with 1/);
  await on.after(3_500);
  expect(on.events).toEqual(['fence']);
  await on.after(2_000);
  expect(on.events).toEqual(['fence', 'fence']);
  await on.after(8_000);
  expect(on.events).toHaveLength(2);
  await on.after(2_000);
  expect(on.events).toHaveLength(3);
  await on.after(600_000);
  // 5, 10, 20, 40 seconds, then every minute.
  expect(on.events.length).toBeGreaterThan(10);
  expect(on.events.length).toBeLessThan(16);
  on.fences = async () => undefined;
  await on.after(61_000);
  expect(on.events.at(-1)).toBe('promote b');
  expect(on.cluster.view?.alarm).toBeUndefined();
});

test('an alarm is over when the primary is back', async () => {
  const on = new Watch();
  on.fences = async () => 'no';
  on.lose();
  await on.after(4_000);
  expect(on.cluster.view?.alarm).toBeDefined();
  on.calm();
  await on.after(200);
  expect(on.cluster.view?.alarm).toBeUndefined();
  expect(on.events).toEqual(['fence']);
});

test('one that is lost soon after its promotion is replaced after failover_min_interval', async () => {
  const on = new Watch().calm();
  on.lose();
  await on.after(4_000);
  expect(on.events).toEqual(['fence', 'promote b']);
  on.server('b').isAlive = false;
  on.server('c').inRecovery = true;
  on.cluster.candidates = ['c'];
  on.lose('b');
  on.cluster.loss = { ...LOSS, key: key('b'), address: { host: 'b', port: 5432 }, timeline: 2 };
  await on.after(28_000);
  expect(on.events).toHaveLength(2);
  await on.after(4_000);
  expect(on.events.slice(2)).toEqual(['fence', 'promote c']);
});

test('a planned switchover does not count for that', async () => {
  const on = new Watch().calm();
  await on.after(200);
  on.cluster.isSwitching = true;
  await on.after(200);
  on.cluster.isSwitching = false;
  on.calm('b');
  await on.after(200);
  on.lose('b');
  on.cluster.loss = { ...LOSS, key: key('b'), address: { host: 'b', port: 5432 }, timeline: 2 };
  on.cluster.candidates = ['c'];
  on.server('b').isAlive = false;
  await on.after(4_000);
  expect(on.events).toEqual(['fence', 'promote c']);
});

test('nothing begins while a switchover is under way, nor where two lists lead to one cluster', async () => {
  const on = new Watch();
  on.obstacle = 'a switchover is under way';
  on.lose();
  await on.after(5_000);
  expect(on.cluster.view?.stage).toBe('waits: a switchover is under way');
  on.obstacle = undefined;
  on.others = [new HandCluster()];
  Object.assign(on.others[0] ?? {}, { loss: undefined });
  await on.after(5_000);
  expect(on.cluster.view?.stage).toBe(
    'waits: app, other leads to the same cluster by another list of hosts',
  );
  expect(on.events).toEqual([]);
  on.others = [];
  await on.after(2_000);
  expect(on.events).toEqual(['fence', 'promote b']);
});

test('closed, or taken out of the list, in the middle: it ends unless somebody is fenced', async () => {
  const on = new Watch();
  on.server('b').onAsked = () => undefined;
  on.fences = () => new Promise(() => undefined);
  on.lose();
  await on.after(4_000);
  expect(on.promoter.underWay).toBe('a promotion is under way');
  await on.promoter.close('the pooler has shut down');
  expect(on.log.count('promotion left alone (the pooler has shut down): it was not seen')).toBe(1);
  const other = new Watch();
  other.lose();
  await other.after(2_990);
  other.isListed = false;
  await other.after(5_000);
  expect(other.events).toEqual([]);
  expect(other.promoter.underWay).toBeUndefined();
});

test('an internal error ends one promotion, and is an alarm', async () => {
  const on = new Watch();
  on.cluster.candidates = ['nowhere'];
  on.lose();
  await on.after(4_000);
  expect(on.log.count('promotion: internal error')).toBe(1);
  expect(on.cluster.view?.alarm).toBe('internal error');
  expect(on.promoter.underWay).toBeUndefined();
});
