import type { DatabaseName } from './names';

/**
 * A position in the write-ahead log, as a number: exact below 2^53, which is 8 PB of log. Whoever
 * publishes leaves out what is higher.
 */
export type WalPosition = number;

/** How far a replica is. */
export interface ReplicaReport {
  readonly host: string;
  readonly port: number;
  /**
   * Another number whenever it was down, or the connection on which it is asked was lost: a replica
   * that was started anew may be earlier than it was. Positions of one incarnation only grow.
   */
  readonly incarnation: number;
  /** undefined: it has not been asked in this incarnation */
  readonly replayed: WalPosition | undefined;
  /** The tick that had begun when `replayed` was requested. */
  readonly covers: number;
  /** As the last probe measured it. undefined: it could not be told */
  readonly lagMs: number | undefined;
}

/** How far the servers of one entry are. Plain data: may be sent to another process as it is. */
export interface PositionReport {
  /** That of the entry in the topology. Everything below is of this epoch. */
  readonly epoch: number;
  readonly systemIdentifier: string;
  /** The one that the primary writes. */
  readonly timeline: number;
  /**
   * The tick that had begun when `primary` was requested: what was answered in an earlier tick is
   * covered by it. Never smaller than in the report before, if that was of the same epoch.
   */
  readonly covers: number;
  /** The last sample of the primary. undefined: there is none in this epoch yet */
  readonly primary: WalPosition | undefined;
  /** Only those that follow the primary on its timeline: no other one is fit for anything. */
  readonly replicas: readonly ReplicaReport[];
  /**
   * How often somebody else who shares the primary has told that there are answers which no sample
   * covers yet, and up to which of these times `primary` covers them. Both 0 for who does not mind.
   */
  readonly othersBegun: number;
  readonly othersCovered: number;
}

/** One who is told how far servers are, and who tells what he needs. */
export interface PositionSubscription {
  /**
   * Tick `tick` has begun, and a sample that is requested from now on is wanted. Ticks grow; the first
   * is 1, and has begun with the subscription. `answers`: because clients have been answered by the
   * primary, which concerns others as well.
   */
  want(tick: number, why: 'answers' | 'news'): void;
  /** Whether to tell what others who share the primary have begun: `othersBegun`. At first: no. */
  mindOthers(minds: boolean): void;
  /**
   * Somebody may commit with `synchronous_commit = off` from now on: acknowledged and seen by others
   * before it is flushed. Holds for all that share the primary, and is not taken back.
   */
  noteUnflushedCommits(): void;
  /** Nothing is told any more. Idempotent. */
  leave(): void;
}

/**
 * Tells how far servers are, when somebody wants to know.
 *
 * A *tick* is a number that grows, in the process that answers clients. What was answered while it was
 * k is covered by the first sample of the primary's position that was *requested* after it became
 * k + 1. That is exact without a clock that processes would have to share: the answer was there before
 * the tick began, of which whoever samples hears before he asks.
 */
export interface PositionSource {
  /**
   * `heard` is told what is known now and whenever more is known, never within this call. Of an entry
   * whose roles are not followed nothing is told.
   */
  subscribe(entry: DatabaseName, heard: (report: PositionReport) => void): PositionSubscription;
}
