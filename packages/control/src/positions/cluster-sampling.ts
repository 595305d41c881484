import type { Clock, DatabaseName, Logger, PositionReport, ReplicaReport } from '@pgweir/pooler';
import type { Lsn, Observation, ServerAddress } from '../observation';
import type { Position } from '../probe/position-query';
import { type ServerKey, serverKey } from '../server-key';
import { hasReached } from '../switchover/log-positions';
import type { ClusterWatch } from '../watch/cluster-watch';
import type { ServerWatch } from '../watch/server-watch';
import type { Sequence, Subscriber } from './subscriber';
import { TimeBehind } from './time-behind';
import { walNumber } from './wal-number';

/** Between two questions to one server; longer when an answer takes longer. */
export const SAMPLE_GAP_MS = 5;
/** Most replicas replay in a millisecond or two what the primary had; the others are asked less often. */
const REPLICA_GAP_MS_MIN = 2;
const REPLICA_GAP_MS_MAX = 20;
/** A replica that lags is asked less and less often: after this part of the time that it has lagged. */
const LAG_PART = 1 / 10;
/** One that lags for longer is left to its probes. */
const SAMPLE_FOR_MS = 5_000;

interface PrimarySample {
  /** Of the cluster. */
  readonly epoch: number;
  readonly position: Lsn;
  /** When it was asked for, in the order of all questions and wishes. */
  readonly at: number;
  readonly askedAtMs: number;
}

/** What is known of the position of one server, in one incarnation. */
interface Reading {
  readonly incarnation: number;
  replayed: Lsn | undefined;
  /** When its last sample was asked for; 0: only probes have told. */
  at: number;
  lagMs: number | undefined;
  seen: Observation | undefined;
  /** A sample is due. */
  isAsked: boolean;
  askedAtMs: number;
  /** When it was last seen to have all that the primary had. */
  inStepAtMs: number;
}

export interface ClusterSamplingNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  readonly sequence: Sequence;
  /** Of those who follow this cluster. */
  readonly subscribers: () => Iterable<Subscriber>;
  readonly placeOf: PlaceOf;
}

/** An entry whose roles are followed; undefined: it is none. */
export type PlaceOf = (database: DatabaseName) => EntryPlace | undefined;

export interface EntryPlace {
  readonly epoch: number;
  readonly servers: readonly ServerAddress[];
}

/**
 * How far the servers of one cluster are: samples the primary while somebody has answers that no sample
 * covers, and the replicas until they have replayed what the primary had.
 */
export class ClusterSampling {
  readonly #needs: ClusterSamplingNeeds;
  readonly #watch: ClusterWatch;
  readonly #timeBehind = new TimeBehind();
  readonly #readings = new Map<ServerKey, Reading>();
  #epoch = 0;
  #primary: PrimarySample | undefined;
  /** Once seen it holds: who has begun while it was so may still be there. */
  #commitsUnflushed = false;
  #cancelTimer: () => void = () => undefined;
  /** Servers that did not want to say how far they are, when they were asked last. */
  readonly #refusing = new Set<ServerKey>();
  #isClosed = false;

  constructor(watch: ClusterWatch, needs: ClusterSamplingNeeds) {
    this.#watch = watch;
    this.#needs = needs;
    this.#lookAgain();
  }

  /** Something is known of the cluster that was not. */
  changed(): void {
    if (this.#isClosed) return;
    this.#lookAgain();
    this.#tellAll();
    this.step();
  }

  /** Asks whoever is to be asked now, and looks again when somebody is later. */
  step(): void {
    if (this.#isClosed) return;
    this.#cancelTimer();
    let nextAtMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#needs.clock.nowMs();
    for (const server of this.#servers()) {
      const reading = this.#readingOf(server);
      const gapMs = this.#gapMs(server, reading, nowMs);
      if (gapMs === undefined || reading.isAsked) continue;
      const atMs = reading.askedAtMs + gapMs;
      // One that cannot be asked now tells when that is over: its probe has ended.
      if (atMs <= nowMs) this.#ask(server, reading);
      else nextAtMs = Math.min(nextAtMs, atMs);
    }
    if (nextAtMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#needs.clock.after(nextAtMs - nowMs, () => this.step());
  }

  /** Tells one what is known. */
  tell(subscriber: Subscriber): void {
    const report = this.#reportTo(subscriber);
    if (report !== undefined) this.#tell(subscriber, report);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
  }

  *#servers(): Generator<ServerWatch> {
    for (const { key } of this.#watch.servers) {
      const server = this.#watch.find(key);
      if (server !== undefined) yield server;
    }
  }

  #isPrimary({ key }: ServerWatch): boolean {
    return this.#watch.decision.primary === key;
  }

  /** Another one, or on another timeline, has other positions. */
  #isInStep({ key }: ServerWatch): boolean {
    const { settled, verdicts } = this.#watch.decision;
    if (verdicts.get(key)?.role !== 'replica') return false;
    const timeline = settled.primary?.timeline;
    return timeline !== undefined && this.#watch.find(key)?.knowledge.timeline === timeline;
  }

  #wantedAt(): number {
    let at = 0;
    for (const subscriber of this.#needs.subscribers()) at = Math.max(at, subscriber.wantedAt);
    return at;
  }

  /** How long after the last question the next one is due; undefined: there is nothing to ask. */
  #gapMs(server: ServerWatch, reading: Reading, nowMs: number): number | undefined {
    const wantedAt = this.#wantedAt();
    if (wantedAt === 0) return undefined;
    const sample = this.#primary;
    if (this.#isPrimary(server)) {
      return sample === undefined || wantedAt >= sample.at ? SAMPLE_GAP_MS : undefined;
    }
    if (!this.#isInStep(server)) return undefined;
    const behindMs = nowMs - reading.inStepAtMs;
    const partMs = behindMs * LAG_PART;
    const gapMs = Math.min(Math.max(partMs, REPLICA_GAP_MS_MIN), REPLICA_GAP_MS_MAX);
    if (reading.at <= this.#replicasFrom(wantedAt)) return gapMs;
    if (sample === undefined || hasIt(reading, sample)) return undefined;
    const lagMs = nowMs - sample.askedAtMs;
    return lagMs > SAMPLE_FOR_MS ? undefined : Math.max(gapMs, lagMs * LAG_PART);
  }

  /** A replica is asked after the primary, when it has the more to tell; without one for itself. */
  #replicasFrom(wantedAt: number): number {
    return this.#watch.decision.primary === undefined ? wantedAt : (this.#primary?.at ?? 0) - 1;
  }

  #ask(server: ServerWatch, reading: Reading): void {
    const at = this.#needs.sequence.next();
    const askedAtMs = this.#needs.clock.nowMs();
    const epoch = this.#epoch;
    const isAsked = server.sample((position, refusal) => {
      if (this.#isClosed) return;
      const isCurrent = this.#readings.get(server.key) === reading && epoch === this.#epoch;
      reading.isAsked = false;
      this.#noteRefusal(server, { position, refusal });
      if (position !== undefined && isCurrent) {
        this.#sampled(server, { position, at, askedAtMs });
      }
      this.#lookAgain();
      this.#tellAll();
      this.step();
    });
    if (!isAsked) return;
    reading.isAsked = true;
    reading.askedAtMs = askedAtMs;
  }

  /** Says it once, until it is over: reads stay on the primary because of that. */
  #noteRefusal(
    { key }: ServerWatch,
    {
      position,
      refusal,
    }: { readonly position: Position | undefined; readonly refusal: string | undefined },
  ): void {
    if (position !== undefined) this.#refusing.delete(key);
    if (refusal === undefined || this.#refusing.has(key)) return;
    this.#refusing.add(key);
    this.#needs.log.warn('a server does not say how far it is', { server: key, reason: refusal });
  }

  #sampled(
    server: ServerWatch,
    { position, at, askedAtMs }: Omit<PrimarySample, 'position' | 'epoch'> & { position: Position },
  ): void {
    const { systemIdentifier, primary } = this.#watch.decision.settled;
    if (position.systemIdentifier !== systemIdentifier) return;
    if (position.kind === 'replica') {
      const reading = this.#readings.get(server.key);
      if (reading === undefined || !this.#isInStep(server)) return;
      reading.replayed = later(reading.replayed, position.replayed);
      reading.at = at;
      const sample = this.#primary;
      if (sample === undefined || hasIt(reading, sample)) reading.inStepAtMs = askedAtMs;
      return;
    }
    if (!this.#isPrimary(server) || position.timeline !== primary?.timeline) return;
    for (const { commitsUnflushed } of [position, ...this.#needs.subscribers()]) {
      if (commitsUnflushed) this.#commitsUnflushed = true;
    }
    const lsn = this.#commitsUnflushed ? position.inserted : position.flushed;
    this.#primary = { epoch: this.#epoch, position: lsn, at, askedAtMs };
  }

  /** Takes in what the watch of the cluster knows. */
  #lookAgain(): void {
    const { decision, lagTold } = this.#watch;
    const { settled } = decision;
    if (settled.epoch !== this.#epoch) {
      this.#epoch = settled.epoch;
      this.#primary = undefined;
      this.#readings.clear();
      this.#timeBehind.clear();
    }
    const servers = [...this.#servers()];
    for (const server of servers) {
      const seen = this.#isPrimary(server) ? server.seenNow : undefined;
      if (seen !== undefined) this.#timeBehind.sawPrimary(seen);
    }
    for (const server of servers) {
      const reading = this.#readingOf(server);
      const seen = server.seenNow;
      if (seen === undefined) continue;
      // Others may have said something of it since then.
      if (lagTold !== undefined) reading.lagMs = lagTold(server.key);
      if (seen === reading.seen) continue;
      reading.seen = seen;
      if (!seen.inRecovery || !this.#isInStep(server)) continue;
      if (lagTold === undefined) reading.lagMs = this.#timeBehind.of(seen);
      reading.replayed = later(reading.replayed, seen.replayed);
    }
  }

  #readingOf({ key, incarnation }: ServerWatch): Reading {
    const before = this.#readings.get(key);
    if (before?.incarnation === incarnation) return before;
    const fresh: Reading = {
      ...{ incarnation, replayed: undefined, at: 0, lagMs: undefined, seen: undefined },
      ...{ isAsked: false, askedAtMs: Number.NEGATIVE_INFINITY },
      inStepAtMs: this.#needs.clock.nowMs(),
    };
    this.#readings.set(key, fresh);
    return fresh;
  }

  #replicaReport(subscriber: Subscriber, address: ServerAddress): readonly ReplicaReport[] {
    const server = this.#watch.find(serverKey(address));
    if (server === undefined || !this.#isInStep(server)) return [];
    const { incarnation, replayed, at, lagMs } = this.#readingOf(server);
    const { host, port } = address;
    const covers = subscriber.tickAt(at);
    return [{ host, port, incarnation, replayed: walNumber(replayed), covers, lagMs }];
  }

  /** More is to come for who wanted something then. */
  #isOwed(wantedAt: number): boolean {
    if (wantedAt === 0) return false;
    const sample = this.#primary;
    if (wantedAt >= (sample?.at ?? 0)) return true;
    const from = this.#replicasFrom(wantedAt);
    return [...this.#servers()].some((server) => {
      if (!this.#isInStep(server)) return false;
      const reading = this.#readingOf(server);
      return reading.at <= from || (sample !== undefined && !hasIt(reading, sample));
    });
  }

  /** Tells those for whom something is new. Positions are that only while somebody waits for them. */
  #tellAll(): void {
    for (const subscriber of [...this.#needs.subscribers()]) {
      const report = this.#reportTo(subscriber);
      if (report === undefined) continue;
      const { isOpen, told } = subscriber;
      const isNews = told === undefined || isOpen ? !isSame(told, report) : !isAlike(told, report);
      if (isNews) this.#tell(subscriber, report);
    }
  }

  #tell(subscriber: Subscriber, report: PositionReport): void {
    subscriber.isOpen = this.#isOwed(subscriber.wantedAt);
    subscriber.told = report;
    subscriber.tell(report);
  }

  #reportTo(subscriber: Subscriber): PositionReport | undefined {
    const place = this.#needs.placeOf(subscriber.database);
    const { systemIdentifier, primary } = this.#watch.decision.settled;
    if (place === undefined || systemIdentifier === undefined) return undefined;
    if (primary?.timeline === undefined) return undefined;
    const replicas = place.servers.flatMap((address) => this.#replicaReport(subscriber, address));
    const sampledAt = this.#primary?.at ?? 0;
    return {
      ...{ epoch: place.epoch, systemIdentifier, timeline: primary.timeline, replicas },
      ...{ covers: subscriber.tickAt(sampledAt), primary: walNumber(this.#primary?.position) },
      ...subscriber.others(sampledAt),
    };
  }
}

function isSame(one: PositionReport | undefined, other: PositionReport): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** But for positions. */
function isAlike(one: PositionReport, other: PositionReport): boolean {
  return (
    one.epoch === other.epoch &&
    one.timeline === other.timeline &&
    one.replicas.length === other.replicas.length &&
    one.replicas.every((replica, at) => isReplicaAlike(replica, other.replicas[at]))
  );
}

function isReplicaAlike(one: ReplicaReport, other: ReplicaReport | undefined): boolean {
  return (
    one.host === other?.host &&
    one.port === other.port &&
    one.incarnation === other.incarnation &&
    one.lagMs === other.lagMs &&
    (one.replayed === undefined) === (other.replayed === undefined)
  );
}

function hasIt({ replayed }: Reading, { position }: PrimarySample): boolean {
  return replayed !== undefined && hasReached(replayed, position);
}

function later(one: Lsn | undefined, other: Lsn | undefined): Lsn | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}
