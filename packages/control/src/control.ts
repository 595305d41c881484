import type {
  Clock,
  DatabaseName,
  Logger,
  PositionSource,
  ServerNotice,
  TopologySnapshot,
  TopologySource,
} from '@pgweir/pooler';
import { Clusters } from './clusters';
import { type DatabaseEntry, followsRoles } from './entry';
import type { SessionCounts } from './failover/failover-log';
import { invariant } from './invariant';
import type { ServerAddress } from './observation';
import type { Prober } from './ports/prober';
import type { ClaimPlan } from './ports/topology-claims';
import { PositionBoard } from './positions/position-board';
import { type PromotionCluster, WatchedPromotion } from './promotion/promotion-cluster';
import { addressesOf } from './publish/published-entry';
import { Snapshots } from './publish/snapshots';
import { type ClusterView, clusterView, type FailoverView } from './publish/views';
import { comparableHost, type ServerKey, serverKey } from './server-key';
import type { ControlSettings } from './settings';
import { type SwitchoverCluster, WatchedSwitchover } from './switchover/switchover-cluster';
import type { ClusterWatch } from './watch/cluster-watch';

export interface ControlNeeds {
  readonly settings: ControlSettings;
  readonly entries: readonly DatabaseEntry[];
  readonly prober: Prober;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 up to 1; Math.random unless a test wants to know. */
  readonly random?: () => number;
  /**
   * Somebody who knows the cluster of these servers from elsewhere; undefined: nobody does. Asked again
   * at each change of the configuration.
   */
  readonly claimsOf?: (servers: readonly ServerAddress[]) => ClaimPlan | undefined;
}

/** What became of an order. `reason` is for people. */
export type OrderOutcome = { readonly kind: 'done'; readonly servers: readonly string[] } | Refusal;

export type SwitchoverPlan =
  | { readonly kind: 'ready'; readonly cluster: SwitchoverCluster }
  | Refusal;

interface Refusal {
  readonly kind: 'refused';
  readonly reason: string;
}

/**
 * Decides which servers take which traffic, for all entries of the configuration, and publishes it. Probes
 * only what entries that follow roles name; the lists of all others pass through.
 */
export class Control implements TopologySource {
  readonly #clock: Clock;
  readonly #snapshots = new Snapshots();
  readonly #clusters: Clusters;
  readonly #positions: PositionBoard;
  readonly #promotions = new WeakMap<ClusterWatch, PromotionCluster>();
  #settings: ControlSettings;
  #entries: readonly DatabaseEntry[] = [];
  /** Nothing is published: a configuration is being taken on, or all is over. */
  #isQuiet = false;

  constructor(needs: ControlNeeds) {
    this.#clock = needs.clock;
    this.#settings = needs.settings;
    const { prober, clock, log, random = Math.random, claimsOf = () => undefined } = needs;
    this.#clusters = new Clusters({
      ...{ prober, clock, log, random, claimsOf },
      settings: () => this.#settings,
      changed: () => this.#publish(),
    });
    this.#positions = new PositionBoard({
      ...{ clock, log },
      clusters: () => this.#clusters.all,
      clusterOf: (database) => this.#clusterOf(database),
      placeOf: (database) => {
        const epoch = this.current.roles.get(database)?.epoch;
        const entry = this.#entryOf(database);
        const cluster = this.#clusterOf(database);
        if (epoch === undefined || entry === undefined || cluster === undefined) return undefined;
        return { epoch, servers: addressesOf(entry, cluster) };
      },
    });
    this.reconfigure(needs.settings, needs.entries);
  }

  get current(): TopologySnapshot {
    return this.#snapshots.current;
  }

  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void {
    return this.#snapshots.subscribe(changed);
  }

  /** How far the servers of entries that follow roles are. */
  get positions(): PositionSource {
    return this.#positions;
  }

  /** Another configuration holds from now on. What is known of servers that stay is kept. */
  reconfigure(settings: ControlSettings, entries: readonly DatabaseEntry[]): void {
    this.#settings = settings;
    this.#entries = entries;
    this.#isQuiet = true;
    try {
      this.#clusters.configure(entries);
    } finally {
      this.#isQuiet = false;
    }
    this.#publish();
  }

  /** Traffic has met something at a server: it becomes suspect, and a probe tells at once. */
  noticed(server: ServerAddress, what: ServerNotice): void {
    const key = serverKey(server);
    for (const cluster of this.#clusters.all) cluster.heed(key, what);
  }

  /** Takes a server out of service, in all entries that follow roles. `host` or `host:port`. */
  ban(host: string): OrderOutcome {
    return this.#setBanned(host, true);
  }

  /** Takes a ban back. The server is in service when it is up. `host` or `host:port`. */
  unban(host: string): OrderOutcome {
    return this.#setBanned(host, false);
  }

  /**
   * What a switchover of the cluster of `database` would be. Nothing has begun yet: see `Switchover`.
   * `target`: `host` or `host:port`.
   */
  planSwitchover(database: DatabaseName, target: string): SwitchoverPlan {
    const cluster = this.#clusterOf(database);
    if (cluster === undefined) return refused(`database "${database}" does not follow roles`);
    const [key, ...others] = matching(cluster, target);
    if (key === undefined) return refused(`database "${database}" has no server "${target}"`);
    if (others.length > 0) return refused(`"${target}" is several servers: name one, host:port`);
    const obstacle = cluster.switchoverObstacle(key);
    if (obstacle !== undefined) return refused(obstacle);
    const named = (wanted: ServerKey | undefined) =>
      cluster.servers.find((server) => server.key === wanted);
    const [primary, replica] = [named(cluster.decision.primary), named(key)];
    invariant(primary !== undefined && replica !== undefined, 'a primary can hand over');
    const sharing = this.#clusters.all.filter(
      ({ decision }) => decision.primary === primary.key && decision.verdicts.has(key),
    );
    const watches = [cluster, ...sharing.filter((watch) => watch !== cluster)] as const;
    const databases = watches.flatMap((watch) => this.#databasesOf(watch));
    const parts = { watches, primary, target: replica, databases };
    return { kind: 'ready', cluster: new WatchedSwitchover(parts) };
  }

  /** All clusters in which another server may become primary. The same object for the same one. */
  promotionClusters(): readonly PromotionCluster[] {
    return this.#clusters.all
      .filter(({ mayFailOver, found }) => mayFailOver && found === undefined)
      .map((watch) => {
        const known = this.#promotions.get(watch);
        if (known !== undefined) return known;
        const cluster = new WatchedPromotion(watch, () => this.#databasesOf(watch));
        this.#promotions.set(watch, cluster);
        return cluster;
      });
  }

  /** Adds what became of sessions of a database to its last failover, if there was one. */
  addSessions(database: DatabaseName, counts: SessionCounts): void {
    this.#clusterOf(database)?.failovers.addSessions(counts);
  }

  /** For SHOW TOPOLOGY. */
  topology(): readonly ClusterView[] {
    const nowMs = this.#clock.nowMs();
    return this.#clusters.all.map((watch) => clusterView(watch, this.#databasesOf(watch), nowMs));
  }

  /** For SHOW FAILOVERS, the newest last. */
  failovers(): readonly FailoverView[] {
    const nowMs = this.#clock.nowMs();
    return this.#clusters.all
      .flatMap((watch) => {
        const databases = this.#databasesOf(watch);
        return watch.failovers.records(nowMs).map((record) => ({ databases, ...record }));
      })
      .sort((one, other) => one.startedAtWallMs - other.startedAtWallMs);
  }

  /** Ends all probes. What was published last stays. */
  close(): void {
    this.#isQuiet = true;
    this.#positions.close();
    this.#clusters.close();
  }

  #publish(): void {
    if (this.#isQuiet) return;
    this.#snapshots.publish(this.#entries, (entry) => this.#clusters.of(entry));
    this.#positions.changed();
  }

  #setBanned(host: string, banned: boolean): OrderOutcome {
    const found = this.#clusters.all.map((cluster) => [cluster, matching(cluster, host)] as const);
    const servers = [...new Set(found.flatMap(([, keys]) => keys))];
    if (servers.length === 0) {
      return refused(`no database that follows roles has a server "${host}"`);
    }
    const changed = found.flatMap(([cluster, keys]) =>
      keys.filter((key) => cluster.setBanned(key, banned)),
    );
    if (changed.length > 0) return { kind: 'done', servers: [...new Set(changed)] };
    return refused(`${servers.join(', ')} ${banned ? 'is banned already' : 'is not banned'}`);
  }

  #clusterOf(database: DatabaseName): ClusterWatch | undefined {
    const entry = this.#entryOf(database);
    return entry !== undefined && followsRoles(entry) ? this.#clusters.find(entry) : undefined;
  }

  #entryOf(database: DatabaseName): DatabaseEntry | undefined {
    return this.#entries.find((candidate) => candidate.database === database);
  }

  #databasesOf(watch: ClusterWatch): readonly DatabaseName[] {
    return this.#entries
      .filter((entry) => followsRoles(entry) && this.#clusters.find(entry) === watch)
      .map(({ database }) => database);
  }
}

/** The servers of a cluster that `host` or `host:port` names. */
function matching(cluster: ClusterWatch, name: string): readonly ServerKey[] {
  const wanted = comparableHost(name);
  return cluster.servers
    .filter(({ key }) => cluster.find(key) !== undefined)
    .filter(({ key, address }) => key === wanted || comparableHost(address.host) === wanted)
    .map(({ key }) => key);
}

function refused(reason: string): Refusal {
  return { kind: 'refused', reason };
}
