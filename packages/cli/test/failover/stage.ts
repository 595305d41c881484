import {
  createTransport,
  type DatabaseName,
  databaseName,
  type FollowedRoles,
  type Listener,
  LocalLinkBudget,
  type Logger,
  loadGrammar,
  Pooler,
  type PoolMode,
  type ServerEndpoint,
  type ServerRole,
  SqlKnowledge,
  StoredSecretVerifier,
  type TopologySnapshot,
  type TopologySource,
} from '@pgweir/pooler';
import { type Cluster, type Server, startCluster } from '@pgweir/testkit';
import { Client } from 'pg';
import { systemClock } from '../../src/runtime/system-clock';
import { loaded } from '../support/config-files';

const APP: DatabaseName = databaseName('app');

/** What is known of the servers, as the test says it. */
class HandTopology implements TopologySource {
  current: TopologySnapshot;
  readonly #subscribers = new Set<(snapshot: TopologySnapshot) => void>();

  constructor(servers: readonly ServerEndpoint[]) {
    this.current = snapshot(1, servers, { epoch: 1, holding: false });
  }

  subscribe(changed: (snapshot: TopologySnapshot) => void): () => void {
    this.#subscribers.add(changed);
    return () => void this.#subscribers.delete(changed);
  }

  publish(servers: readonly ServerEndpoint[], roles: FollowedRoles): void {
    this.current = snapshot(this.current.generation + 1, servers, roles);
    for (const changed of this.#subscribers) changed(this.current);
  }
}

function snapshot(
  generation: number,
  servers: readonly ServerEndpoint[],
  roles: FollowedRoles,
): TopologySnapshot {
  return { generation, servers: new Map([[APP, servers]]), roles: new Map([[APP, roles]]) };
}

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A pooler in this process before a primary and a replica, whose commits wait for the replica. */
export class Stage {
  readonly cluster: Cluster;
  readonly pooler: Pooler;
  readonly #topology: HandTopology;
  readonly #listener: Listener;
  readonly #clients: Client[] = [];

  private constructor(parts: {
    readonly cluster: Cluster;
    readonly pooler: Pooler;
    readonly topology: HandTopology;
    readonly listener: Listener;
  }) {
    this.cluster = parts.cluster;
    this.pooler = parts.pooler;
    this.#topology = parts.topology;
    this.#listener = parts.listener;
  }

  static async open(poolMode: PoolMode = 'transaction'): Promise<Stage> {
    const cluster = await startCluster({
      replicas: 1,
      users: [{ name: 'app' }],
      databases: [{ name: 'app', owner: 'app' }],
    });
    await cluster.primary.configure({
      synchronous_standby_names: '*',
      synchronous_commit: 'remote_apply',
    });
    const [first, second] = [cluster.primary, ...cluster.replicas];
    const hosts = `host=${first.host},${second?.host} port=${first.port},${second?.port}`;
    const { pooler: settings, credentials } = loaded(
      `[databases]\napp = ${hosts} user=app\n[pgbouncer]\nauth_type = any\npool_mode = ${poolMode}\ndefault_pool_size = 8\n`,
    );
    const entry = settings.databases.get(APP);
    if (entry === undefined) throw new Error('no entry');
    const databases = new Map([[APP, { ...entry, targetSessionAttrs: 'read-write' as const }]]);
    const topology = new HandTopology(endpoints(cluster, 'primary'));
    const pooler = new Pooler({
      settings: { ...settings, databases },
      credentials,
      verifier: new StoredSecretVerifier(),
      transport: createTransport(),
      resolver: { resolve: (host, done) => done({ addresses: [host] }) },
      budget: new LocalLinkBudget(),
      clock: systemClock,
      log: SILENT,
      sql: new SqlKnowledge(await loadGrammar()),
      virtualDatabases: [],
      topology,
    });
    const address = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
    const listener = await pooler.listen(address, 128);
    return new Stage({ cluster, pooler, topology, listener });
  }

  get replica(): Server {
    const [replica] = this.cluster.replicas;
    if (replica === undefined) throw new Error('no replica');
    return replica;
  }

  /** A client of the pooler, whose connection must not end before the test does. */
  async client(): Promise<Client> {
    const { address } = this.#listener;
    if (address.kind !== 'tcp') throw new Error('not listening on TCP');
    const { host, port } = address;
    const client = new Client({ host, port, user: 'app', database: 'app' });
    await client.connect();
    this.#clients.push(client);
    client.on('error', (error) => this.broken.push(error.message));
    return client;
  }

  /** What connections of clients have ended with. */
  readonly broken: string[] = [];

  /** It has been noticed that the primary is gone. */
  hold(): void {
    this.#topology.publish(endpoints(this.cluster, 'unknown'), { epoch: 1, holding: true });
  }

  /** The replica is primary, and known to be. */
  async promote(): Promise<void> {
    // Nobody is left that its commits could wait for.
    await this.replica.configure({ synchronous_standby_names: '' });
    await this.replica.promote();
    this.#topology.publish(endpoints(this.cluster, 'replica', 'primary'), {
      epoch: 2,
      holding: false,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
    await this.pooler.stop();
    await this.cluster.stop();
  }
}

function endpoints(
  cluster: Cluster,
  first: ServerRole,
  second: ServerRole = 'replica',
): readonly ServerEndpoint[] {
  const roles = [first, second];
  return [cluster.primary, ...cluster.replicas].map(({ host, port }, index) => ({
    host,
    port,
    role: roles[index] ?? 'unknown',
    ...(index === 0 && first !== 'primary' ? { outOfService: 'down' } : {}),
  }));
}
