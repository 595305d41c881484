import type {
  DatabaseName,
  FollowedRoles,
  ServerEndpoint,
  ServerNotice,
  TopologySnapshot,
  TopologySource,
} from '@pgweir/pooler';

/** A snapshot of the topology, on its way from the supervisor to its workers. Plain data. */
export interface TopologyNews {
  readonly kind: 'topology';
  readonly generation: number;
  readonly servers: readonly (readonly [DatabaseName, readonly ServerEndpoint[]])[];
  readonly roles: readonly (readonly [DatabaseName, FollowedRoles])[];
}

/** What the traffic of a worker has met at a server, on its way to the supervisor. */
export interface ServerNoticed {
  readonly kind: 'noticed';
  readonly host: string;
  readonly port: number;
  readonly what: ServerNotice;
}

export function topologyNews({ generation, servers, roles }: TopologySnapshot): TopologyNews {
  return { kind: 'topology', generation, servers: [...servers], roles: [...roles] };
}

/** The topology as the supervisor tells it, in a worker. */
export class ReceivedTopology implements TopologySource {
  #current: TopologySnapshot;
  readonly #subscribers = new Set<(snapshot: TopologySnapshot) => void>();

  readonly #tell: (noticed: ServerNoticed) => void;

  constructor(first: TopologyNews, tell: (noticed: ServerNoticed) => void) {
    this.#tell = tell;
    this.#current = snapshotOf(first);
  }

  get current(): TopologySnapshot {
    return this.#current;
  }

  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void {
    this.#subscribers.add(changed);
    return () => void this.#subscribers.delete(changed);
  }

  noticed({ host, port }: Pick<ServerEndpoint, 'host' | 'port'>, what: ServerNotice): void {
    this.#tell({ kind: 'noticed', host, port, what });
  }

  /** One that is older than what is known, as at the start of a worker, says nothing. */
  heard(news: TopologyNews): void {
    if (news.generation <= this.#current.generation) return;
    this.#current = snapshotOf(news);
    for (const changed of this.#subscribers) changed(this.#current);
  }
}

function snapshotOf({ generation, servers, roles }: TopologyNews): TopologySnapshot {
  return Object.freeze({ generation, servers: new Map(servers), roles: new Map(roles) });
}
