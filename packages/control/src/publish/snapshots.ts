import type {
  DatabaseName,
  FollowedRoles,
  ServerEndpoint,
  TopologySnapshot,
  TopologySource,
} from '@pgweir/pooler';
import { type DatabaseEntry, followsRoles } from '../entry';
import type { ClusterWatch } from '../watch/cluster-watch';
import { EpochBook } from './epoch-book';
import { plainEndpoints, publishedEntry } from './published-entry';

/** Finds the cluster of an entry that follows roles. */
export type ClusterOf = (entry: DatabaseEntry) => ClusterWatch;

/** Publishes what is known as snapshots: a new one only when something in it is another. */
export class Snapshots implements TopologySource {
  readonly #epochs = new EpochBook();
  readonly #subscribers = new Set<(snapshot: TopologySnapshot) => void>();
  #current: TopologySnapshot = Object.freeze({
    generation: 0,
    servers: new Map(),
    roles: new Map(),
  });

  get current(): TopologySnapshot {
    return this.#current;
  }

  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void {
    this.#subscribers.add(changed);
    return () => void this.#subscribers.delete(changed);
  }

  publish(entries: readonly DatabaseEntry[], clusterOf: ClusterOf): void {
    const before = this.#current;
    const servers = new Map<DatabaseName, readonly ServerEndpoint[]>();
    const roles = new Map<DatabaseName, FollowedRoles>();
    for (const entry of entries) {
      const { database } = entry;
      if (!followsRoles(entry)) {
        servers.set(database, kept(before.servers.get(database), plainEndpoints(entry)));
        continue;
      }
      const cluster = clusterOf(entry);
      const { endpoints, isHolding } = publishedEntry(entry, cluster);
      const epoch = this.#epochs.epochOf(database, cluster, cluster.decision.settled.epoch);
      servers.set(database, kept(before.servers.get(database), endpoints));
      roles.set(database, keptRoles(before.roles.get(database), { epoch, holding: isHolding }));
    }
    this.#epochs.keepOnly(new Set(servers.keys()));
    if (before.generation > 0 && isSameMap(before.servers, servers)) {
      if (isSameMap(before.roles, roles)) return;
    }
    const snapshot = Object.freeze({ generation: before.generation + 1, servers, roles });
    this.#current = snapshot;
    for (const changed of [...this.#subscribers]) {
      // A subscriber may have led to a newer one, which all have heard of by now.
      if (this.#current !== snapshot) return;
      changed(snapshot);
    }
  }
}

/** The list before, if it says the same: then whoever compares sees that nothing has changed. */
function kept(
  before: readonly ServerEndpoint[] | undefined,
  now: readonly ServerEndpoint[],
): readonly ServerEndpoint[] {
  const isSame =
    before?.length === now.length && before.every((server, at) => isSameServer(server, now[at]));
  return isSame ? before : Object.freeze(now);
}

function isSameServer(one: ServerEndpoint, other: ServerEndpoint | undefined): boolean {
  return (
    one.host === other?.host &&
    one.port === other.port &&
    one.role === other.role &&
    one.outOfService === other.outOfService &&
    one.isSilent === other.isSilent &&
    one.isLeaving === other.isLeaving
  );
}

function keptRoles(before: FollowedRoles | undefined, now: FollowedRoles): FollowedRoles {
  const isSame = before?.epoch === now.epoch && before.holding === now.holding;
  return isSame ? before : Object.freeze(now);
}

function isSameMap<K, V>(one: ReadonlyMap<K, V>, other: ReadonlyMap<K, V>): boolean {
  return one.size === other.size && [...one].every(([key, value]) => other.get(key) === value);
}
