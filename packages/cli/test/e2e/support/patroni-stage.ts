import {
  type Daemon,
  type PatroniCluster,
  type PatroniMember,
  startPatroni,
  waitFor,
} from '@pgweir/testkit';
import { Client } from 'pg';
import type { Shown } from './cluster-stage';
import { LEDGER_SCHEMA, LedgerLoad } from './ledger-load';
import { pooler } from './stage';

/** Between whom something is to happen, while clients work. */
export interface Scene {
  readonly leader: PatroniMember;
  readonly successor: PatroniMember;
  readonly load: LedgerLoad;
  /** It has used its connection, and hears of nothing. */
  readonly idle: Client;
}

/** A cluster that the real Patroni manages, and pgweir before it, which asks Patroni. */
export class PatroniStage {
  readonly cluster: PatroniCluster;
  readonly daemon: Daemon;
  readonly console: Client;
  #scene: Scene | undefined;

  private constructor(cluster: PatroniCluster, daemon: Daemon, console: Client) {
    this.cluster = cluster;
    this.daemon = daemon;
    this.console = console;
  }

  static async open(): Promise<PatroniStage> {
    const cluster = await startPatroni();
    try {
      await (await cluster.leader()).query(
        `CREATE ROLE app LOGIN; GRANT pg_monitor TO app; ${LEDGER_SCHEMA}`,
      );
      const { members } = cluster;
      const hosts = members.map(({ host }) => host).join(',');
      const ports = members.map(({ port }) => port).join(',');
      const urls = members.map(({ url }) => url).join(',');
      const attributes = `target_session_attrs=primary patroni=${urls}`;
      const daemon = await pooler(
        { port: 0 },
        {
          databases: [`app = host=${hosts} port=${ports} dbname=postgres ${attributes}`],
          settings: { admin_users: 'app', health_check_user: 'app' },
        },
      );
      const console = await enter(daemon, 'pgweir');
      return new PatroniStage(cluster, daemon, console);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Waits until the cluster is healthy and pgweir sees it so, and has clients begin to work. */
  async begin(): Promise<Scene> {
    await this.cluster.untilHealthy();
    const [leader, successor] = [await this.cluster.leader(), await this.cluster.successor()];
    await this.untilRoleIs(leader, 'primary');
    await this.untilRoleIs(successor, 'replica');
    await leader.query('TRUNCATE ledger');
    const load = new LedgerLoad();
    const idle = await enter(this.daemon, 'app');
    idle.on('error', (error) => load.wrong.push(`idle: ${error.message}`));
    await idle.query("SET application_name = 'idle'");
    this.#scene = { leader, successor, load, idle };
    await load.start(this.daemon.port);
    await load.untilWorked();
    return this.#scene;
  }

  /**
   * Ends the work that `begin` began. @returns what must not be; errors that clients may see when a
   * server is lost are not among it
   */
  async end({ load, idle }: Scene, primary: PatroniMember): Promise<readonly string[]> {
    this.#scene = undefined;
    await load.untilWorked();
    const { rows } = await idle.query<Shown>('SHOW application_name');
    const name = String(rows[0]?.application_name);
    await idle.end();
    const wrong = await load.stop(primary);
    return [...wrong, ...(name === 'idle' ? [] : [`the idle client's name is ${name}`])];
  }

  /** Waits until a member is in service as that. */
  async untilRoleIs({ name, port: its }: PatroniMember, role: string): Promise<void> {
    const isSo = (row: Shown): boolean => row.role === role && row.out_of_service === null;
    await this.#untilTopology(
      (rows) => rows.some((row) => row.port === its && isSo(row)),
      `${name} to be ${role}`,
    );
  }

  /** The row of SHOW TOPOLOGY for a member. */
  async lineOf(member: PatroniMember): Promise<Shown | undefined> {
    const { rows } = await this.console.query<Shown>('SHOW TOPOLOGY');
    return rows.find(({ port }) => port === member.port);
  }

  /** Waits until work waits, or does not. */
  async untilFailoverIs(state: string): Promise<void> {
    await this.#untilTopology(
      (rows) => rows.every(({ failover }) => failover === state),
      `failover to be ${state}`,
    );
  }

  /** The last row of SHOW FAILOVERS. */
  async lastFailover(): Promise<Shown | undefined> {
    return (await this.console.query<Shown>('SHOW FAILOVERS')).rows.at(-1);
  }

  /** Ends what a test that failed has left. */
  async abandon(): Promise<void> {
    const scene = this.#scene;
    this.#scene = undefined;
    if (scene === undefined) return;
    await scene.load.stop(scene.leader).catch((error: unknown) => error);
    await scene.idle.end().catch((error: unknown) => error);
  }

  async #untilTopology(isSo: (rows: readonly Shown[]) => boolean, what: string): Promise<void> {
    await waitFor(async () => isSo((await this.console.query<Shown>('SHOW TOPOLOGY')).rows), {
      ...{ what, deadlineMs: 40_000, everyMs: 20 },
    });
  }

  async close(): Promise<void> {
    await this.console.end();
    await this.daemon.stop();
    await this.cluster.stop();
  }
}

async function enter({ host, port }: Daemon, database: string): Promise<Client> {
  const client = new Client({ host, port, user: 'app', database });
  await client.connect();
  return client;
}
