import { AuroraStandIn, type Cluster, type Daemon, startCluster, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import type { Shown } from './cluster-stage';
import { pooler, type Settings } from './stage';

export interface AuroraOptions {
  readonly replicas?: number;
  /** Of the entry `app`, besides where it leads and how members are found. */
  readonly attributes?: string;
  readonly settings?: Settings;
}

/** A cluster like those of Aurora, and pgweir that knows nothing but its endpoint. */
export class AuroraStage {
  readonly cluster: Cluster;
  readonly aurora: AuroraStandIn;
  readonly daemon: Daemon;
  readonly #clients: Client[] = [];

  private constructor(cluster: Cluster, aurora: AuroraStandIn, daemon: Daemon) {
    this.cluster = cluster;
    this.aurora = aurora;
    this.daemon = daemon;
  }

  static async open(options: AuroraOptions = {}): Promise<AuroraStage> {
    const { replicas = 1, attributes = 'target_session_attrs=read-write', settings } = options;
    const cluster = await startCluster({ replicas, users: [{ name: 'app' }] });
    let aurora: AuroraStandIn | undefined;
    try {
      await cluster.primary.query('CREATE TABLE things (id int); GRANT ALL ON things TO app');
      aurora = await AuroraStandIn.of(cluster);
      const daemon = await pooler(aurora.endpoint, {
        databases: [AuroraStage.entry(aurora, attributes)],
        settings: {
          ...{ admin_users: 'app', health_check_user: 'app', health_check_interval: 0.1 },
          ...settings,
        },
      });
      return new AuroraStage(cluster, aurora, daemon);
    } catch (error) {
      await aurora?.close();
      await cluster.stop();
      throw error;
    }
  }

  static entry({ endpoint }: AuroraStandIn, attributes: string): string {
    return (
      `app = host=${endpoint.host} port=${endpoint.port} dbname=postgres topology=aurora ` +
      `instance_host_pattern=${AuroraStandIn.pattern} ${attributes}`
    );
  }

  /** A client, which is gone after the test. */
  async enter(database = 'app'): Promise<Client> {
    const { host, port } = this.daemon;
    const client = new Client({ host, port, user: 'app', database });
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  async topology(): Promise<readonly Shown[]> {
    this.#console ??= await this.enter('pgweir');
    return (await this.#console.query<Shown>('SHOW TOPOLOGY')).rows;
  }

  #console: Client | undefined;

  async order(command: string): Promise<void> {
    this.#console ??= await this.enter('pgweir');
    await this.#console.query(command);
  }

  /** Waits until these members, and no others, have these roles and are in service. */
  async untilServing(roles: Readonly<Record<string, string>>): Promise<readonly Shown[]> {
    const wanted = JSON.stringify(Object.entries(roles).sort());
    return await waitFor(
      async () => {
        const rows = await this.topology();
        const found = rows.map(({ host, role, out_of_service: why }) => [
          String(host).replace('127.0.0.', ''),
          why === null ? role : `out of service: ${String(why)}`,
        ]);
        return JSON.stringify(found.sort()) === wanted && rows;
      },
      { what: `members to be ${wanted}` },
    );
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.end().catch((error: unknown) => error);
    await this.daemon.stop();
    await this.aurora.close();
    await this.cluster.stop();
  }
}

/** For one test file's tests: nothing is left after each. */
export function auroraStage(): (options?: AuroraOptions) => Promise<AuroraStage> {
  let stage: AuroraStage | undefined;
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  });
  return async (options) => {
    stage = await AuroraStage.open(options);
    return stage;
  };
}
