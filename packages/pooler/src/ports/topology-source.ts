import type { DatabaseName } from './names';

export type ServerRole = 'primary' | 'replica' | 'unknown';

/** One PostgreSQL server. `host` starting with `/` or `@` is a directory of Unix sockets. */
export interface ServerEndpoint {
  readonly host: string;
  readonly port: number;
  readonly role: ServerRole;
  /** Out of service: banned by an operator, down, or not proven yet. Absent: in service. */
  readonly outOfService?: string;
  /** It does not answer, so that nobody knows what it is now. It may only be slow. */
  readonly isSilent?: true;
  /**
   * It is about to hand over, or an operator has banned it: what it has begun it finishes, and nothing
   * new is begun there.
   */
  readonly isLeaving?: true;
}

/** What is known about the servers of one entry of the configuration, when roles are followed. */
export interface FollowedRoles {
  /** Grows when another server is primary: links to the one before are not used any more. */
  readonly epoch: number;
  /** There is no primary now, and one is expected: work that needs it waits. */
  readonly holding: boolean;
}

/** A frozen, numbered view of the servers of all databases. Never mutated: a change is a new one. */
export interface TopologySnapshot {
  readonly generation: number;
  readonly servers: ReadonlyMap<DatabaseName, readonly ServerEndpoint[]>;
  /**
   * Only databases with `target_session_attrs` or `read_write_split`; all others use their list as
   * PgBouncer does.
   */
  readonly roles: ReadonlyMap<DatabaseName, FollowedRoles>;
}

/**
 * What traffic has met at a server: no connection came about, one was ended by PostgreSQL for a reason of
 * its own (57P01 and the like) or without a word, a write was refused (25006).
 */
export type ServerNotice = 'refused' | 'terminated' | 'lost' | 'read-only';

/** Publishes snapshots. Reading `current` is a property read. */
export interface TopologySource {
  readonly current: TopologySnapshot;
  /** Calls `changed` after `current` has been replaced. Returns the way to leave. */
  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void;
  /** Traffic has met something: whoever watches the server looks at once. Absent: nobody does. */
  noticed?(server: Pick<ServerEndpoint, 'host' | 'port'>, what: ServerNotice): void;
}
