import {
  type Cluster,
  type ClusterOptions,
  type Daemon,
  type LoginResult,
  RawClient,
  type Server,
  startCluster,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { Client, type ClientConfig } from 'pg';
import type { Shown } from './cluster-stage';
import { ini, type Settings, userlist, value } from './stage';

/** What tells which server has answered, as a read. */
export const WHO = 'SELECT whoami() AS port';

export interface SplitOptions {
  /** Of the entry `app`, besides its servers and `read_write_split`. */
  readonly attributes?: string;
  readonly split?: 'on' | 'off';
  readonly servers?: readonly Server[];
  /** By Unix socket. */
  readonly bySocket?: boolean;
  readonly settings?: Settings;
  /** More lines of `[databases]`. */
  readonly databases?: readonly string[];
  readonly names?: readonly string[];
  readonly userlist?: string;
}

/** A primary and its replicas for a whole file, and a pgweir before them for each of its tests. */
export class SplitStage {
  readonly cluster: Cluster;
  /** Of the test, in the order in which they have taken over. */
  readonly daemons: Daemon[] = [];
  #clients: { close(): unknown }[] = [];

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async open(options: ClusterOptions = {}): Promise<SplitStage> {
    const cluster = await startCluster({
      replicas: 1,
      users: [{ name: 'app' }, { name: 'ann' }],
      settings: { wal_receiver_status_interval: '1s', synchronous_commit: 'on' },
      ...options,
    });
    const stage = new SplitStage(cluster);
    try {
      await cluster.primary.query(`
        CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1);
        GRANT ALL ON t TO public; GRANT CREATE, USAGE ON SCHEMA public TO public;
        CREATE FUNCTION whoami() RETURNS int LANGUAGE sql STABLE AS
          $$ SELECT current_setting('port')::int $$`);
      await stage.replayed();
      return stage;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get primary(): Server {
    return this.cluster.primary;
  }

  get replica(): Server {
    const [replica] = this.cluster.replicas;
    if (replica === undefined) throw new Error('no replica');
    return replica;
  }

  get daemon(): Daemon {
    const daemon = this.daemons.at(-1);
    if (daemon === undefined) throw new Error('no daemon');
    return daemon;
  }

  /** What is committed by now is on all replicas that run. */
  async replayed(): Promise<void> {
    const [row] = await this.primary.query('SELECT pg_current_wal_insert_lsn()::text AS lsn');
    for (const replica of this.cluster.replicas.filter(({ isRunning }) => isRunning))
      await waitFor(
        async () => {
          const sql = 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS there';
          return (await replica.query(sql, [row?.lsn]))[0]?.there === true;
        },
        { what: 'the replica to catch up' },
      );
  }

  config(options: SplitOptions = {}): string {
    const { attributes = '', split = 'on', databases = [], settings } = options;
    const servers = options.servers ?? [this.primary, ...this.cluster.replicas];
    const hosts = servers.map((each) => (options.bySocket ? each.socketDir : '127.0.0.1'));
    const ports = servers.map(({ port }) => port);
    const app = `app = host=${hosts} port=${ports} dbname=postgres read_write_split=${split}`;
    return ini(this.primary, {
      databases: [`${app} ${attributes}`, ...databases],
      settings: {
        ...{ admin_users: 'app', health_check_user: 'app', health_check_interval: '0.2' },
        ...settings,
      },
    });
  }

  /** Starts pgweir, or one that takes over from the last. */
  async start(options: SplitOptions = {}): Promise<Daemon> {
    const before = this.daemons.at(-1);
    const daemon = await startDaemon({
      config: this.config(options),
      userlist: options.userlist ?? userlist(options.names ?? ['app', 'ann']),
      ...(before === undefined ? {} : { args: ['-R'], successorOf: before }),
    });
    this.daemons.push(daemon);
    return daemon;
  }

  /** A client of the driver, `app` if nothing else is said. */
  async enter(config: ClientConfig = {}): Promise<Client> {
    const { host, port } = this.daemon;
    const client = new Client({ host, port, user: 'app', database: 'app', ...config });
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.push({ close: () => client.end().catch((error: unknown) => error) });
    return client;
  }

  async enterRaw(): Promise<{ readonly client: RawClient; readonly login: LoginResult }> {
    const { host, port } = this.daemon;
    const client = await RawClient.connect({ host, port });
    this.#clients.push({ close: () => client.destroy() });
    return { client, login: await client.login({ user: 'app', database: 'app' }) };
  }

  async admin(): Promise<Client> {
    return await this.enter({ database: 'pgweir' });
  }

  async show(what: string): Promise<readonly Shown[]> {
    const admin = await this.admin();
    const { rows } = await admin.query<Shown>(`SHOW ${what}`);
    await admin.end();
    return rows;
  }

  /** A client whose reads are known to leave the primary. */
  async reader(config: ClientConfig = {}): Promise<Client> {
    const client = await this.enter(config);
    await this.untilReadsAt(client, this.replica);
    return client;
  }

  async untilReadsAt(client: Client, { port }: Server): Promise<void> {
    await waitFor(async () => (await serverOf(client)) === port, {
      what: `a read on the server at ${port}`,
    });
  }

  /** Ends the clients of a test. */
  async leave(): Promise<void> {
    for (const client of this.#clients) await client.close();
    this.#clients = [];
  }

  /** Ends what a test, or all tests on one daemon, have begun. */
  async clear(): Promise<void> {
    await this.leave();
    for (const daemon of this.daemons.reverse()) await daemon.stop();
    this.daemons.length = 0;
  }

  async close(): Promise<void> {
    await this.cluster.stop();
  }
}

/** The port of the server that answers a read. */
export async function serverOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ port: number }>(WHO);
  const [row] = rows;
  if (row === undefined) throw new Error('no row');
  return row.port;
}

/** Writes, and reads that at once, wherever: the session has to see it. */
export async function writesAndSees(client: Client, a: number): Promise<void> {
  await client.query(`UPDATE t SET a = ${a} WHERE id = 1`);
  const { rows } = await client.query<{ a: number }>('SELECT a FROM t WHERE id = 1');
  expect(rows).toEqual([{ a }]);
}

/** The SQLSTATE with which a statement is refused; `none` where it is not. */
export async function codeOf(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

/** Until a read of this client is answered by `server`. */
export async function untilRawReadsAt(client: RawClient, { port }: Server): Promise<void> {
  await waitFor(async () => value(await client.query(WHO)) === `${port}`, {
    what: `a read on the server at ${port}`,
  });
}
