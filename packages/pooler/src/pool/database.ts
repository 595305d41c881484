import type { Link } from '../backend/link';
import type { ListeningLink } from '../listen/listening-link';
import { type DatabaseName, databaseName, type ServerName, type UserName } from '../ports/names';
import type { PositionSource } from '../ports/position-source';
import type { ServerEndpoint, TopologySource } from '../ports/topology-source';
import type { DatabaseReads } from '../routing/database-reads';
import { freshnessOf, ReplicaPositions } from '../routing/replica-positions';
import type { DatabaseSettings, PoolerSettings } from '../settings/settings';
import { DatabaseCounters } from '../stats/counters';
import { TargetCounters } from '../stats/target-counters';
import { wantedRole } from '../topology/fit-servers';
import { ReplicaServers } from '../topology/replica-servers';
import { FALLBACK_SERVERS } from '../topology/static-topology';
import { type ClientLimits, clientLimits } from './pool-limits';

/** Users whose limits are kept; all are forgotten when there are more. */
const LIMITS_MAX = 1000;

const NO_SERVERS: readonly ServerEndpoint[] = [];

interface DatabaseNeeds {
  readonly settings: DatabaseSettings;
  /** It comes into being through the `*` entry. */
  readonly automatic: boolean;
  readonly topology: TopologySource;
}

/** One database that clients can ask for, at run time. */
export class Database {
  readonly name: DatabaseName;
  settings: DatabaseSettings;
  /** Came into being through the `*` entry. */
  automatic: boolean;
  /** Sessions that asked for it and have passed authentication. */
  clients = 0;
  /** Which host of the list the next dial takes. */
  nextHost = 0;
  /** Places in the list of hosts that could not be reached, since one could or all have been tried. */
  readonly unreachedHosts = new Set<number>();
  usedAtMs = 0;
  readonly counters = new DatabaseCounters();
  /** By server. */
  readonly targets = new Map<ServerName, TargetCounters>();
  /** The links that have logged in, by their server processes. */
  readonly backends = new Map<number, Link>();
  /** Which statements are proven reads; made when somebody wants to know. */
  reads: DatabaseReads | undefined;
  /** How far its replicas are; made when the first session wants to read from one. */
  positions: ReplicaPositions | undefined;
  /** Where its reads may go to. */
  readonly replicas: ReplicaServers;
  readonly #topology: TopologySource;
  /** Listens for the sessions; made when the first one does. */
  listening: ListeningLink | undefined;
  readonly #limits = new Map<UserName, ClientLimits>();
  /** A reload makes new settings. */
  #limitsFor: PoolerSettings | undefined;

  constructor(name: DatabaseName, { settings, automatic, topology }: DatabaseNeeds) {
    this.name = name;
    this.settings = settings;
    this.automatic = automatic;
    this.#topology = topology;
    this.replicas = new ReplicaServers({
      servers: () => this.servers,
      settings: () => this.settings,
    });
  }

  /** What has happened at one of its servers. */
  targetAt(server: ServerName): TargetCounters {
    let counters = this.targets.get(server);
    if (counters === undefined) {
      counters = new TargetCounters();
      this.targets.set(server, counters);
    }
    return counters;
  }

  /** A link has logged in. */
  backendBegan(link: Link): void {
    const processId = link.identity?.processId;
    if (processId !== undefined) this.backends.set(processId, link);
  }

  /** It is on its way out. */
  backendEnds(link: Link): void {
    const processId = link.identity?.processId ?? 0;
    if (this.backends.get(processId) === link) this.backends.delete(processId);
  }

  /** Clients of one user share the object, since most have the same limits. */
  limitsOf(user: UserName, settings: PoolerSettings): ClientLimits {
    if (this.#limitsFor !== settings || this.#limits.size >= LIMITS_MAX) {
      this.#limits.clear();
      this.#limitsFor = settings;
    }
    const known = this.#limits.get(user);
    if (known !== undefined) return known;
    const limits = clientLimits(settings, this.settings, user);
    this.#limits.set(user, limits);
    return limits;
  }

  /** The roles of its servers are followed, and its sessions survive the loss of a link. */
  get followsRoles(): boolean {
    return wantedRole(this.settings) !== undefined;
  }

  /** The entry of the configuration that says which servers it has. */
  get entry(): DatabaseName {
    return this.automatic ? FALLBACK_SERVERS : this.name;
  }

  /** The servers of its entry, as they are known now. */
  get servers(): readonly ServerEndpoint[] {
    return this.#topology.current.servers.get(this.entry) ?? NO_SERVERS;
  }

  /** From now on it is known how far its replicas are, where somebody tells. */
  learnPositions(
    source: PositionSource | undefined,
    all: PoolerSettings,
  ): ReplicaPositions | undefined {
    const { entry, settings } = this;
    if (source === undefined || !settings.readWriteSplit) return undefined;
    this.positions = new ReplicaPositions({ source, entry, settings: freshnessOf(all, settings) });
    this.#noteConnectQuery();
    return this.positions;
  }

  /** Today's settings say something else about them. */
  reconfigurePositions(all: PoolerSettings): void {
    this.positions?.reconfigure(freshnessOf(all, this.settings));
    this.#noteConnectQuery();
  }

  /** What it sets is set for every link, and nobody is told of it. */
  #noteConnectQuery(): void {
    if (/synchronous_commit/i.test(this.settings.connectQuery ?? ''))
      this.positions?.noteUnflushedCommits();
  }

  forgetPositions(): void {
    this.positions?.close();
    this.positions = undefined;
  }

  /** The name on the server. */
  get serverName(): DatabaseName {
    return this.settings.dbname === undefined ? this.name : databaseName(this.settings.dbname);
  }
}
