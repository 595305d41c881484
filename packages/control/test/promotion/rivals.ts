import type { Clock } from '@pgweir/pooler';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import { EtcdLease } from '../../src/lease/etcd-lease';
import type { Lsn } from '../../src/observation';
import type { LogEnd, SwitchoverServer } from '../../src/ports/switchover-server';
import { Promoter } from '../../src/promotion/promoter';
import { FakeEtcd, FakeStore } from '../lease/fake-etcd';
import { HandCluster, LOSS, settled } from './rig';

/** What may happen to two processes that both would promote somebody. */
export interface Event {
  readonly what:
    | 'stop'
    | 'end'
    | 'cut etcd'
    | 'heal etcd'
    | 'hide'
    | 'show'
    | 'nothing'
    | 'advance';
  /** Which of the processes. */
  readonly who: number;
  /** Which of the replicas. */
  readonly host: number;
  readonly afterMs: number;
}

const REPLICAS = ['b', 'c'];
const TTL_MS = 5_000;
const FENCE_MS = 1_000;
/** At how many of its steps a process is stopped. */
const STOP_PART = 0.02;

/** A clock of a process that can be stopped: its timers ring when it goes on. */
class ProcessClock implements Clock {
  readonly #clock: Clock;
  #late: (() => void)[] = [];
  #isStopped = false;
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowMs(): number {
    return this.#clock.nowMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, run: () => void): () => void {
    let isOff = false;
    const stop = this.#clock.after(delayMs, () => this.#ring(() => isOff || run()));
    return () => {
      isOff = true;
      stop();
    };
  }

  every(periodMs: number, tick: () => void): () => void {
    let isOff = false;
    let isDue = false;
    const stop = this.#clock.every(periodMs, () => {
      if (isDue) return;
      isDue = true;
      this.#ring(() => {
        isDue = false;
        if (!isOff) tick();
      });
    });
    return () => {
      isOff = true;
      stop();
    };
  }

  stop(forMs: number): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#clock.after(forMs, () => {
      this.#isStopped = false;
      const late = this.#late;
      this.#late = [];
      for (const run of late) this.#ring(run);
    });
  }

  kill(): void {
    this.#isDead = true;
  }

  #ring(run: () => void): void {
    if (this.#isDead) return;
    if (this.#isStopped) this.#late.push(run);
    else run();
  }
}

/** A replica as it really is. */
interface Replica {
  readonly host: string;
  received: Lsn;
  isPromoted: boolean;
}

/** A primary that is gone, its two replicas, one lease, and two processes that see what they can see. */
export class Rivals {
  readonly clock = new HandClock();
  readonly replicas: readonly Replica[] = REPLICAS.map((host) => ({
    ...{ host, received: 1_000n, isPromoted: false },
  }));
  readonly #store = new FakeStore(this.clock);
  readonly #processes: readonly Rival[];
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#processes = ['one', 'two'].map((name) => new Rival(name, this, this.#store));
  }

  /** Servers that have been promoted in place of the same primary. */
  get promoted(): readonly string[] {
    return this.replicas.filter(({ isPromoted }) => isPromoted).map(({ host }) => host);
  }

  async happen({ what, who, host, afterMs }: Event): Promise<void> {
    const rival = this.#processes[who % this.#processes.length];
    const replica = REPLICAS[host % REPLICAS.length] ?? 'b';
    const received = this.replicas[host % REPLICAS.length];
    if (what === 'advance' && received !== undefined) received.received += 10n;
    else rival?.happen(what, replica, afterMs);
    await this.pass(afterMs);
  }

  /** Time passes from one timer to the next. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    for (;;) {
      await settled();
      const { nextDueMs } = this.clock;
      const nowMs = this.clock.nowMs();
      if (nextDueMs === undefined || nextDueMs > untilMs) {
        this.clock.advance(untilMs - nowMs);
        return;
      }
      this.clock.advance(Math.max(0, nextDueMs - nowMs));
      if (this.random() < STOP_PART) this.#stopOne();
    }
  }

  /** Between any two steps, and long enough for its lease to end. */
  #stopOne(): void {
    const rival = this.#processes[Math.floor(this.random() * this.#processes.length)];
    rival?.stop(this.random() * 3 * TTL_MS);
  }

  /** How long something takes: mostly no time, sometimes for ever. */
  delayMs(): number {
    const one = this.random();
    if (one < 0.8) return this.random() * 20;
    return one < 0.95 ? this.random() * 900 : this.random() * 20_000;
  }

  /** A linear congruential generator: the same seed, the same delays. */
  random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }
}

/** One process. */
class Rival {
  readonly #world: Rivals;
  readonly #clock: ProcessClock;
  readonly #etcd: FakeEtcd;
  readonly #cluster = new HandCluster();
  readonly #hidden = new Set<string>();

  constructor(name: string, world: Rivals, store: FakeStore) {
    this.#world = world;
    this.#clock = new ProcessClock(world.clock);
    const clock = this.#clock;
    this.#etcd = new FakeEtcd(store, clock);
    // The store has its own time: what is under way gets there also while the process is stopped.
    Object.assign(this.#etcd, { thereMs: () => world.delayMs(), backMs: () => world.delayMs() });
    const log = new CollectingLogger();
    this.#cluster.onLook = () => this.#see();
    const lease = new EtcdLease({
      ...{ etcd: this.#etcd, key: 'lease', ttlMs: TTL_MS, holder: name, nonce: name, clock, log },
    });
    new Promoter({
      ...{ lease, clock, log, obstacle: () => undefined },
      clusters: () => {
        this.#see();
        return [this.#cluster];
      },
      settings: () => ({ afterMs: 500, minIntervalMs: 0, fenceMs: FENCE_MS }),
      fencer: {
        fence: async () => {
          await this.#wait(Math.min(FENCE_MS, world.delayMs()));
          return world.random() < 0.1 ? 'not today' : undefined;
        },
      },
      open: ({ host }) => this.#open(host),
    });
  }

  happen(what: Event['what'], host: string, ms: number): void {
    if (what === 'stop') this.stop(ms * 2);
    else if (what === 'end') this.#clock.kill();
    else if (what === 'cut etcd') this.#etcd.isCut = true;
    else if (what === 'heal etcd') this.#etcd.isCut = false;
    else if (what === 'hide') this.#hidden.add(host);
    else if (what === 'show') this.#hidden.delete(host);
  }

  stop(ms: number): void {
    this.#clock.stop(ms);
  }

  /** What its probes tell: a server that is hidden from it may be what it likes. */
  #see(): void {
    const seen = this.#world.replicas.filter(({ host }) => !this.#hidden.has(host));
    this.#cluster.candidates = seen.filter(({ isPromoted }) => !isPromoted).map(({ host }) => host);
    const primary = seen.find(({ isPromoted }) => isPromoted);
    if (primary !== undefined) this.#cluster.accept(primary.host);
    else {
      this.#cluster.primary = undefined;
      this.#cluster.loss = LOSS;
    }
  }

  #open(host: string): SwitchoverServer {
    const replica = this.#world.replicas.find((each) => each.host === host);
    const reach = async (): Promise<Replica> => {
      await this.#wait(1_000 * this.#world.random() ** 8);
      if (replica === undefined || this.#hidden.has(host)) throw new Error('it is gone');
      return replica;
    };
    const end = ({ received, isPromoted }: Replica): LogEnd => ({
      ...{ inRecovery: !isPromoted, reached: received, written: received, receives: false },
    });
    return {
      logEnd: async () => end(await reach()),
      mayPromote: async () => (await reach()) !== undefined,
      promote: () => Promise.reject(new Error('only within the lease')),
      promoteWithin: async (validMs) => {
        const startMs = this.#clock.nowMs();
        const told = await reach();
        // As `ServerHand` does it; the clock of the server is another one, and goes as fast.
        const untilMs = this.#world.clock.nowMs() + validMs - (this.#clock.nowMs() - startMs);
        await this.#late();
        if (this.#world.clock.nowMs() < untilMs) told.isPromoted = true;
      },
      reconnect: () => undefined,
      close: () => undefined,
    };
  }

  /** The network brings it whenever it likes, whatever becomes of the process. */
  #late(): Promise<void> {
    return new Promise((resolve) => this.#world.clock.after(this.#world.delayMs(), resolve));
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}
