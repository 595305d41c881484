import { type DatabaseName, databaseName } from '../ports/names';
import type {
  FollowedRoles,
  ServerEndpoint,
  TopologySnapshot,
  TopologySource,
} from '../ports/topology-source';
import type { DatabaseSettings, PoolerSettings } from '../settings/settings';

/** The key under which a snapshot has the servers of the `*` entry. */
export const FALLBACK_SERVERS = databaseName('*');

/** Nobody watches a static list, so no database follows roles. */
const NO_ROLES: ReadonlyMap<DatabaseName, FollowedRoles> = new Map();

/** The servers that the configuration names. A reload publishes a new snapshot. */
export class StaticTopology implements TopologySource {
  #current: TopologySnapshot;
  readonly #subscribers = new Set<(snapshot: TopologySnapshot) => void>();

  constructor(settings: PoolerSettings) {
    this.#current = snapshotOf(settings, 1);
  }

  get current(): TopologySnapshot {
    return this.#current;
  }

  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void {
    this.#subscribers.add(changed);
    return () => void this.#subscribers.delete(changed);
  }

  publish(settings: PoolerSettings): void {
    this.#current = snapshotOf(settings, this.#current.generation + 1);
    for (const changed of this.#subscribers) changed(this.#current);
  }
}

function snapshotOf(settings: PoolerSettings, generation: number): TopologySnapshot {
  const servers = new Map<DatabaseName, readonly ServerEndpoint[]>();
  for (const [name, database] of settings.databases) servers.set(name, endpoints(database));
  if (settings.fallbackDatabase !== undefined) {
    servers.set(FALLBACK_SERVERS, endpoints(settings.fallbackDatabase));
  }
  return Object.freeze({ generation, servers, roles: NO_ROLES });
}

function endpoints(database: DatabaseSettings): readonly ServerEndpoint[] {
  const [first = 5432, ...more] = database.ports;
  return database.hosts.map((host, at) => ({
    host,
    port: at === 0 ? first : (more[at - 1] ?? first),
    role: 'unknown' as const,
  }));
}
