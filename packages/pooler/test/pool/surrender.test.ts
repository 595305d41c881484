import { HandClock } from '@pgweir/testkit';
import type { BudgetFromWorker, BudgetToWorker } from '../../src/pool/budget-messages';
import { LocalLinkBudget } from '../../src/pool/local-budget';
import { RemoteLinkBudget } from '../../src/pool/remote-budget';
import { SharedLinkBudget } from '../../src/pool/shared-budget';
import type { LinkBudget } from '../../src/ports/link-budget';
import { FakePool, NO_LIMITS } from '../kit/fake-pool';

const TWO = { ...NO_LIMITS, poolLinksMax: 2 };
const OLD = -1;
const NEW = 0;

/** A process with a budget of its own, and another one that takes over from it. */
class Pair {
  readonly clock = new HandClock();
  readonly local = new LocalLinkBudget();
  readonly shared: SharedLinkBudget;
  readonly passed: number[] = [];
  readonly #remotes = new Map<number, RemoteLinkBudget>();
  readonly #queue: (() => void)[] = [];
  readonly old = this.pool(this.local);
  readonly fresh: FakePool;

  constructor() {
    this.shared = new SharedLinkBudget({
      nowMs: () => this.clock.nowMs(),
      send: (worker, message) => this.#down(worker, message),
      limitsOf: () => TWO,
      released: () => undefined,
    });
    this.shared.hold();
    this.shared.workerJoined(NEW);
    this.fresh = this.pool(this.#remote(NEW));
  }

  pool(budget: LinkBudget): FakePool {
    return new FakePool({ database: 'app', user: 'u', limits: TWO }, budget, this.clock);
  }

  #remote(worker: number): RemoteLinkBudget {
    const remote = new RemoteLinkBudget({
      clock: this.clock,
      send: (message) => this.#up(worker, message),
      passDescriptor: () => true,
    });
    this.#remotes.set(worker, remote);
    return remote;
  }

  #up(worker: number, message: BudgetFromWorker): void {
    this.#queue.push(() => this.shared.received(worker, message));
  }

  #down(worker: number, message: BudgetToWorker): void {
    this.#queue.push(() => this.#remotes.get(worker)?.received(message));
  }

  takeOver(): void {
    this.shared.workerJoined(OLD);
    this.local.surrender(this.#remote(OLD), (permit) => void this.passed.push(permit));
    this.settle();
    this.shared.begin();
    this.settle();
  }

  settle(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
  }

  /** Time passes; PostgreSQL lets go of what was closed at once. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= SharedLinkBudget.TICK_MS) {
      this.clock.advance(SharedLinkBudget.TICK_MS);
      this.shared.relieve();
      this.settle();
      for (const pool of [this.old, this.fresh]) {
        for (const link of pool.in('closing')) pool.gone(link);
      }
      this.settle();
    }
  }
}

test('the links that exist count for the one that takes over', () => {
  const pair = new Pair();
  pair.old.lease();
  pair.old.lease();
  pair.fresh.lease();
  pair.settle();
  expect(pair.fresh.in('busy')).toEqual([]);
  pair.takeOver();
  expect([pair.shared.total, pair.local.total]).toEqual([2, 2]);
  expect(pair.fresh.in('busy')).toEqual([]);
  for (const link of pair.old.in('busy')) pair.old.finish(link);
  pair.pass(200);
  expect(pair.fresh.in('busy').length).toBe(1);
  expect(pair.shared.total).toBe(2);
  expect(pair.local.total).toBe(1);
});

test('who waits in the old process goes on waiting, and is served', () => {
  const pair = new Pair();
  for (let i = 0; i < 3; i++) pair.old.lease();
  pair.takeOver();
  expect([pair.old.in('busy').length, pair.old.waiting]).toEqual([2, 1]);
  const [first] = pair.old.in('busy');
  if (first !== undefined) pair.old.close(first);
  pair.pass(100);
  expect([pair.old.in('busy').length, pair.old.waiting]).toEqual([2, 0]);
  expect(pair.shared.total).toBe(2);
});

test('links are closed by name after the hand-over, whoever granted them', () => {
  const pair = new Pair();
  pair.old.lease();
  pair.takeOver();
  pair.old.lease();
  pair.pass(50);
  expect(pair.old.in('busy').length).toBe(2);
  for (const link of pair.old.in('busy')) pair.old.close(link);
  pair.pass(50);
  expect([pair.shared.total, pair.local.total]).toEqual([0, 0]);
});

test('nothing is granted before the books are there', () => {
  const pair = new Pair();
  pair.fresh.lease();
  pair.settle();
  expect(pair.fresh.waiting).toBe(1);
  pair.takeOver();
  expect(pair.fresh.in('busy').length).toBe(1);
});
