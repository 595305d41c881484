import { spawnSync } from 'node:child_process';
import type { Cluster } from '@pgweir/testkit';

export const USER = 'bench';
export const DATABASE = 'bench';
/** The same everywhere, so that no pooler has to change it on a link. */
export const APPLICATION_NAME = 'bench';

const SCALE = 10;
/** Rows of `pgbench_accounts`, whose key runs from 1. */
export const ACCOUNTS = SCALE * 100_000;

/** Settings of PostgreSQL for all runs: the table and its index stay in memory. */
export const SERVER_SETTINGS = {
  // Each pooler keeps its links while the others have their turn.
  max_connections: '500',
  shared_buffers: '256MB',
  autovacuum: 'off',
};

/** Makes the tables of `pgbench -i`, with that where present, otherwise the one that `-S` reads. */
export async function makeTables(cluster: Cluster, pgbench: string | undefined): Promise<void> {
  const { host, port } = cluster.primary;
  if (pgbench !== undefined) {
    const args = ['-i', '-q', '-s', String(SCALE), '-h', host, '-p', String(port), '-U', USER];
    const { status, stderr } = spawnSync(pgbench, [...args, DATABASE], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`pgbench -i failed:\n${stderr}`);
    return;
  }
  const client = await cluster.primary.connect({ user: USER, database: DATABASE });
  try {
    await client.query(`
      CREATE TABLE pgbench_accounts
        (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
      INSERT INTO pgbench_accounts
        SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, ${ACCOUNTS}) AS aid;
      ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)`);
    await client.query('VACUUM ANALYZE pgbench_accounts');
  } finally {
    await client.end();
  }
}
