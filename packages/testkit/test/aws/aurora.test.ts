import { type Cluster, startCluster } from '../../src';
import { type AuroraMember, AuroraStandIn } from '../../src/aws/aurora';
import { makeRdsCluster, promoteInRdsCluster, resourceId } from '../../src/aws/rds-cluster';
import { waitFor } from '../../src/wait-for';

let cluster: Cluster;
let aurora: AuroraStandIn | undefined;

beforeEach(async () => {
  cluster = await startCluster({ replicas: 1, users: [{ name: 'app' }] });
});

afterEach(async () => {
  await aurora?.close();
  aurora = undefined;
  await cluster.stop();
});

const LISTED = `SELECT server_id, session_id = 'MASTER_SESSION_ID' AS writes,
  last_update_timestamp IS NULL AS is_own, replica_lag_in_msec AS lag FROM aurora_replica_status() ORDER BY 1`;

/** As somebody without privileges, at the address of the instance. */
async function asked(member: AuroraMember, sql: string): Promise<readonly unknown[]> {
  const { host, port } = member.door;
  const client = await member.server.connect({ host, port, user: 'app' });
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('each member of the Aurora tells who is there, and nothing of its log', async () => {
  aurora = await AuroraStandIn.of(cluster);
  const [writer, reader] = [aurora.member('11'), aurora.member('12')];
  await waitFor(async () => (await reader.server.query(LISTED)).length === 2, { what: 'the list' });
  expect(await asked(writer, LISTED)).toEqual([
    { server_id: '11', writes: true, is_own: true, lag: null },
    { server_id: '12', writes: false, is_own: false, lag: 3 },
  ]);
  expect(await asked(reader, LISTED)).toEqual([
    { server_id: '11', writes: true, is_own: false, lag: null },
    { server_id: '12', writes: false, is_own: true, lag: 3 },
  ]);
  await expect(asked(writer, 'SELECT pg_current_wal_flush_lsn()')).rejects.toThrow(/permission/);
  await expect(asked(reader, 'SELECT pg_last_wal_replay_lsn()')).rejects.toThrow(/permission/);
});

test('the writer is lost, another one follows, readers come and go', async () => {
  aurora = await AuroraStandIn.of(cluster);
  await aurora.writer.server.kill();
  await aurora.promote(aurora.member('12'));
  await aurora.follow(aurora.member('11'));
  const third = await aurora.addReader();
  expect(third.name).toBe('13');
  const old = aurora.member('11');
  await waitFor(async () => (await asked(old, LISTED)).length === 3, { what: 'the list' });
  expect(await asked(old, LISTED)).toMatchObject([
    { server_id: '11', writes: false, is_own: true },
    { server_id: '12', writes: true, is_own: false },
    { server_id: '13', writes: false, is_own: false },
  ]);
  await aurora.removeReader(third);
  await waitFor(async () => (await asked(old, LISTED)).length === 2, { what: 'the list' });
});

test('a Multi-AZ cluster tells its topology, and who is the source', async () => {
  await makeRdsCluster(cluster);
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('no replica');
  const topology = "SELECT * FROM rds_tools.show_topology('test') ORDER BY id";
  expect(await cluster.primary.query(topology)).toEqual([
    { id: resourceId(cluster.primary), endpoint: '127.0.0.1', port: cluster.primary.port },
    { id: resourceId(replica), endpoint: '127.0.0.1', port: replica.port },
  ]);
  const source = 'SELECT rds_tools.multi_az_db_cluster_source_dbi_resource_id() AS id';
  await waitFor(async () => (await replica.query(source))[0]?.id === resourceId(cluster.primary), {
    what: 'the source',
  });
  await cluster.primary.kill();
  await promoteInRdsCluster(replica);
  expect(await replica.query(source)).toEqual([{ id: resourceId(replica) }]);
});
