import type { WalPosition } from '../ports/position-source';
import type { ServerEndpoint } from '../ports/topology-source';
import { type CausalToken, causalTokenText } from './causal-token';
import { NOWHERE } from './primary-samples';
import type { ReplicaPositions, ReplicaState } from './replica-positions';
import { hasReached } from './wal-position';

/** No tick: nothing waits for a sample. */
const NEVER = -1;
/** Before the first tick: any sample covers it. */
const BEFORE_ALL = 0;

/**
 * - `raised`: it holds from now on
 * - `other system`: it is of another cluster (22023)
 * - `unknown`: nothing is known of the servers yet, so that nobody can tell (57P03)
 */
export type TokenOutcome = 'raised' | 'other system' | 'unknown';

/**
 * What a session has seen, as the position that a replica must have replayed before it may answer the
 * session: the *floor*.
 *
 * What the primary has answered is covered by the first sample requested after it; until there is one
 * no replica is fit. A read of a replica is covered by that replica itself, as long as it runs, and for
 * others by the first sample of the primary after the read: no replica is ahead of its primary.
 */
export class SessionFloor {
  #epoch: number;
  /** What every replica must have. */
  #position: WalPosition = 0;
  /** The tick of the last answer of the primary, while no sample covers it. */
  #tick = NEVER;
  /** The replica of the last read, if the primary has not answered since. */
  #replica: ReplicaState | undefined;
  #incarnation = 0;
  /** What other replicas must have because of that read, or the tick as above. */
  #readPosition: WalPosition = 0;
  #readTick = NEVER;
  /** Of a timeline that has not been heard of here. */
  #ahead: CausalToken | undefined;

  constructor(positions: ReplicaPositions) {
    this.#epoch = positions.epoch;
  }

  /**
   * The primary has answered: a transaction is over, in whatever way, or its link was lost meanwhile.
   * Called before or in the same turn as the answer goes to the client.
   */
  sawPrimary(positions: ReplicaPositions): void {
    this.#tick = positions.tick;
    this.#replica = undefined;
    this.#readTick = NEVER;
    this.#readPosition = 0;
    positions.primaryAnswered();
  }

  /** A replica has answered: a read, or a READ ONLY transaction. */
  sawReplica(positions: ReplicaPositions, server: ServerEndpoint): void {
    this.#settle(positions);
    this.#replica = positions.find(server);
    this.#incarnation = this.#replica?.incarnation ?? 0;
    this.#readTick = positions.tick;
    this.#readPosition = 0;
    positions.replicaAnswered();
  }

  /** Whether a read of this session may go to the replica now. */
  isReachedBy(positions: ReplicaPositions, server: ServerEndpoint): boolean {
    if (!positions.isInTime(server)) return false;
    const { consistency } = positions;
    if (consistency === 'eventual') return true;
    const replica = positions.find(server);
    if (replica === undefined || replica.replayed === NOWHERE) return false;
    this.#settle(positions);
    if (this.#tick !== NEVER || this.#ahead !== undefined) return false;
    if (!hasReached(replica.replayed, this.#position)) return false;
    if (consistency === 'global' && !positions.hasEverything(replica)) return false;
    if (replica === this.#replica && replica.incarnation === this.#incarnation) return true;
    this.#settleRead(positions);
    return this.#readTick === NEVER && hasReached(replica.replayed, this.#readPosition);
  }

  /** `SET pgweir.wait_lsn`: what another session has seen counts as seen by this one. */
  raise(positions: ReplicaPositions, token: CausalToken): TokenOutcome {
    const { systemIdentifier } = positions;
    if (systemIdentifier === undefined) return 'unknown';
    if (token.systemIdentifier !== systemIdentifier) return 'other system';
    this.#settle(positions);
    this.#take(positions, token);
    return 'raised';
  }

  /** `SHOW pgweir.lsn`. @returns undefined where no sample covers it yet: see `whenNext` */
  token(positions: ReplicaPositions): string | undefined {
    this.#settle(positions);
    this.#settleRead(positions);
    const { systemIdentifier, timeline } = positions;
    if (this.#ahead !== undefined) return causalTokenText(this.#ahead);
    if (systemIdentifier === undefined) return undefined;
    if (this.#tick !== NEVER || this.#readTick !== NEVER) return undefined;
    const position = Math.max(this.#position, this.#readPosition);
    return causalTokenText({ systemIdentifier, timeline, position });
  }

  #take(positions: ReplicaPositions, token: CausalToken): void {
    if (token.timeline > positions.timeline) {
      if (this.#ahead === undefined || isLater(token, this.#ahead)) this.#ahead = token;
      return;
    }
    if (token.timeline === positions.timeline) {
      this.#position = Math.max(this.#position, token.position);
      return;
    }
    // What of an earlier timeline is still there, the first sample of this one covers.
    this.#rise(positions, BEFORE_ALL);
  }

  /** Takes what has become known into the floor. */
  #settle(positions: ReplicaPositions): void {
    if (this.#epoch !== positions.epoch) this.#changeEpoch(positions);
    if (this.#tick !== NEVER) this.#rise(positions, this.#tick);
    const ahead = this.#ahead;
    if (ahead !== undefined && ahead.timeline <= positions.timeline) {
      this.#ahead = undefined;
      this.#take(positions, ahead);
    }
  }

  /** The same for what a replica has answered: only others have to know. */
  #settleRead({ samples }: ReplicaPositions): void {
    if (this.#readTick === NEVER) return;
    const position = samples.covering(this.#readTick);
    if (position === NOWHERE) return;
    this.#readPosition = position;
    this.#readTick = NEVER;
  }

  /** Positions of the timeline before do not compare: the first sample of the new primary counts. */
  #changeEpoch(positions: ReplicaPositions): void {
    this.#epoch = positions.epoch;
    this.#position = 0;
    // An answer that is not covered yet may be of the new primary, or of a replica that follows it.
    this.#tick = Math.max(this.#tick, this.#readTick, BEFORE_ALL);
    this.#replica = undefined;
    this.#readTick = NEVER;
    this.#readPosition = 0;
  }

  /** What was answered in `tick` counts, when a sample covers it. */
  #rise({ samples }: ReplicaPositions, tick: number): void {
    const position = samples.covering(tick);
    if (position === NOWHERE) {
      this.#tick = Math.max(this.#tick, tick);
      return;
    }
    this.#position = Math.max(this.#position, position);
    if (tick === this.#tick) this.#tick = NEVER;
  }
}

function isLater(one: CausalToken, other: CausalToken): boolean {
  if (one.timeline !== other.timeline) return one.timeline > other.timeline;
  return one.position > other.position;
}
