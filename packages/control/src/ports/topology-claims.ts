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
  /** By the clock on the wall of the source, milliseconds since 1970. */
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
  /** By how much the source's clock on the wall is ahead of ours at least; negative: behind. */
  readonly clockAheadMs: number;
}

export type SwitchoverAnswer =
  /** The source says that another member leads now. Which one, the next claim tells. */
  | { readonly kind: 'done' }
  /** It does not happen. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Asked for; whether it happens is not known. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A source that hands over from one server to another when it is told to. */
export interface SwitchoverMaker {
  /** Why it would not hand over to `to`, as far as that can be told now. */
  switchoverObstacle(to: ServerAddress): string | undefined;
  /** Has the old leader demoted and `to` promoted; that is what `deadlineMs` bounds. Never rejects. */
  switchover(to: ServerAddress, deadlineMs: number): Promise<SwitchoverAnswer>;
}

/** Somebody who knows a cluster from elsewhere. It confirms what probes see, and makes nobody primary. */
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
  /** undefined: it only watches. */
  readonly switchovers?: SwitchoverMaker;
}

/** A source that is to be asked about a cluster. */
export interface ClaimPlan {
  /** The same source has the same key: it is kept through a reload. Never shown: it may have secrets. */
  readonly key: string;
  /** Not started yet; whoever opens it closes it. */
  open(): TopologyClaims;
}
