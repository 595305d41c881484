import * as fc from 'fast-check';
import { limitKey } from '../../src/pool/budget-account';
import type { FakePool, FakePoolLimits } from '../kit/fake-pool';
import { Fleet, type FleetWorker } from '../kit/fleet';

type StepKind =
  | 'deliver'
  | 'lease'
  | 'abandon'
  | 'finish'
  | 'gone'
  | 'close'
  | 'tick'
  | 'crash'
  | 'spawn'
  | 'orphan'
  | 'reload'
  | 'learn'
  | 'leave'
  | 'hand-over';

interface Step {
  readonly kind: StepKind;
  readonly nth: number;
}

const DATABASES = ['a', 'a', 'b'];
const USERS = ['u', 'v', 'u'];

const limits: fc.Arbitrary<FakePoolLimits> = fc.record({
  poolLinksMax: fc.nat(4),
  databaseLinksMax: fc.nat(6),
  userLinksMax: fc.nat(6),
});

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 40, arbitrary: fc.constant<StepKind>('deliver') },
    { weight: 14, arbitrary: fc.constant<StepKind>('lease') },
    { weight: 10, arbitrary: fc.constant<StepKind>('finish') },
    { weight: 10, arbitrary: fc.constant<StepKind>('gone') },
    { weight: 6, arbitrary: fc.constant<StepKind>('tick') },
    { weight: 3, arbitrary: fc.constant<StepKind>('abandon') },
    { weight: 3, arbitrary: fc.constant<StepKind>('close') },
    { weight: 3, arbitrary: fc.constant<StepKind>('orphan') },
    { weight: 2, arbitrary: fc.constant<StepKind>('learn') },
    { weight: 1, arbitrary: fc.constant<StepKind>('crash') },
    { weight: 1, arbitrary: fc.constant<StepKind>('spawn') },
    { weight: 1, arbitrary: fc.constant<StepKind>('reload') },
    { weight: 1, arbitrary: fc.constant<StepKind>('leave') },
    { weight: 1, arbitrary: fc.constant<StepKind>('hand-over') },
  ),
  nth: fc.nat(1000),
});

/** Workers, channels, crashes and reloads in an order that chance decides, and what must always hold. */
class Simulation {
  readonly fleet: Fleet;
  readonly #configurations: readonly FakePoolLimits[];
  /** The most links that may exist under a limit: today's, or what was there when it shrank. */
  readonly #allowed = new Map<string, number>();
  #leases = 0;
  #abandoned = 0;
  #lost = 0;
  #served = 0;

  constructor(configurations: readonly FakePoolLimits[]) {
    this.#configurations = configurations;
    this.fleet = new Fleet(0, configurations[0]);
    for (let i = 0; i < 3; i++) this.#spawn();
  }

  run({ kind, nth }: Step): void {
    const { fleet } = this;
    const worker = pick(fleet.workers, nth);
    const pool = pick(fleet.pools, nth);
    switch (kind) {
      case 'deliver':
        if (worker !== undefined) fleet.deliver(worker, nth % 2 === 0 ? 'up' : 'down');
        return;
      case 'lease':
        if (pool !== undefined && pool.waiting < 8) this.#lease(pool);
        return;
      case 'abandon':
        if (pool !== undefined && pool.waiting > 0) {
          this.#abandoned++;
          pool.abandon();
        }
        return;
      case 'finish':
        if (pool !== undefined) {
          const link = pick(pool.in('busy'), nth);
          if (link !== undefined) pool.finish(link);
        }
        return;
      case 'gone':
        for (const any of fleet.pools) {
          const link = pick(any.in('closing'), nth);
          if (link !== undefined && nth % 3 > 0) any.gone(link);
        }
        return;
      case 'close': {
        // For its age, or because the server has ended it.
        const link = pool === undefined ? undefined : pick(pool.in('idle'), nth);
        if (link !== undefined) pool?.close(link);
        return;
      }
      case 'tick':
        fleet.tick();
        return;
      case 'crash':
        if (worker !== undefined && fleet.workers.length > 1) this.#crash(worker, nth % 5);
        return;
      case 'spawn':
        if (fleet.workers.length < 5) this.#spawn();
        return;
      case 'orphan':
        if (fleet.orphans.length > 0) fleet.orphanGone(nth % fleet.orphans.length);
        return;
      case 'reload':
        fleet.reload(this.#configurations[nth % this.#configurations.length] ?? fleet.limits);
        return;
      case 'learn':
        pool?.renew(fleet.limits);
        return;
      case 'hand-over':
        fleet.handOver();
        return;
      case 'leave':
        if (worker !== undefined) this.#leave(worker, nth);
        return;
    }
  }

  /** A pool that nobody uses is forgotten, and comes back as another one. */
  #leave(worker: FleetWorker, nth: number): void {
    const pool = pick(worker.pools, nth);
    if (pool === undefined || pool.links.length > 0 || pool.waiting > 0) return;
    pool.renew();
    pool.leave();
    worker.pools.splice(worker.pools.indexOf(pool), 1);
    this.#served += pool.served;
    worker.pool(pool.database, pool.user, this.fleet.limits);
  }

  #lease(pool: FakePool): void {
    this.#leases++;
    pool.lease();
  }

  #spawn(): void {
    const worker = this.fleet.spawn();
    DATABASES.forEach((database, i) => {
      const pool = worker.pool(database, USERS[i] ?? 'u', this.fleet.limits);
      pool.minimum = worker.number % 2;
    });
  }

  #crash(worker: FleetWorker, arriving: number): void {
    for (const pool of worker.pools) {
      this.#lost += pool.waiting;
      this.#served += pool.served;
    }
    this.fleet.crash(worker, arriving);
  }

  /** Holds after every single step. */
  check(): void {
    const { fleet } = this;
    expect(fleet.shared.total).toBe(fleet.counted.size);
    const counted = new Map<string, number>();
    for (const names of fleet.counted.values()) count(counted, names);
    for (const key of new Set([...counted.keys(), ...this.#allowed.keys()])) {
      const links = counted.get(key) ?? 0;
      const max = capOf(key, fleet.limits);
      // What was there before a limit shrank may stay for a while, but must not come back.
      const allowed = max === 0 ? Number.POSITIVE_INFINITY : max;
      const before = this.#allowed.get(key) ?? allowed;
      expect({ key, ok: links <= Math.max(allowed, before) }).toEqual({ key, ok: true });
      this.#allowed.set(key, Math.max(allowed, Math.min(before, links)));
    }
    // What PostgreSQL sees is never more than what the supervisor counts.
    for (const { permit } of fleet.pools.flatMap(({ links }) => links)) {
      expect(fleet.counted.has(permit.id)).toBe(true);
    }
  }

  /** Leases end, links that close are gone, messages arrive: then everybody has been served. */
  calmDown(): void {
    const { fleet } = this;
    for (const pool of fleet.pools) pool.renew(fleet.limits);
    let rounds = 0;
    for (; rounds < 400 && !this.#calm(); rounds++) {
      fleet.pass(20);
      while (fleet.orphans.length > 0) fleet.orphanGone(0);
      for (const pool of fleet.pools) for (const link of pool.in('busy')) pool.finish(link);
      this.check();
    }
    expect({ rounds, waiting: fleet.pools.map(({ waiting }) => waiting) }).toEqual({
      rounds: expect.any(Number),
      waiting: fleet.pools.map(() => 0),
    });
    this.#nothingLost();
  }

  #calm(): boolean {
    const { fleet } = this;
    if (fleet.shared.restless || fleet.orphans.length > 0) return false;
    if (fleet.workers.some(({ up, down }) => up.length + down.length > 0)) return false;
    return fleet.pools.every(
      (pool) => pool.waiting === 0 && pool.in('idle').length === pool.linkCount,
    );
  }

  #nothingLost(): void {
    const { fleet } = this;
    const served = fleet.pools.reduce((sum, pool) => sum + pool.served, this.#served);
    expect(served + this.#abandoned + this.#lost).toBe(this.#leases);
    const links = fleet.pools.flatMap((pool) => pool.links);
    expect(fleet.shared.total).toBe(links.length);
    expect([...fleet.counted.keys()].sort()).toEqual(links.map(({ permit }) => permit.id).sort());
    for (const worker of fleet.workers) {
      const own = worker.pools.flatMap((pool) => pool.links);
      expect(worker.budget.permits).toBe(own.length);
      expect(fleet.shared.permitsOf(worker.number).length).toBe(own.length);
    }
    // And then nothing stirs any more.
    const { messages } = fleet;
    fleet.pass(2000);
    expect(fleet.messages).toBe(messages);
  }
}

function pick<T>(list: readonly T[], nth: number): T | undefined {
  return list.length === 0 ? undefined : list[nth % list.length];
}

function count(
  into: Map<string, number>,
  { database, user }: { readonly database: string; readonly user: string },
): void {
  for (const key of [
    limitKey('pool', `${database} ${user}`),
    limitKey('database', database),
    limitKey('user', user),
  ]) {
    into.set(key, (into.get(key) ?? 0) + 1);
  }
}

function capOf(key: string, caps: FakePoolLimits): number {
  if (key.startsWith('pool')) return caps.poolLinksMax;
  return key.startsWith('database') ? caps.databaseLinksMax : caps.userLinksMax;
}

test('whatever comes when: no cap is ever passed, nobody is forgotten, no permit is lost', () => {
  const configurations = fc.array(limits, { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(
      configurations,
      fc.array(step, { minLength: 50, maxLength: 400, size: 'max' }),
      (some, steps) => {
        const simulation = new Simulation(some);
        for (const one of steps) {
          simulation.run(one);
          simulation.check();
        }
        simulation.calmDown();
      },
    ),
    { numRuns: 40, endOnFailure: true },
  );
});
