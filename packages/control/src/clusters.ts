import type { Clock, Logger } from '@pgweir/pooler';
import { type DatabaseEntry, followsRoles } from './entry';
import { invariant } from './invariant';
import type { ServerAddress } from './observation';
import type { Prober } from './ports/prober';
import type { ClaimPlan } from './ports/topology-claims';
import { type ServerKey, serverKey } from './server-key';
import type { ControlSettings } from './settings';
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
  find({ servers }: DatabaseEntry): ClusterWatch | undefined {
    return this.#watches.get(clusterKey(servers));
  }

  of(entry: DatabaseEntry): ClusterWatch {
    const watch = this.find(entry);
    invariant(watch !== undefined, 'an entry that follows roles has a cluster');
    return watch;
  }

  /** Watches what these entries follow, and nothing else. What is known of servers that stay is kept. */
  configure(entries: readonly DatabaseEntry[]): void {
    const wanted = new Map(
      entries.filter(followsRoles).map(({ servers }) => [clusterKey(servers), servers]),
    );
    const before = this.#watches;
    const memory = new Map(this.all.flatMap((watch) => [...watch.memory.servers]));
    /** Those whose list is in no entry any more, and whose place a changed list can take. */
    const free = new Set([...before].filter(([key]) => !wanted.has(key)).map(([, watch]) => watch));
    this.#watches = new Map([...before].filter(([key]) => wanted.has(key)));
    for (const [key, servers] of wanted) {
      if (this.#watches.has(key)) continue;
      const heir = closest(free, servers);
      if (heir !== undefined) {
        free.delete(heir);
        heir.reconfigure(servers, memory);
      }
      this.#watches.set(
        key,
        heir ?? this.#open(servers, closest(before.values(), servers), memory),
      );
    }
    for (const watch of free) watch.close();
    for (const [key, servers] of wanted) {
      this.#watches.get(key)?.setClaims(this.#needs.claimsOf(servers));
    }
  }

  close(): void {
    for (const watch of this.all) watch.close();
    this.#watches = new Map();
  }

  #open(
    servers: readonly ServerAddress[],
    relative: ClusterWatch | undefined,
    memory: ReadonlyMap<ServerKey, ServerMemory>,
  ): ClusterWatch {
    const settled = relative?.memory.settled;
    const known: ClusterMemory | undefined = settled && { settled, servers: memory };
    return new ClusterWatch(servers, this.#needs, known);
  }
}

function clusterKey(servers: readonly ServerAddress[]): string {
  return [...new Set(servers.map(serverKey))].sort().join(' ');
}

/** The one with the most of these servers; undefined if none has any. */
function closest(
  watches: Iterable<ClusterWatch>,
  servers: readonly ServerAddress[],
): ClusterWatch | undefined {
  const keys = new Set(servers.map(serverKey));
  let best: ClusterWatch | undefined;
  let bestShared = 0;
  for (const watch of watches) {
    const shared = watch.servers.filter(({ key }) => keys.has(key)).length;
    if (shared <= bestShared) continue;
    best = watch;
    bestShared = shared;
  }
  return best;
}
