import {
  type Cluster,
  type Daemon,
  type DemotionAsk,
  DemotionDesk,
  LEDGER_STYLES,
  Ledger,
  LedgerClient,
  Random,
  type RunningEtcd,
  type Server,
  serverOn,
  startCluster,
  startDaemon,
  startEtcd,
  waitFor,
} from '@pgweir/testkit';
import { Client } from 'pg';
import { entryOf, type Shown } from './cluster-stage';
import { pooler, type Settings, userlist } from './stage';

export interface PromotionOptions {
  readonly replicas?: number;
  readonly settings?: Settings;
  /** Default: a file beside the servers. */
  readonly lease?: 'file' | 'etcd';
  /** What fence_command does. Default: kills the server, if it runs. */
  readonly fence?: (ask: DemotionAsk, cluster: Cluster) => Promise<void>;
}

async function kill(ask: DemotionAsk, cluster: Cluster): Promise<void> {
  await serverOn(cluster, ask.PRIMARY_PORT).kill();
}

/** A primary whose commits wait for a replica, and pgweir that promotes. */
export class PromotionStage {
  readonly cluster: Cluster;
  readonly desk: DemotionDesk;
  readonly daemons: Daemon[] = [];
  readonly ledger = new Ledger();
  /** What must not be. */
  readonly wrong: string[] = [];
  fence: (ask: DemotionAsk, cluster: Cluster) => Promise<void>;
  readonly #etcd: RunningEtcd | undefined;
  readonly #settings: Settings;
  readonly #working: LedgerClient[] = [];
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(parts: {
    readonly cluster: Cluster;
    readonly desk: DemotionDesk;
    readonly etcd: RunningEtcd | undefined;
    readonly options: PromotionOptions;
  }) {
    const { cluster, desk, etcd, options } = parts;
    this.cluster = cluster;
    this.desk = desk;
    this.#etcd = etcd;
    this.fence = options.fence ?? kill;
    const lease = etcd === undefined ? `file:${cluster.dir}/lease` : `etcd://${etcd.address}/weir`;
    this.#settings = {
      ...{ admin_users: 'app', health_check_user: 'app', failover_mode: 'promote' },
      ...{ fence_command: desk.command, promoter_lease: lease, failover_after: 0.5 },
      ...{ health_check_interval: 0.1 },
      ...options.settings,
    };
  }

  static async open(options: PromotionOptions = {}): Promise<PromotionStage> {
    const cluster = await startCluster({
      replicas: options.replicas ?? 1,
      users: [{ name: 'app' }],
      settings: { synchronous_commit: 'on', wal_retrieve_retry_interval: '100ms' },
    });
    const made: { stage?: PromotionStage } = {};
    const desk = await DemotionDesk.open(cluster, async (ask) => {
      await made.stage?.fence(ask, cluster);
    });
    const etcd = options.lease === 'etcd' ? await startEtcd() : undefined;
    const stage = new PromotionStage({ cluster, desk, etcd, options });
    made.stage = stage;
    try {
      await cluster.primary.query(`
        CREATE TABLE ledger (entry text NOT NULL);
        CREATE TABLE things (id int PRIMARY KEY, worth int NOT NULL);
        INSERT INTO things SELECT n, n * 2 FROM generate_series(1, 100) AS n;
        GRANT ALL ON ledger, things TO app;
        GRANT EXECUTE ON FUNCTION pg_promote TO app;
        GRANT pg_monitor TO app`);
      // Only of this one: whoever is promoted has nobody to wait for.
      await cluster.primary.configure({ synchronous_standby_names: '*' });
      await stage.start();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get daemon(): Daemon {
    const [daemon] = this.daemons;
    if (daemon === undefined) throw new Error('no daemon was started');
    return daemon;
  }

  replica(at = 0): Server {
    const replica = this.cluster.replicas[at];
    if (replica === undefined) throw new Error('the replica is missing');
    return replica;
  }

  /** One more pgweir for the same servers, which knows them when this resolves. */
  async start(settings: Settings = {}): Promise<Daemon> {
    const daemon = await pooler(this.cluster.primary, {
      databases: [entryOf(this.cluster, 'app', 'target_session_attrs=primary')],
      settings: { ...this.#settings, ...settings },
    });
    this.daemons.push(daemon);
    await this.untilKnown(daemon);
    return daemon;
  }

  /** Another process takes over from the one that was started first. */
  async takeOver(): Promise<Daemon> {
    const before = this.daemon;
    const daemon = await startDaemon({
      config: before.configText(),
      userlist: userlist(['app']),
      args: ['-R'],
      successorOf: before,
    });
    this.daemons.push(daemon);
    return daemon;
  }

  /** Waits until all servers are in service. */
  async untilKnown(daemon: Daemon): Promise<void> {
    await this.until(
      'all servers to be in service',
      (rows) => rows.every(({ out_of_service }) => out_of_service === null),
      daemon,
    );
  }

  /** A client, which is gone at the end. */
  async client(database = 'app', { host, port } = this.daemon): Promise<Client> {
    const client = new Client({ host, port, user: 'app', database });
    client.on('error', () => undefined);
    await client.connect();
    this.#closing.push(() => client.end());
    return client;
  }

  async show(what: string, daemon = this.daemon): Promise<readonly Shown[]> {
    const { host, port } = daemon;
    const client = new Client({ host, port, user: 'app', database: 'pgweir' });
    await client.connect();
    try {
      return (await client.query<Shown>(`SHOW ${what}`)).rows;
    } finally {
      await client.end();
    }
  }

  /** Waits until SHOW TOPOLOGY says this. */
  async until(
    what: string,
    holds: (rows: readonly Shown[]) => boolean,
    daemon = this.daemon,
  ): Promise<readonly Shown[]> {
    return await waitFor(
      async () => {
        const rows = await this.show('TOPOLOGY', daemon);
        return rows.length > 0 && holds(rows) && rows;
      },
      { what, deadlineMs: 25_000, everyMs: 50 },
    );
  }

  async untilPrimary({ port }: Server, daemon = this.daemon): Promise<void> {
    const isIt = (rows: readonly Shown[]) =>
      rows.some((row) => row.port === port && row.role === 'primary');
    await this.until(`the server on ${port} to be primary`, isIt, daemon);
  }

  /** Applications that write and read without an end. */
  async startLoad(count = 6): Promise<void> {
    for (let at = 0; at < count; at++) {
      const style = LEDGER_STYLES[at % LEDGER_STYLES.length] ?? 'simple';
      const client = new LedgerClient({
        ...{ port: this.daemon.port, name: `${style}${at}`, style, ledger: this.ledger },
        ...{ random: new Random(at + 1), answered: () => undefined },
        wrong: (what) => void this.wrong.push(what),
      });
      await client.start();
      this.#working.push(client);
    }
  }

  /** Waits until entries have been made since. */
  async untilWorked(): Promise<void> {
    const before = this.ledger.count('committed');
    await waitFor(() => this.ledger.count('committed') > before + 50, {
      ...{ what: 'work to be done', deadlineMs: 25_000 },
    });
  }

  /** Ends the load. @returns everything that was seen, or is not there, and should not be so */
  async stopLoad(primary: Server): Promise<readonly string[]> {
    await Promise.all(this.#working.map((client) => client.stop()));
    const rows = await primary.query(
      'SELECT entry, count(*)::int AS count FROM ledger GROUP BY entry',
    );
    const found = new Map(rows.map(({ entry, count }) => [String(entry), Number(count)]));
    return [...this.wrong, ...this.ledger.judge(found)];
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
    for (const daemon of this.daemons.toReversed()) await daemon.stop();
    await this.desk.close();
    await this.#etcd?.stop();
    await this.cluster.stop();
  }
}
