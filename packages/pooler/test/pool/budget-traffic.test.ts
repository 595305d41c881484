import { NO_LIMITS } from '../kit/fake-pool';
import { Fleet } from '../kit/fleet';

/** A small generator of numbers in [0, 1), the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Load {
  readonly clients: readonly number[];
  readonly links: number;
  /** Mean of the time between two transactions of one client; transactions take a millisecond. */
  readonly thinkMs: number;
}

/** Clients of several workers share one pool size; a millisecond at a time. */
class Traffic {
  readonly fleet: Fleet;
  transactions = 0;
  readonly #load: Load;
  readonly #random = numbers(42);
  #ms = 0;

  constructor(load: Load) {
    this.#load = load;
    const limits = { ...NO_LIMITS, poolLinksMax: load.links };
    this.fleet = new Fleet(load.clients.length, limits);
    for (const worker of this.fleet.workers) worker.pool('app', 'u', limits);
  }

  /** The first worker has all the links. */
  takeAll(): void {
    const [first] = this.fleet.pools;
    for (let i = 0; i < this.#load.links; i++) first?.lease();
    this.fleet.settleLinks();
  }

  run(ms: number): void {
    for (const endMs = this.#ms + ms; this.#ms < endMs; ) {
      this.#ms++;
      this.fleet.clock.advance(1);
      if (this.#ms % 20 === 0 && this.fleet.shared.restless) this.fleet.shared.relieve();
      this.fleet.pools.forEach((pool, index) => {
        for (const link of pool.in('busy')) pool.finish(link);
        const outside = (this.#load.clients[index] ?? 0) - pool.waiting - pool.in('busy').length;
        for (let i = 0; i < outside; i++) {
          if (this.#random() * (this.#load.thinkMs + 1) < 1) {
            pool.lease();
            this.transactions++;
          }
        }
      });
      this.fleet.settleLinks();
    }
  }

  get shares(): readonly number[] {
    return this.fleet.pools.map(({ links }) => links.length);
  }

  get moved(): number {
    return this.fleet.pools.reduce((sum, { given }) => sum + given, 0);
  }
}

test.each([
  [2, 20],
  [3, 20],
  [4, 7],
  [8, 20],
])(
  '%i saturated workers come to equal shares of %i links, and then keep them',
  (workers, links) => {
    const traffic = new Traffic({ clients: Array(workers).fill(40), links, thinkMs: 0 });
    traffic.takeAll();
    traffic.run(3000);
    const { moved } = traffic;
    expect(Math.max(...traffic.shares) - Math.min(...traffic.shares)).toBeLessThanOrEqual(1);
    expect(moved).toBeLessThanOrEqual(links);
    traffic.run(5000);
    expect(traffic.moved).toBe(moved);
  },
);

test('there are no messages about traffic, and links stay where they are, while nobody lacks any', () => {
  const traffic = new Traffic({ clients: [8, 8, 8], links: 30, thinkMs: 2 });
  traffic.run(5000);
  const links = traffic.shares.reduce((sum, share) => sum + share);
  expect(traffic.transactions).toBeGreaterThan(20_000);
  // For each link a want and a grant; and each pool says once that it is there.
  expect(traffic.fleet.messages).toBeLessThanOrEqual(2 * links + 3);
  expect(traffic.moved).toBe(0);
});

test('under a load around the limit links seldom move and messages are few', () => {
  const traffic = new Traffic({ clients: [30, 30], links: 20, thinkMs: 2 });
  traffic.run(1000);
  const { messages } = traffic.fleet;
  const { moved, transactions } = traffic;
  traffic.run(10_000);
  const done = traffic.transactions - transactions;
  expect(done).toBeGreaterThan(50_000);
  expect((traffic.fleet.messages - messages) / done).toBeLessThan(0.02);
  expect(traffic.moved - moved).toBeLessThan(100);
});

test('an unequal load gets unequal shares: links are where they are used', () => {
  const traffic = new Traffic({ clients: [60, 3], links: 20, thinkMs: 1 });
  traffic.run(6000);
  const [heavy = 0, light = 0] = traffic.shares;
  expect(heavy).toBeGreaterThanOrEqual(15);
  expect(light).toBeGreaterThanOrEqual(1);
  const { moved } = traffic;
  traffic.run(5000);
  expect(traffic.moved - moved).toBeLessThan(60);
});
