import { HandClock } from '@pgweir/testkit';
import type { BudgetFromWorker, BudgetToWorker } from '../../src/pool/budget-messages';
import type { SharedPermit } from '../../src/pool/budget-testimony';
import type { LinkCounts } from '../../src/pool/pool-limits';
import { RemoteLinkBudget } from '../../src/pool/remote-budget';
import { SharedLinkBudget } from '../../src/pool/shared-budget';
import type { ServerShares } from '../../src/ports/link-budget';
import { FakePool, type FakePoolLimits, NO_LIMITS } from './fake-pool';

/** One worker and its channel. What is in a channel arrives in order, whenever the test says so. */
export class FleetWorker {
  readonly number: number;
  readonly up: string[] = [];
  readonly down: string[] = [];
  readonly pools: FakePool[] = [];
  readonly budget: RemoteLinkBudget;
  /** Descriptors that were passed, by permit. */
  readonly passed = new Map<number, number | undefined>();
  passes = true;
  readonly clock: HandClock;
  constructor(number: number, clock: HandClock, sent: () => void) {
    this.number = number;
    this.clock = clock;
    this.budget = new RemoteLinkBudget({
      clock,
      send: (message) => {
        this.up.push(JSON.stringify(message));
        sent();
      },
      passDescriptor: (permit, descriptor) => {
        if (this.passes) this.passed.set(permit, descriptor);
        return this.passes;
      },
    });
  }

  pool(database: string, user: string, limits: FakePoolLimits, replica?: string): FakePool {
    const pool = new FakePool({ database, user, limits, replica }, this.budget, this.clock);
    this.pools.push(pool);
    return pool;
  }
}

/** A supervisor's budget and its workers, with time and the channels in the test's hands. */
export class Fleet {
  readonly clock = new HandClock();
  readonly workers: FleetWorker[] = [];
  shared: SharedLinkBudget;
  /** Permits of workers that are gone, until the test says that PostgreSQL has let go. */
  readonly orphans: SharedPermit[] = [];
  /** Permits that were granted and have not come back, as the supervisor's messages tell. */
  readonly counted = new Map<number, { readonly database: string; readonly user: string }>();
  /** Messages sent, either way. */
  messages = 0;
  /** The configuration in force in the supervisor. */
  limits: FakePoolLimits;
  #shares: ServerShares = new Map();
  limitsOf: (counts: LinkCounts) => FakePoolLimits = () => this.limits;
  #nextNumber = 1;
  /** Workers that are gone, and that a new budget still has to hear of. */
  #introduced: ReadonlySet<number> = new Set();
  readonly #holders = new Map<string, { readonly database: string; readonly user: string }>();

  constructor(count: number, limits: FakePoolLimits = NO_LIMITS) {
    this.limits = limits;
    this.shared = this.#budget();
    for (let i = 0; i < count; i++) this.spawn();
  }

  #budget(): SharedLinkBudget {
    return new SharedLinkBudget({
      nowMs: () => this.clock.nowMs(),
      send: (worker, message) => this.#sent(worker, message),
      limitsOf: (counts) => this.limitsOf(counts),
      released: (permit) => void this.counted.delete(permit.id),
    });
  }

  /** Another budget takes the place of this one, as in a process that takes over. */
  handOver(): void {
    const { told, gone } = this.shared.surrender();
    const fresh = this.#budget();
    fresh.limitServers(this.#shares);
    fresh.hold();
    for (const { number } of this.workers) fresh.workerJoined(number);
    for (const number of gone) fresh.workerJoined(number);
    this.shared = fresh;
    this.#introduced = gone;
    for (const { worker, message } of told) fresh.received(worker, message);
    for (const number of gone) fresh.workerGone(number);
    this.#introduced = new Set();
    fresh.begin();
  }

  spawn(): FleetWorker {
    const worker = new FleetWorker(this.#nextNumber++, this.clock, () => void this.messages++);
    this.workers.push(worker);
    this.shared.workerJoined(worker.number);
    return worker;
  }

  worker(index: number): FleetWorker {
    const worker = this.workers[index];
    if (worker === undefined) throw new Error(`no worker ${index}`);
    return worker;
  }

  #sent(number: number, message: BudgetToWorker): void {
    this.messages++;
    const worker = this.workers.find((one) => one.number === number);
    if (worker === undefined) {
      if (this.#introduced.has(number)) return;
      throw new Error(`message to worker ${number}, which is gone`);
    }
    worker.down.push(JSON.stringify(message));
    if (message.kind !== 'budget-grant') return;
    const names = this.#holders.get(`${number} ${message.holder}`);
    if (names === undefined) throw new Error('granted to a holder that nobody knows');
    this.counted.set(message.permit, names);
  }

  /** The next message of a channel arrives. @returns false when there is none */
  deliver(worker: FleetWorker, direction: 'up' | 'down'): boolean {
    const text = worker[direction].shift();
    if (text === undefined) return false;
    if (direction === 'down') {
      worker.budget.received(JSON.parse(text) as BudgetToWorker);
      return true;
    }
    const message = JSON.parse(text) as BudgetFromWorker;
    if (message.kind === 'budget-open') {
      const { database, user } = message;
      this.#holders.set(`${worker.number} ${message.holder}`, { database, user });
    }
    this.shared.received(worker.number, message);
    return true;
  }

  /** Everything that has been sent arrives, and what is sent because of it. */
  settle(): void {
    let rounds = 0;
    for (let quiet = false; !quiet; ) {
      quiet = true;
      for (const worker of [...this.workers]) {
        while (this.deliver(worker, 'up') || this.deliver(worker, 'down')) {
          quiet = false;
          if (++rounds > 20_000) throw new Error(`no end of messages: ${worker.down.join(' ')}`);
        }
      }
    }
  }

  /** Time passes in ticks; messages arrive and PostgreSQL lets go of what was closed at once. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= SharedLinkBudget.TICK_MS) {
      this.tick();
      for (const pool of this.pools) pool.fill();
      this.settleLinks();
    }
  }

  tick(): void {
    this.clock.advance(SharedLinkBudget.TICK_MS);
    if (this.shared.restless) this.shared.relieve();
  }

  /** Messages arrive, closing links are gone, until nothing happens any more. */
  settleLinks(): void {
    let rounds = 0;
    for (let before = -1; before !== this.messages; ) {
      if (++rounds > 1000) throw new Error('links come and go without an end');
      before = this.messages;
      this.settle();
      for (const pool of this.pools) for (const link of pool.in('closing')) pool.gone(link);
    }
  }

  get pools(): readonly FakePool[] {
    return this.workers.flatMap(({ pools }) => pools);
  }

  /** A worker dies; of what it has sent lately only the first `arriving` messages arrive. */
  crash(worker: FleetWorker, arriving = 0): void {
    worker.up.length = Math.min(worker.up.length, arriving);
    while (this.deliver(worker, 'up'));
    this.workers.splice(this.workers.indexOf(worker), 1);
    this.orphans.push(...this.shared.workerGone(worker.number));
  }

  /** PostgreSQL has let go of the link of a worker that died. */
  orphanGone(index: number): void {
    const [permit] = this.orphans.splice(index, 1);
    if (permit === undefined) return;
    this.counted.delete(permit.id);
    this.shared.permitGone(permit.id);
  }

  /** Parts of servers, from now on. */
  limitServers(shares: ServerShares): void {
    this.#shares = shares;
    this.shared.limitServers(shares);
  }

  reload(limits: FakePoolLimits): void {
    this.limits = limits;
    this.shared.limitsChanged();
  }
}
