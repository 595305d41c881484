import type { Clock, Logger } from '@pgweir/pooler';
import { type DatabaseEntry, followsRoles } from './entry';
import { invariant } from './invariant';
import type { ServerAddress } from './observation';
import type { Prober } from './ports/prober';
import type { ClaimPlan } from './ports/topology-claims';
import { type ServerKey, serverKey } from './server-key';
import type { ControlSettings } from './settings';
import type { ClusterList } from './watch/cluster-servers';
import { type ClusterMemory, ClusterWatch } from './watch/cluster-watch';
import type { ServerMemory } from './watch/server-watch';

export interface ClustersNeeds {
  readonly settings: () => ControlSettings;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Somebody who knows the cluster of these servers from elsewhere; undefined: nobody does. */
  readonly claimsOf: (servers: readonly ServerAddress[]) => ClaimPlan | undefined;
  readonly changed: () => void;
}

/** All clusters that entries follow. Entries with the same servers, in any order, share one. */
export class Clusters {
  readonly #needs: ClustersNeeds;
  #watches = new Map<string, ClusterWatch>();

  constructor(needs: ClustersNeeds) {
    this.#needs = needs;
  }

  get all(): readonly ClusterWatch[] {
    return [...this.#watches.values()];
  }

  /** undefined: it does not follow roles, or nothing is watched any more. */
  find(entry: DatabaseEntry): ClusterWatch | undefined {
    return this.#watches.get(clusterKey(entry));
  }

  of(entry: DatabaseEntry): ClusterWatch {
    const watch = this.find(entry);
    invariant(watch !== undefined, 'an entry that follows roles has a cluster');
    return watch;
  }

  /** Watches what these entries follow, and nothing else. What is known of servers that stay is kept. */
  configure(entries: readonly DatabaseEntry[]): void {
    const wanted = new Map(
      entries.filter(followsRoles).map((entry) => [clusterKey(entry), entry] as const),
    );
    const before = this.#watches;
    const memory = new Map(this.all.flatMap((watch) => [...watch.memory.servers]));
    /** Those whose list is in no entry any more, and whose place a changed list can take. */
    const free = new Set([...before].filter(([key]) => !wanted.has(key)).map(([, watch]) => watch));
    this.#watches = new Map([...before].filter(([key]) => wanted.has(key)));
    for (const [key, entry] of wanted) {
      if (this.#watches.has(key)) continue;
      const heir = closest(free, entry);
      if (heir !== undefined) {
        free.delete(heir);
        heir.reconfigure(listOf(entry), memory);
      }
      this.#watches.set(key, heir ?? this.#open(entry, closest(before.values(), entry), memory));
    }
    for (const watch of free) watch.close();
    for (const [key, { servers, source }] of wanted) {
      const plan = source === undefined ? this.#needs.claimsOf(servers) : undefined;
      this.#watches.get(key)?.setClaims(plan);
    }
  }

  close(): void {
    for (const watch of this.all) watch.close();
    this.#watches = new Map();
  }

  #open(
    entry: DatabaseEntry,
    relative: ClusterWatch | undefined,
    memory: ReadonlyMap<ServerKey, ServerMemory>,
  ): ClusterWatch {
    const { settled, members } = relative?.memory ?? {};
    const known: ClusterMemory | undefined = settled && { settled, servers: memory, members };
    return new ClusterWatch(listOf(entry), this.#needs, known);
  }
}

/** Where members are found, only those that are found in the same way have the same. */
function clusterKey({ servers, source }: DatabaseEntry): string {
  const keys = [...new Set(servers.map(serverKey))].sort().join(' ');
  return source === undefined ? keys : `${source.key} ${keys}`;
}

function listOf({ servers, source }: DatabaseEntry): ClusterList {
  return source === undefined
    ? { kind: 'listed', servers }
    : { kind: 'found', cluster: { source, seeds: servers } };
}

/** The one with the most of these servers, known in the same way; undefined if none has any. */
function closest(
  watches: Iterable<ClusterWatch>,
  { servers, source }: DatabaseEntry,
): ClusterWatch | undefined {
  const keys = new Set(servers.map(serverKey));
  let best: ClusterWatch | undefined;
  let bestShared = 0;
  for (const watch of watches) {
    if (watch.found?.source.key !== source?.key) continue;
    const listed = watch.found?.seeds.map(serverKey) ?? watch.servers.map(({ key }) => key);
    const shared = listed.filter((key) => keys.has(key)).length;
    if (shared <= bestShared) continue;
    best = watch;
    bestShared = shared;
  }
  return best;
}
