import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, type Daemon, startCluster, startDaemon } from '@pgweir/testkit';
import { Client } from 'pg';

const USER = 'app';
/** For those who want to give orders in the scene, and only there. */
export const SCENE_PASSWORD = 'open sesame';

/** One application: what each of its clients does again and again. */
interface Application {
  readonly database: string;
  readonly poolSize: number;
  readonly clients: number;
  readonly statements: readonly string[];
  /** Between two statements of a transaction, and between two transactions. */
  readonly thinkMs: readonly [within: number, between: number];
}

const APPLICATIONS: readonly Application[] = [
  {
    ...{ database: 'orders', poolSize: 6, clients: 26, thinkMs: [6, 60] },
    statements: ['UPDATE items SET visits = visits + 1 WHERE id = 7', 'SELECT pg_sleep(0.02)'],
  },
  {
    ...{ database: 'billing', poolSize: 4, clients: 5, thinkMs: [90, 120] },
    statements: ['SELECT visits FROM items WHERE id = 3', 'SELECT visits FROM items WHERE id = 4'],
  },
  {
    ...{ database: 'reports', poolSize: 3, clients: 3, thinkMs: [5, 800] },
    statements: ['SELECT count(*) FROM generate_series(1, 400000)'],
  },
  {
    ...{ database: 'search', poolSize: 8, clients: 12, thinkMs: [1, 80] },
    statements: ['SELECT visits FROM items WHERE id = 12'],
  },
  {
    ...{ database: 'sessions', poolSize: 10, clients: 8, thinkMs: [1, 150] },
    statements: ['SELECT visits FROM items WHERE id = 5', 'SELECT 1'],
  },
];

/** PostgreSQL with two replicas, pgweir with its page, and applications that use them. */
export class Scene {
  readonly cluster: Cluster;
  readonly daemon: Daemon;
  readonly #stopping = new AbortController();
  readonly #pinned: Client[] = [];
  #clients: readonly Promise<void>[] = [];

  private constructor(cluster: Cluster, daemon: Daemon) {
    this.cluster = cluster;
    this.daemon = daemon;
    // Each client's pause listens to it.
    setMaxListeners(0, this.#stopping.signal);
  }

  static async open(): Promise<Scene> {
    const cluster = await startCluster({ replicas: 2, users: [{ name: USER }] });
    try {
      const { primary } = cluster;
      await primary.query('CREATE TABLE items (id int PRIMARY KEY, visits int)');
      await primary.query('INSERT INTO items SELECT id, 0 FROM generate_series(1, 50) AS id');
      await primary.query('GRANT ALL ON items TO app');
      const daemon = await startDaemon({ config: configOf(cluster), userlist: `"${USER}" ""\n` });
      const scene = new Scene(cluster, daemon);
      scene.#clients = APPLICATIONS.flatMap((one) =>
        Array.from({ length: one.clients }, () => scene.#keepRunning(one)),
      );
      return scene;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Where the page is. */
  get url(): string {
    const port = /http: listening on 127\.0\.0\.1:(\d+)/.exec(this.daemon.log())?.[1];
    return `http://127.0.0.1:${port}/dashboard/`;
  }

  /** Clients that keep their links for what they have there. */
  async pin(): Promise<void> {
    const pins = [
      ['sessions', 'CREATE TEMP TABLE basket (item int)'],
      ['sessions', 'SELECT pg_advisory_lock(4711)'],
      ['search', 'CREATE TEMP TABLE hits AS SELECT 1 AS id'],
    ] as const;
    for (const [database, statement] of pins) {
      const client = await this.#enter(database);
      this.#pinned.push(client);
      await client.query(statement);
    }
  }

  /** The primary is lost, and a replica promoted. */
  async failOver(): Promise<void> {
    const [replica, other] = this.cluster.replicas;
    if (replica === undefined || other === undefined) throw new Error('there is no replica');
    await this.cluster.primary.kill();
    await delay(400);
    await replica.promote();
    await this.cluster.follow(other, replica);
    // Work waits until the new primary is known.
    const client = await this.#enter('sessions');
    await client.query('SELECT 1');
    await client.end();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#pinned.map((client) => client.end().catch(String)));
    await this.daemon.stop();
    await Promise.all(this.#clients);
    await this.cluster.stop();
  }

  async #enter(database: string): Promise<Client> {
    const { host, port } = this.daemon;
    const client = new Client({ host, port, user: USER, database });
    client.on('error', String);
    await client.connect();
    return client;
  }

  async #keepRunning(application: Application): Promise<void> {
    const { database, statements, thinkMs } = application;
    const [withinMs, betweenMs] = thinkMs;
    while (!this.#stopping.signal.aborted) {
      const client = await this.#enter(database).catch(String);
      if (typeof client === 'string') return;
      try {
        while (!this.#stopping.signal.aborted) {
          await client.query('BEGIN');
          for (const statement of statements) {
            await client.query(statement);
            await this.#think(withinMs);
          }
          await client.query('COMMIT');
          await this.#think(betweenMs);
        }
      } catch (error) {
        // A server that is lost takes its transactions with it: another try.
        await this.#think(String(error).length);
      } finally {
        await client.end().catch(String);
      }
    }
  }

  async #think(meanMs: number): Promise<void> {
    const { signal } = this.#stopping;
    await delay(meanMs * (0.5 + Math.random()), undefined, { signal }).catch(String);
  }
}

function configOf({ primary, replicas }: Cluster): string {
  const ports = [primary, ...replicas].map(({ port }) => port);
  const hosts = ports.map(() => '127.0.0.1').join();
  const entries = APPLICATIONS.map(
    ({ database, poolSize }) =>
      `${database} = host=${hosts} port=${ports} dbname=postgres target_session_attrs=primary pool_size=${poolSize}`,
  );
  return `[databases]
${entries.join('\n')}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {dir}
auth_type = trust
auth_file = {dir}/userlist.txt
health_check_user = ${USER}
health_check_interval = 0.5
pool_mode = transaction
max_client_conn = 500
metrics_addr = 127.0.0.1:0
dashboard = on
dashboard_password = ${SCENE_PASSWORD}
log_connections = 0
log_disconnections = 0
`;
}
