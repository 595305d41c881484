import { databaseName } from '../../src/ports/names';
import type {
  ServerEndpoint,
  ServerNotice,
  ServerRole,
  TopologySnapshot,
  TopologySource,
} from '../../src/ports/topology-source';

/** A server of the database `app` as a test wants it known. */
export interface HandServer {
  readonly port: number;
  readonly role: ServerRole;
  readonly host?: string;
  readonly outOfService?: string;
  readonly isLeaving?: true;
}

/** What is known of the servers of one database, published by hand. */
export class HandTopology implements TopologySource {
  current: TopologySnapshot;
  /** What the pooler has met at servers: port and kind. */
  readonly notices: string[] = [];
  readonly #database: string;
  readonly #subscribers = new Set<(snapshot: TopologySnapshot) => void>();

  constructor(servers: readonly HandServer[], database = 'app') {
    this.#database = database;
    this.current = this.#snapshot(servers, { epoch: 1, holding: false });
  }

  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void {
    this.#subscribers.add(changed);
    return () => void this.#subscribers.delete(changed);
  }

  publish(
    servers: readonly HandServer[],
    roles: { readonly epoch: number; readonly holding: boolean },
  ): void {
    this.current = this.#snapshot(servers, roles);
    for (const changed of this.#subscribers) changed(this.current);
  }

  noticed({ port }: Pick<ServerEndpoint, 'port'>, what: ServerNotice): void {
    this.notices.push(`${port} ${what}`);
  }

  /** How many want to hear of changes. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  #snapshot(
    servers: readonly HandServer[],
    roles: { readonly epoch: number; readonly holding: boolean },
  ): TopologySnapshot {
    const generation = (this.current?.generation ?? 0) + 1;
    const database = databaseName(this.#database);
    const endpoints: readonly ServerEndpoint[] = servers.map((server) => ({
      host: 'db.test',
      ...server,
    }));
    return {
      generation,
      servers: new Map([[database, endpoints]]),
      roles: new Map([[database, roles]]),
    };
  }
}
