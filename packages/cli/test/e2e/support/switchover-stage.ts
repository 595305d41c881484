import {
  type Cluster,
  type Daemon,
  type DemotionAsk,
  DemotionDesk,
  type Server,
  serverOn,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { Client } from 'pg';
import { entryOf, type Shown } from './cluster-stage';
import { LEDGER_SCHEMA, LedgerLoad } from './ledger-load';
import { pooler, type Settings } from './stage';

export interface SwitchoverOptions {
  /** What the demote command does. Default: stops the primary in order, and makes a replica of it. */
  readonly demote?: (ask: DemotionAsk, cluster: Cluster) => Promise<void>;
  /** `[pgbouncer]` has none. */
  readonly hasNoCommand?: boolean;
  readonly settings?: Settings;
  /** Of every entry, besides its servers and its role. */
  readonly attributes?: (cluster: Cluster) => Promise<string>;
}

/** Stops the primary in order, and starts it as a replica of the target. */
async function demoteToReplica(ask: DemotionAsk, cluster: Cluster): Promise<void> {
  const primary = serverOn(cluster, ask.PRIMARY_PORT);
  await cluster.demote(primary, serverOn(cluster, ask.TARGET_PORT));
  await primary.start();
}

/**
 * A primary with a replica, whose roles three entries follow (`app` for the primary, `any`, `report` for
 * standbys), and a demote command.
 */
export class SwitchoverStage {
  readonly cluster: Cluster;
  readonly daemon: Daemon;
  readonly desk: DemotionDesk;
  readonly load = new LedgerLoad();
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(cluster: Cluster, daemon: Daemon, desk: DemotionDesk) {
    this.cluster = cluster;
    this.daemon = daemon;
    this.desk = desk;
  }

  static async open(options: SwitchoverOptions = {}): Promise<SwitchoverStage> {
    const cluster = await startCluster({ replicas: 1, users: [{ name: 'app' }] });
    const { demote = demoteToReplica } = options;
    const desk = await DemotionDesk.open(cluster, (ask) => demote(ask, cluster));
    try {
      await cluster.primary.query(`
        ${LEDGER_SCHEMA};
        GRANT EXECUTE ON FUNCTION pg_promote TO app;
        GRANT pg_monitor TO app`);
      const attributes = (await options.attributes?.(cluster)) ?? '';
      const roles = { app: 'primary', any: 'any', report: 'standby' };
      const daemon = await pooler(cluster.primary, {
        databases: Object.entries(roles).map(([name, role]) =>
          entryOf(cluster, name, `target_session_attrs=${role} ${attributes}`),
        ),
        settings: {
          ...{ admin_users: 'app', health_check_user: 'app', health_check_interval: 0.1 },
          ...(options.hasNoCommand === true ? {} : { demote_command: desk.command }),
          ...options.settings,
        },
      });
      const stage = new SwitchoverStage(cluster, daemon, desk);
      await stage.untilKnown();
      return stage;
    } catch (error) {
      await desk.close();
      await cluster.stop();
      throw error;
    }
  }

  get target(): Server {
    const [replica] = this.cluster.replicas;
    if (replica === undefined) throw new Error('the replica is missing');
    return replica;
  }

  /** A client of a database, which is gone at the end. */
  async client(database: string): Promise<Client> {
    const { host, port } = this.daemon;
    const client = new Client({ host, port, user: 'app', database });
    client.on('error', (error) => this.load.wrong.push(`${database}: ${error.message}`));
    await client.connect();
    this.#closing.push(() => client.end());
    return client;
  }

  /** @returns the error; undefined: the target is primary */
  async switchOver(to: Pick<Server, 'port'> = this.target): Promise<string | undefined> {
    const console = await this.client('pgweir');
    try {
      await console.query(`SWITCHOVER app TO 127.0.0.1:${to.port}`);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Of SHOW FAILOVERS, what was planned. */
  async planned(): Promise<readonly Shown[]> {
    const { rows } = await (await this.client('pgweir')).query<Shown>('SHOW FAILOVERS');
    return rows.filter(({ planned }) => planned === 1);
  }

  /** Waits until somebody has been told to wait, or nobody is. */
  async untilFailoverIs(state: string): Promise<void> {
    const console = await this.client('pgweir');
    await waitFor(
      async () => {
        const { rows } = await console.query<Shown>('SHOW TOPOLOGY');
        return rows.every(({ failover }) => failover === state);
      },
      { what: `failover to be ${state}` },
    );
  }

  /** Waits until both servers are in service. */
  async untilKnown(): Promise<void> {
    const console = await this.client('pgweir');
    await waitFor(
      async () => {
        const { rows } = await console.query<Shown>('SHOW TOPOLOGY');
        const inService = rows.filter(({ out_of_service }) => out_of_service === null);
        return ['primary', 'replica'].every((role) => inService.some((row) => row.role === role));
      },
      { what: 'both servers to be in service', deadlineMs: 20_000 },
    );
  }

  /** Applications that write to and read from the primary without an end. */
  async startLoad(count = 6): Promise<void> {
    await this.load.start(this.daemon.port, count);
  }

  /** Waits until entries have been made since. */
  async untilWorked(): Promise<void> {
    await this.load.untilWorked();
  }

  /** Ends the load. @returns everything that any of them has seen and should not, one line each */
  async stopLoad(primary: Server): Promise<readonly string[]> {
    const wrong = await this.load.stop(primary);
    return [...wrong, ...this.load.errors];
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
    await this.daemon.stop();
    await this.desk.close();
    await this.cluster.stop();
  }
}

/** The port of the server that it works on. */
export async function whereIs(client: Client): Promise<number> {
  const { rows } = await client.query<{ port: number }>(
    "SELECT current_setting('port')::int AS port",
  );
  return rows[0]?.port ?? 0;
}
