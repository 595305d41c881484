import { type Server, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import { ClusterStage } from './cluster-stage';
import type { Settings } from './stage';

export interface RolesStage {
  /** A cluster with two tables that everybody may use, and pgweir that knows who is primary. */
  open(attributes: string, settings?: Settings): Promise<ClusterStage>;
  /** A client, which is gone after the test. */
  enter(on: ClusterStage, database?: string): Promise<Client>;
}

/** For one test file's tests: nothing is left after each. */
export function rolesStage(): RolesStage {
  let stage: ClusterStage | undefined;
  let clients: Client[] = [];
  afterEach(async () => {
    for (const client of clients) await client.end().catch((error: unknown) => error);
    clients = [];
    await stage?.close();
    stage = undefined;
  });
  return {
    open: async (attributes, settings = {}) => {
      stage = await ClusterStage.open(attributes, {
        settings: { health_check_interval: 0.1, ...settings },
      });
      const { primary } = stage.cluster;
      await primary.query('CREATE TABLE things (id int); CREATE TABLE others (id int)');
      await primary.query('GRANT ALL ON things, others TO app');
      await stage.until(primary.port, ({ role }) => role === 'primary', 'the primary to be known');
      const replica = replicaOf(stage);
      await stage.until(replica.port, ({ role }) => role === 'replica', 'the replica to be known');
      return stage;
    },
    enter: async ({ daemon }, database = 'app') => {
      const { host, port } = daemon;
      const client = new Client({ host, port, user: 'app', database });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
  };
}

export function replicaOf({ cluster }: ClusterStage): Server {
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('no replica');
  return replica;
}

/** The value that comes back, or the error's code. With `values`: by the extended protocol. */
export async function said(
  client: Client,
  sql: string,
  values?: readonly unknown[],
): Promise<unknown> {
  try {
    const { rows, command } = await client.query<Record<string, unknown>>(
      sql,
      values && [...values],
    );
    return Object.values(rows[0] ?? { command })[0];
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** Waits until the catalog has said that statements like those before are reads. */
export async function untilProven({ cluster }: ClusterStage): Promise<void> {
  const asked =
    "SELECT FROM pg_stat_activity WHERE query LIKE 'SET LOCAL search_path TO pg_cat%' AND state = 'idle'";
  await waitFor(async () => (await cluster.primary.query(asked)).length > 0, {
    what: 'the catalog to answer',
  });
}

export const IN_RECOVERY = 'SELECT pg_is_in_recovery()';
