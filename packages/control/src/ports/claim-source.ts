import type { ServerAddress } from '../observation';

/** Whom a source such as Patroni names as the leader of a cluster. */
export interface LeaderClaim {
  readonly leader: ServerAddress | undefined;
  /** When the source said so last; of the monotonic clock. */
  readonly confirmedAtMs: number;
}

/** Somebody who knows a cluster from elsewhere. It confirms what probes see and makes nobody primary. */
export interface ClaimSource {
  /** What it said last; undefined: nothing so far. */
  readonly current: LeaderClaim | undefined;
  /** Begins to ask, and calls `changed` whenever `current` is another one. Called once. */
  start(changed: () => void): void;
  /** Asks at once: something has happened. */
  recheck(): void;
  close(): void;
}
