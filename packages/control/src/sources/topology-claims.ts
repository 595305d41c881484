import type { ServerAddress } from '../observation';

/** A server of the cluster, as a source names it. */
export interface ClaimedMember {
  /** What the source calls it. */
  readonly name: string;
  /** undefined: the source does not tell (yet). */
  readonly address: ServerAddress | undefined;
  /** In the source's words: for people, and not to be decided by. */
  readonly state: string;
}

/** A switchover that the source has been told to make. */
export interface PlannedSwitchover {
  /** By the wall's clock, milliseconds since 1970. */
  readonly atMs: number;
  /** Names of members; undefined: not said. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What somebody else, who knows the cluster, says of it. Never more than a claim: probes decide. */
export interface TopologyClaim {
  /** Who may be written to; undefined: nobody at the moment, or the source does not know about roles. */
  readonly leader: ServerAddress | undefined;
  readonly members: readonly ClaimedMember[];
  /** When the question was asked whose answer confirmed this, by the monotonic clock. */
  readonly confirmedAtMs: number;
  /** The source changes nothing by itself at the moment: no failover will come from it. */
  readonly paused: boolean;
  readonly switchover: PlannedSwitchover | undefined;
}

/** A source of claims about one cluster. */
export interface TopologyClaims {
  /**
   * Begins to ask, and calls `changed` each time `current` has been replaced, also by an equal claim
   * that is newer. Once.
   */
  start(changed: () => void): void;
  /** undefined: nothing has been heard yet. It stays when the source falls silent: look at its age. */
  readonly current: TopologyClaim | undefined;
  /** Asks at once, as something has happened. Cheap: while it is being asked it is asked once more. */
  recheck(): void;
  /** Stops. No `changed` comes any more. Idempotent. */
  close(): void;
}
