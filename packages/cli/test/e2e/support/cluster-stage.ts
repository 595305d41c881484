import { type Cluster, type Daemon, startCluster, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import { type PoolerOptions, pooler } from './stage';

/** A row of SHOW by the names of its columns; numbers of eight bytes are texts. */
export type Shown = Readonly<Record<string, unknown>>;

/** A primary with a replica, and pgweir before them, which follows who is what. */
export class ClusterStage {
  readonly cluster: Cluster;
  readonly daemon: Daemon;
  readonly admin: Client;

  private constructor(cluster: Cluster, daemon: Daemon, admin: Client) {
    this.cluster = cluster;
    this.daemon = daemon;
    this.admin = admin;
  }

  /** `attributes`: of the entry `app`, besides its servers. */
  static async open(attributes: string, options: PoolerOptions = {}): Promise<ClusterStage> {
    const cluster = await startCluster({
      replicas: 1,
      users: [{ name: 'app' }, { name: 'watcher' }],
      settings: { wal_receiver_status_interval: '1s', synchronous_commit: 'on' },
    });
    try {
      const daemon = await pooler(cluster.primary, {
        ...options,
        databases: [entryOf(cluster, 'app', attributes)],
        names: ['app', 'watcher'],
        settings: { admin_users: 'app', health_check_user: 'app', ...options.settings },
      });
      const { host, port } = daemon;
      const admin = new Client({ host, port, user: 'app', database: 'pgweir' });
      await admin.connect();
      return new ClusterStage(cluster, daemon, admin);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  async show(what: string): Promise<readonly Shown[]> {
    return (await this.admin.query<Shown>(`SHOW ${what}`)).rows;
  }

  /** @returns the error; undefined: it was carried out */
  async order(command: string): Promise<string | undefined> {
    try {
      await this.admin.query(command);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** The row of SHOW TOPOLOGY for the server on this port. */
  async server(port: number): Promise<Shown> {
    const row = (await this.show('TOPOLOGY')).find((each) => each.port === port);
    if (row === undefined) throw new Error(`SHOW TOPOLOGY has no port ${port}`);
    return row;
  }

  /** Waits until SHOW TOPOLOGY says this of the server on this port. */
  async until(port: number, holds: (row: Shown) => boolean, what: string): Promise<Shown> {
    return await waitFor(
      async () => {
        const row = await this.server(port);
        return holds(row) && row;
      },
      { what },
    );
  }

  async close(): Promise<void> {
    await this.admin.end();
    await this.daemon.stop();
    await this.cluster.stop();
  }
}

/** A line of `[databases]` that names all servers of `cluster`. */
export function entryOf({ primary, replicas }: Cluster, name: string, attributes: string): string {
  const servers = [primary, ...replicas];
  const hosts = servers.map(() => '127.0.0.1').join(',');
  const ports = servers.map(({ port }) => port).join(',');
  return `${name} = host=${hosts} port=${ports} dbname=postgres ${attributes}`;
}
