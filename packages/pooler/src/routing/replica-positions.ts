import type { DatabaseName } from '../ports/names';
import type {
  PositionReport,
  PositionSource,
  PositionSubscription,
  ReplicaReport,
  WalPosition,
} from '../ports/position-source';
import type { ServerEndpoint } from '../ports/topology-source';
import type { Consistency, DatabaseSettings, PoolerSettings } from '../settings/settings';
import { NOWHERE, PrimarySamples } from './primary-samples';
import { hasReached } from './wal-position';

/** How fresh the reads of an entry have to be. */
export interface FreshnessSettings {
  readonly consistency: Consistency;
  /** 0: no bound */
  readonly maxReplicaLagMs: number;
}

/** What holds for a database: its own settings, or those of all. */
export function freshnessOf(
  all: Pick<PoolerSettings, 'consistency' | 'maxReplicaLagMs'>,
  own: Pick<DatabaseSettings, 'consistency' | 'maxReplicaLagMs'>,
): FreshnessSettings {
  return {
    consistency: own.consistency ?? all.consistency,
    maxReplicaLagMs: own.maxReplicaLagMs ?? all.maxReplicaLagMs,
  };
}

export interface ReplicaPositionsNeeds {
  readonly source: PositionSource;
  /** The key of its entry in the topology. */
  readonly entry: DatabaseName;
  readonly settings: FreshnessSettings;
}

/** One replica. The object stays the same as long as the replica is known. */
export interface ReplicaState {
  readonly host: string;
  readonly port: number;
  /** Another number whenever it may have gone back. */
  readonly incarnation: number;
  /** NOWHERE: not known */
  readonly replayed: WalPosition;
}

interface KnownReplica extends ReplicaState {
  incarnation: number;
  replayed: WalPosition;
  lagMs: number | undefined;
  /** The incarnation that the source tells. */
  reported: number;
  /** What was requested before this tick began does not count. */
  trustedFrom: number;
}

/** What is known of how far the servers of one database are. One for each Database, lives as long. */
export class ReplicaPositions {
  readonly samples = new PrimarySamples();
  readonly #subscription: PositionSubscription;
  #settings: FreshnessSettings;
  #replicas: readonly KnownReplica[] = [];
  #tick = 1;
  /** A sample is wanted once more, after the one that is waited for. */
  #isWantedAgain: 'answers' | 'news' | undefined;
  /** Up to which tick the source has sampled what it was asked for. */
  #sampledTick = 1;
  #epoch = NOWHERE;
  #systemIdentifier: string | undefined;
  #timeline = 0;
  /** The last tick in which any session here was answered by the primary. */
  #sharedTick = NOWHERE;
  #othersArePending = false;
  #waiting = new Set<() => void>();

  constructor({ source, entry, settings }: ReplicaPositionsNeeds) {
    this.#settings = settings;
    this.#subscription = source.subscribe(entry, (report) => this.#heard(report));
    if (settings.consistency === 'global') this.#subscription.mindOthers(true);
  }

  /** After a reload. */
  reconfigure(settings: FreshnessSettings): void {
    const mindedOthers = this.consistency === 'global';
    this.#settings = settings;
    const mindsOthers = this.consistency === 'global';
    if (mindsOthers === mindedOthers) return;
    // Until the source has heard of it, nobody knows what others have begun.
    this.#othersArePending = mindsOthers;
    this.#subscription.mindOthers(mindsOthers);
  }

  /** In which an answer is given now. */
  get tick(): number {
    return this.#tick;
  }

  get consistency(): Consistency {
    return this.#settings.consistency;
  }

  /** Grows when another server is primary; NOWHERE: nothing is known yet. */
  get epoch(): number {
    return this.#epoch;
  }

  /** undefined: nothing is known yet */
  get systemIdentifier(): string | undefined {
    return this.#systemIdentifier;
  }

  /** Of the primary; 0: nothing is known yet */
  get timeline(): number {
    return this.#timeline;
  }

  /** The primary has answered a session: its position is wanted. */
  primaryAnswered(): void {
    this.#sharedTick = this.#tick;
    if (this.consistency !== 'eventual') this.#demand('answers');
  }

  /** A replica has answered a session: only where there are several it matters how far that was. */
  replicaAnswered(): void {
    if (this.#replicas.length > 1 && this.consistency !== 'eventual') this.#demand('news');
  }

  /** Somebody waits for a replica that has got further. */
  wantNews(): void {
    this.#demand('news');
  }

  /** undefined: it does not follow the primary, as far as is known */
  find({ host, port }: ServerEndpoint): ReplicaState | undefined {
    for (const replica of this.#replicas) {
      if (replica.port === port && replica.host === host) return replica;
    }
    return undefined;
  }

  /** Whether `max_replica_lag` allows it. What is not known is not fit when there is a bound. */
  isInTime({ host, port }: ServerEndpoint): boolean {
    const { maxReplicaLagMs } = this.#settings;
    if (maxReplicaLagMs === 0) return true;
    for (const { host: known, port: knownPort, lagMs } of this.#replicas) {
      if (knownPort !== port || known !== host) continue;
      return lagMs !== undefined && lagMs <= maxReplicaLagMs;
    }
    return false;
  }

  /** Whether it has whatever was committed through this pgweir, as far as that is known here. */
  hasEverything({ replayed }: ReplicaState): boolean {
    const { newest, newestTick } = this.samples;
    if (newest === NOWHERE || this.#othersArePending) return false;
    return newestTick > this.#sharedTick && hasReached(replayed, newest);
  }

  /**
   * Links to a server were lost or refused, or the first one to it was opened: it may have been started
   * anew and be earlier than it was. What is known of it counts again when it has been asked anew.
   */
  distrust({ host, port }: ServerEndpoint): void {
    for (const replica of this.#replicas) {
      if (replica.port !== port || replica.host !== host) continue;
      forget(replica);
      replica.trustedFrom = this.#tick + 1;
      this.#demand('news');
    }
  }

  /**
   * A session is about to set `synchronous_commit` to off, in whatever way, or has been given it. Called
   * before its next commit; more than once is harmless.
   */
  noteUnflushedCommits(): void {
    this.#subscription.noteUnflushedCommits();
  }

  /** Calls `run` once, after the next report. Returns the way to give up. */
  whenNext(run: () => void): () => void {
    const own = (): void => run();
    this.#waiting.add(own);
    return () => void this.#waiting.delete(own);
  }

  /** Nobody needs it any more. Idempotent. */
  close(): void {
    this.#waiting.clear();
    this.#subscription.leave();
  }

  /** What was answered up to now is to be covered. One question at a time is out. */
  #demand(why: 'answers' | 'news'): void {
    if (this.#tick > this.#sampledTick) {
      if (this.#isWantedAgain !== 'answers') this.#isWantedAgain = why;
      return;
    }
    this.#isWantedAgain = undefined;
    this.#tick++;
    this.#subscription.want(this.#tick, why);
  }

  #heard(report: PositionReport): void {
    if (report.epoch < this.#epoch) return;
    const isNewEpoch = report.epoch !== this.#epoch;
    if (isNewEpoch) this.samples.clear();
    this.#epoch = report.epoch;
    this.#systemIdentifier = report.systemIdentifier;
    this.#timeline = report.timeline;
    if (report.primary !== undefined) this.samples.add(report.covers, report.primary);
    this.#sampledTick = Math.max(this.#sampledTick, report.covers);
    this.#othersArePending = report.othersBegun > report.othersCovered;
    this.#learn(report.replicas);
    const why = this.#isWantedAgain;
    const isCausal = this.consistency !== 'eventual';
    if (why !== undefined && this.#tick <= this.#sampledTick) this.#demand(why);
    else if (isNewEpoch && isCausal && report.primary === undefined) this.#demand('news');
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const run of waiting) run();
  }

  #learn(reports: readonly ReplicaReport[]): void {
    const before = this.#replicas;
    const isSame =
      before.length === reports.length && reports.every((report, at) => isOf(report, before[at]));
    if (!isSame) {
      this.#replicas = reports.map(
        (report) => before.find((one) => isOf(report, one)) ?? unknownReplica(report),
      );
      // Should one come back, nobody takes it for what it was.
      for (const one of before) if (!this.#replicas.includes(one)) forget(one);
    }
    for (const [at, report] of reports.entries()) {
      const replica = this.#replicas[at];
      if (replica !== undefined) learn(replica, report);
    }
  }
}

function isOf({ host, port }: ReplicaReport, replica: KnownReplica | undefined): boolean {
  return replica?.port === port && replica.host === host;
}

function unknownReplica({ host, port, incarnation: reported }: ReplicaReport): KnownReplica {
  const nothing = { incarnation: 0, replayed: NOWHERE, lagMs: undefined, trustedFrom: 0 };
  return { host, port, reported, ...nothing };
}

function learn(replica: KnownReplica, report: ReplicaReport): void {
  const { incarnation, replayed, covers, lagMs } = report;
  if (incarnation !== replica.reported) {
    replica.reported = incarnation;
    forget(replica);
  }
  replica.lagMs = lagMs;
  if (replayed === undefined || covers < replica.trustedFrom) return;
  // An answer of the incarnation before may have been on its way until now.
  if (replica.replayed === NOWHERE) replica.incarnation++;
  replica.replayed = Math.max(replica.replayed, replayed);
}

function forget(replica: KnownReplica): void {
  replica.incarnation++;
  replica.replayed = NOWHERE;
  replica.lagMs = undefined;
}
