import {
  type PositionReport,
  type PositionSource,
  ReplicaPositions,
  SessionFloor,
  type TopologySnapshot,
} from '@pgweir/pooler';
import type { FakeServer } from '../kit/fake-world';
import { APP, Rig } from '../kit/rig';
import { type Content, LogHistory } from './log-history';

/** A connection of a process to a server: ends with the server's process. */
interface Link {
  readonly server: FakeServer;
  readonly life: number;
}

interface Session {
  readonly floor: SessionFloor;
  /** All that it was answered. */
  seen: Content[];
  isBusy: boolean;
}

/** One that carries traffic, and hears of everything late, in order. */
interface Worker {
  readonly positions: ReplicaPositions;
  topology: TopologySnapshot;
  readonly links: Map<FakeServer, Link>;
  readonly sessions: readonly Session[];
}

const HOSTS = ['a', 'b', 'c'];
const WORKERS = 3;
const SESSIONS = 4;
const STEP_MS = 1;
const RESTART_MS = 50;

export interface SimulationCounts {
  /** Reads of a replica, of the primary, and promotions. */
  readonly replica: number;
  readonly primary: number;
  readonly promotions: number;
}

/** Real servers with real logs, the real control, several processes with sessions that write and read. */
export class CausalSimulation {
  readonly #rig = new Rig(HOSTS, { random: () => this.#random() });
  readonly #workers: Worker[] = [];
  /** Of each server: how often it was started, and of which timeline its log is. */
  readonly #lives = new Map<FakeServer, number>();
  readonly #history = new LogHistory();
  readonly #isUnflushed: boolean;
  #random: () => number;
  #reads = { replica: 0, primary: 0, promotions: 0 };
  #isQuiet = false;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    this.#isUnflushed = this.#chance(0.3);
    for (const server of this.#rig.world.servers) {
      Object.assign(server, { position: 100n, inserted: 100n, latencyMs: 1 + this.#below(4) });
      server.commitsUnflushed = this.#isUnflushed;
      this.#lives.set(server, 1);
    }
    this.#rig.after(50);
    for (let nth = 0; nth < WORKERS; nth++) this.#workers.push(this.#startWorker());
    this.#rig.after(200);
  }

  get counts(): SimulationCounts {
    return this.#reads;
  }

  /** Time passes, and things happen. @throws Error at a read that must not have been allowed */
  run(ms: number): void {
    for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
      this.#replay();
      this.#mayHappen();
      for (const worker of this.#workers) {
        for (const session of worker.sessions) {
          if (!session.isBusy && this.#chance(0.02)) this.#act(worker, session);
        }
      }
      this.#rig.after(STEP_MS);
    }
  }

  /** Everybody is well, nobody writes: in the end every replica is fit for every session. */
  settle(): void {
    this.#isQuiet = true;
    const { world } = this.#rig;
    const primary = this.#promoteIfNone();
    for (const server of world.servers) if (!server.isAlive) this.#start(server);
    for (const server of world.servers) if (server !== primary) this.#follow(server, primary);
    const isFit = (): boolean =>
      this.#workers.every(({ positions, sessions, topology }) => {
        const servers = topology.servers.get(APP) ?? [];
        const replicas = servers.filter(({ role }) => role === 'replica');
        return (
          replicas.length === HOSTS.length - 1 &&
          replicas.every((replica) =>
            sessions.every(({ floor }) => floor.isReachedBy(positions, replica)),
          )
        );
      });
    for (let passedMs = 0; !isFit(); passedMs += 5) {
      if (passedMs > 60_000) throw new Error('a replica never becomes fit again');
      this.#replay();
      this.#rig.after(5);
    }
  }

  close(): void {
    for (const { positions } of this.#workers) positions.close();
    this.#rig.control.close();
  }

  #startWorker(): Worker {
    const { control } = this.#rig;
    const positions = new ReplicaPositions({
      source: this.#delayed(control.positions),
      entry: APP,
      settings: { consistency: 'session', maxReplicaLagMs: 0 },
    });
    const worker: Worker = {
      positions,
      topology: control.current,
      links: new Map(),
      sessions: Array.from({ length: SESSIONS }, () => ({
        floor: new SessionFloor(positions),
        seen: [],
        isBusy: false,
      })),
    };
    const later = this.#line();
    control.subscribe((snapshot) =>
      later(() => {
        worker.topology = snapshot;
      }),
    );
    return worker;
  }

  /** Messages in both directions take their time, and keep their order. */
  #delayed(source: PositionSource): PositionSource {
    const up = this.#line();
    const down = this.#line();
    return {
      subscribe: (entry, heard) => {
        const tell = (report: PositionReport): void => down(() => heard(structuredClone(report)));
        const real = source.subscribe(entry, tell);
        return {
          want: (tick, why) => up(() => real.want(tick, why)),
          mindOthers: (minds) => up(() => real.mindOthers(minds)),
          noteUnflushedCommits: () => up(() => real.noteUnflushedCommits()),
          leave: () => real.leave(),
        };
      },
    };
  }

  #line(): (run: () => void) => void {
    let freeAtMs = 0;
    return (run) => {
      const { clock } = this.#rig;
      const arrivesAtMs = clock.nowMs() + (this.#chance(0.1) ? this.#below(40) : this.#below(3));
      freeAtMs = Math.max(freeAtMs, arrivesAtMs);
      clock.after(freeAtMs - clock.nowMs(), run);
    };
  }

  // What servers do

  get #primary(): FakeServer | undefined {
    return this.#rig.world.servers.find(({ inRecovery, isAlive }) => !inRecovery && isAlive);
  }

  #replay(): void {
    const primary = this.#primary;
    if (primary === undefined) return;
    if (!this.#isUnflushed || this.#isQuiet || this.#chance(0.1))
      primary.position = primary.inserted;
    for (const server of this.#rig.world.servers) {
      if (server === primary || !server.isAlive || server.timeline !== primary.timeline) continue;
      if (!this.#isQuiet && this.#chance(0.7)) continue;
      const missing = primary.position - server.position;
      if (missing > 0n) {
        server.position += this.#chance(0.5) ? missing : BigInt(this.#below(Number(missing) + 1));
      }
    }
  }

  #mayHappen(): void {
    const { world } = this.#rig;
    const replicas = world.servers.filter(({ inRecovery }) => inRecovery);
    if (this.#chance(0.000_4)) {
      const [victim] = this.#shuffled(replicas.filter(({ isAlive }) => isAlive));
      if (victim !== undefined) this.#crash(victim);
    }
    const timeline = this.#primary?.timeline;
    const isWhole = replicas.every((one) => one.isAlive && one.timeline === timeline);
    if (this.#chance(0.000_3) && isWhole) this.#failOver();
  }

  /** What it had replayed is not all on its disk. */
  #crash(server: FakeServer): void {
    this.#kill(server);
    const back = server.position - BigInt(this.#below(200));
    const fork = this.#history.beginOf(server.timeline);
    server.position = back > fork ? back : fork;
    this.#rig.clock.after(RESTART_MS + this.#below(500), () => {
      if (!server.isAlive) this.#start(server);
    });
  }

  #kill(server: FakeServer): void {
    this.#rig.world.kill(server);
    this.#lives.set(server, (this.#lives.get(server) ?? 0) + 1);
    for (const { links, positions } of this.#workers) {
      const link = links.get(server);
      if (link === undefined) continue;
      this.#rig.clock.after(this.#below(3), () => {
        if (links.get(server) !== link) return;
        links.delete(server);
        positions.distrust({ ...server.address, role: 'replica' });
      });
    }
  }

  #start(server: FakeServer): void {
    this.#rig.world.start(server);
  }

  #failOver(): void {
    const before = this.#primary;
    if (before === undefined) return;
    this.#kill(before);
    this.#rig.clock.after(this.#below(2000), () => {
      const next = this.#promoteIfNone();
      this.#rig.clock.after(this.#below(3000), () => {
        for (const server of this.#rig.world.servers) {
          if (server === next || next !== this.#primary) continue;
          if (!server.isAlive) this.#start(server);
          this.#follow(server, next);
        }
      });
    });
  }

  #promoteIfNone(): FakeServer {
    const { world } = this.#rig;
    const primary = this.#primary;
    if (primary !== undefined) return primary;
    const [next] = this.#shuffled(world.servers.filter(({ inRecovery }) => inRecovery));
    if (next === undefined) throw new Error('no replica');
    if (!next.isAlive) this.#start(next);
    const fork = { timeline: next.timeline, position: next.position };
    world.promote(next);
    this.#history.fork(next.timeline, fork);
    next.position += 10n;
    next.inserted = next.position;
    this.#reads.promotions++;
    return next;
  }

  /** A standby goes on from where the timelines part, or a little before; it is started anew for that. */
  #follow(server: FakeServer, primary: FakeServer): void {
    if (server.timeline === primary.timeline) return;
    this.#kill(server);
    const fork = this.#history.beginOf(primary.timeline);
    if (server.position > fork) server.position = fork;
    this.#rig.world.follow(server, primary);
    this.#rig.clock.after(RESTART_MS, () => this.#start(server));
  }

  // What sessions do

  #act(worker: Worker, session: Session): void {
    const servers = worker.topology.servers.get(APP) ?? [];
    const fit = servers.filter(
      (server) =>
        server.role === 'replica' &&
        server.outOfService === undefined &&
        session.floor.isReachedBy(worker.positions, server),
    );
    const [replica] = this.#shuffled(fit);
    if (replica !== undefined && this.#chance(0.9)) {
      this.#ask(worker, session, this.#rig.world.server(replica.host), 'replica');
      return;
    }
    const primary = servers.find(({ role, outOfService }) => role === 'primary' && !outOfService);
    if (primary === undefined) return;
    const kind = this.#chance(0.2) ? 'write' : 'primary';
    this.#ask(worker, session, this.#rig.world.server(primary.host), kind);
  }

  #ask(
    worker: Worker,
    session: Session,
    server: FakeServer,
    kind: 'write' | 'primary' | 'replica',
  ): void {
    const link = worker.links.get(server);
    if (link === undefined) return this.#openLink(worker, server);
    const { clock } = this.#rig;
    session.isBusy = true;
    clock.after(this.#below(4), () => {
      const isThere = server.isAlive && this.#lives.get(server) === link.life;
      if (!isThere || server.inRecovery !== (kind === 'replica')) {
        session.isBusy = false;
        return;
      }
      if (kind === 'write') this.#write(server);
      if (kind === 'replica') this.#check(session, server);
      const { timeline, position, inserted } = server;
      const content = { timeline, position: kind === 'replica' ? position : inserted };
      clock.after(this.#below(4), () => {
        session.isBusy = false;
        const { positions, links } = worker;
        const endpoint = { ...server.address, role: 'replica' as const };
        if (kind === 'replica' && links.get(server) !== link) return;
        if (kind === 'replica') session.floor.sawReplica(positions, endpoint);
        else session.floor.sawPrimary(positions);
        this.#reads[kind === 'replica' ? 'replica' : 'primary']++;
        session.seen = [...session.seen.filter((one) => !this.#history.has(content, one)), content];
      });
    });
  }

  #openLink({ links, positions }: Worker, server: FakeServer): void {
    if (!server.isAlive) return;
    this.#rig.clock.after(1 + this.#below(3), () => {
      if (!server.isAlive || links.has(server)) return;
      links.set(server, { server, life: this.#lives.get(server) ?? 0 });
      positions.distrust({ ...server.address, role: 'replica' });
    });
  }

  #write(server: FakeServer): void {
    server.inserted += BigInt(1 + this.#below(50));
    if (!this.#isUnflushed) server.position = server.inserted;
  }

  #check({ seen }: Session, { key, timeline, position }: FakeServer): void {
    for (const one of seen) {
      if (this.#history.has({ timeline, position }, one)) continue;
      const [has, wanted] = [`${timeline}/${position}`, `${one.timeline}/${one.position}`];
      throw new Error(`a read at ${key}, which is at ${has}, of a session that has seen ${wanted}`);
    }
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #shuffled<T>(all: readonly T[]): readonly T[] {
    return all
      .map((one) => [this.#random(), one] as const)
      .sort(([one], [other]) => one - other)
      .map(([, one]) => one);
  }
}

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
