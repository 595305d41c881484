import type { DatabaseName } from './names';

/** One PostgreSQL server. `host` starting with `/` or `@` is a directory of Unix sockets. */
export interface ServerEndpoint {
  readonly host: string;
  readonly port: number;
  readonly role: 'primary' | 'replica' | 'unknown';
}

/** A frozen, numbered view of the servers of all databases. Never mutated: a change is a new one. */
export interface TopologySnapshot {
  readonly generation: number;
  readonly servers: ReadonlyMap<DatabaseName, readonly ServerEndpoint[]>;
}

/** Publishes snapshots. Reading `current` is a property read. */
export interface TopologySource {
  readonly current: TopologySnapshot;
  /** Calls `changed` after `current` has been replaced. Returns the way to leave. */
  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void;
}
