import type { ServerEndpoint } from '../ports/topology-source';
import type { DatabaseSettings, ReplicaBalance } from '../settings/settings';

/** So many are remembered at least; where members come and go there are new names for ever. */
const KNOWN_MAX = 100;

/** One server that reads of a database may go to, as long as it is known to be a standby in service. */
export interface ReplicaServer {
  /** Host and port: names it in keys of pools. */
  readonly key: string;
  endpoint: ServerEndpoint;
  weight: number;
  /** Links that are lent, of all users. */
  outstanding: number;
  /** That have been run there, since start. */
  transactions: number;
  /** Smooth weighted turns: how much it has saved up. */
  credit: number;
}

interface ReplicaServersNeeds {
  /** Today's. */
  readonly settings: () => DatabaseSettings;
  readonly servers: () => readonly ServerEndpoint[];
}

/**
 * The replicas of one database, and whose turn it is. Choosing makes no objects: the list is made when the
 * servers or the settings have changed.
 */
export class ReplicaServers {
  readonly #needs: ReplicaServersNeeds;
  #seen: readonly ServerEndpoint[] | undefined;
  #settings: DatabaseSettings | undefined;
  #all: readonly ReplicaServer[] = [];
  /** Those that have been one, the last ones at least: pools know them. */
  readonly #known = new Map<string, ReplicaServer>();
  #turn = 0;

  constructor(needs: ReplicaServersNeeds) {
    this.#needs = needs;
  }

  /** Those in service. */
  get all(): readonly ReplicaServer[] {
    const servers = this.#needs.servers();
    const settings = this.#needs.settings();
    if (this.#seen !== servers || this.#settings !== settings) this.#take(servers, settings);
    return this.#all;
  }

  /** Those that have been one, as far as they are remembered. */
  get known(): readonly ReplicaServer[] {
    return [...this.#known.values()];
  }

  /** One of those that `isFit`; undefined: none is. */
  choose(isFit: (server: ReplicaServer) => boolean): ReplicaServer | undefined {
    const { all } = this;
    if (all.length === 0) return undefined;
    const balance = this.#settings?.replicaBalance ?? 'least-outstanding';
    return balance === 'weighted' ? byWeight(all, isFit) : this.#inTurn(all, isFit, balance);
  }

  /** The next in turn; with `least-outstanding` one that has less under way is before it. */
  #inTurn(
    all: readonly ReplicaServer[],
    isFit: (server: ReplicaServer) => boolean,
    balance: ReplicaBalance,
  ): ReplicaServer | undefined {
    const first = this.#turn++;
    let chosen: ReplicaServer | undefined;
    for (let i = 0; i < all.length; i++) {
      const server = all[(first + i) % all.length];
      if (server === undefined || !isFit(server)) continue;
      if (balance === 'round-robin') {
        // Behind it, not behind those that were not fit: they would give their turns to one alone.
        this.#turn = first + i + 1;
        return server;
      }
      if (chosen === undefined || server.outstanding < chosen.outstanding) chosen = server;
    }
    return chosen;
  }

  #take(servers: readonly ServerEndpoint[], settings: DatabaseSettings): void {
    this.#seen = servers;
    this.#settings = settings;
    this.#all = servers.flatMap((endpoint, at) => {
      if (endpoint.role !== 'replica' || endpoint.isLeaving === true) return [];
      if (endpoint.outOfService !== undefined) return [];
      const server = this.#serverOf(endpoint);
      server.endpoint = endpoint;
      server.weight = settings.replicaWeights[at] ?? 1;
      return [server];
    });
    this.#forgetOldest(servers);
  }

  #forgetOldest(servers: readonly ServerEndpoint[]): void {
    if (this.#known.size <= KNOWN_MAX) return;
    const listed = new Set(servers.map(keyOf));
    for (const [key, { outstanding }] of this.#known) {
      if (this.#known.size <= KNOWN_MAX) return;
      if (!listed.has(key) && outstanding === 0) this.#known.delete(key);
    }
  }

  #serverOf(endpoint: ServerEndpoint): ReplicaServer {
    const key = keyOf(endpoint);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const server = { key, endpoint, weight: 1, outstanding: 0, transactions: 0, credit: 0 };
    this.#known.set(key, server);
    return server;
  }
}

function keyOf({ host, port }: ServerEndpoint): string {
  return `${host}:${port}`;
}

/** Each gets its parts, well mixed: whoever has saved up most is next, and pays what all have got. */
function byWeight(
  all: readonly ReplicaServer[],
  isFit: (server: ReplicaServer) => boolean,
): ReplicaServer | undefined {
  let chosen: ReplicaServer | undefined;
  let paid = 0;
  for (const server of all) {
    if (!isFit(server)) continue;
    server.credit += server.weight;
    paid += server.weight;
    if (chosen === undefined || server.credit > chosen.credit) chosen = server;
  }
  if (chosen !== undefined) chosen.credit -= paid;
  return chosen;
}
