import { existsSync } from 'node:fs';
import { availableMajors, type Cluster, isAlive, startCluster, waitFor } from '@pgweir/testkit';

let cluster: Cluster | undefined;

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

test.each(availableMajors())('PostgreSQL %i starts and says its version', async (major) => {
  cluster = await startCluster({ major });
  const [row] = await cluster.primary.query('SHOW server_version_num');
  expect(Math.floor(Number(row?.server_version_num) / 10_000)).toBe(major);
});

test.each(availableMajors())(
  'a replica of PostgreSQL %i follows and is promoted',
  async (major) => {
    cluster = await startCluster({ major, replicas: 1 });
    const [replica] = cluster.replicas;
    if (replica === undefined) throw new Error('no replica');
    await cluster.primary.query('CREATE TABLE t (n int); INSERT INTO t VALUES (7)');
    const seen = await waitFor(async () => (await replica.query('SELECT n FROM t'))[0], {
      what: 'the row on the replica',
    });
    expect(seen).toEqual({ n: 7 });
    await expect(replica.query('INSERT INTO t VALUES (8)')).rejects.toMatchObject({
      code: '25006',
    });
    await replica.promote();
    await expect(replica.query('INSERT INTO t VALUES (8)')).resolves.toEqual([]);
  },
);

test('stop ends every process and removes the folder', async () => {
  cluster = await startCluster({ replicas: 1 });
  const servers = [cluster.primary, ...cluster.replicas];
  const pids = servers.flatMap((server) => server.processes());
  expect(pids.length).toBeGreaterThan(8);
  await cluster.stop();
  expect(pids.filter(isAlive)).toEqual([]);
  expect(existsSync(cluster.dir)).toBe(false);
});
