import type { Cluster } from '../cluster';
import { waitFor } from '../wait-for';

/** Waits until all replicas have what the primary has now. */
export async function untilReplayed({ primary, replicas }: Cluster): Promise<void> {
  const [row] = await primary.query('SELECT pg_current_wal_lsn()::text AS lsn');
  const asked = `SELECT pg_last_wal_replay_lsn() >= '${String(row?.lsn)}'::pg_lsn AS has`;
  for (const replica of replicas) {
    const hasIt = async () => (await replica.query(asked))[0]?.has === true;
    await waitFor(hasIt, { what: `${replica.name} to replay what the primary has` });
  }
}
