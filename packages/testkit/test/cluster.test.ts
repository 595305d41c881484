import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

test('a killed server loses its connections, and starts again on its port', async () => {
  cluster = await startCluster({ durable: true });
  const { primary } = cluster;
  const client = await primary.connect();
  await client.query('CREATE TABLE t AS SELECT 1 AS n');
  const { port } = primary;
  const sleeping = client.query('SELECT pg_sleep(60)');
  const pids = primary.processes();
  await Promise.all([expect(sleeping).rejects.toThrow(), primary.kill()]);
  expect(pids.filter(isAlive)).toEqual([]);
  await primary.start();
  expect(primary.port).toBe(port);
  expect(await primary.query('SELECT n FROM t')).toEqual([{ n: 1 }]);
});

test('the other replica follows the one that was promoted', async () => {
  cluster = await startCluster({ replicas: 2 });
  const [next, other] = cluster.replicas;
  if (next === undefined || other === undefined) throw new Error('two replicas are missing');
  await cluster.primary.query('CREATE TABLE t AS SELECT 1 AS a');
  const [lsn] = await cluster.primary.query('SELECT pg_current_wal_insert_lsn()::text AS at');
  for (const replica of [next, other]) {
    const hasAll = 'SELECT FROM (SELECT) AS one WHERE pg_last_wal_replay_lsn() >= $1::pg_lsn';
    await waitFor(async () => (await replica.query(hasAll, [lsn?.at])).length === 1, {
      what: 'the table to arrive',
    });
  }
  await cluster.primary.kill();
  await next.promote();
  await cluster.follow(other, next);
  await next.query('INSERT INTO t VALUES (2)');
  await waitFor(async () => (await other.query('SELECT FROM t')).length === 2, {
    what: 'what the promoted one has written',
  });
});

test('an old primary rejoins as a replica of the new one', async () => {
  cluster = await startCluster({ replicas: 1 });
  const { primary: old, replicas } = cluster;
  const [next] = replicas;
  if (next === undefined) throw new Error('no replica');
  await old.kill();
  await next.promote();
  await next.query('CREATE TABLE t AS SELECT 2 AS n');
  await cluster.rejoin(old, next);
  const seen = await waitFor(async () => (await old.query('SELECT n FROM t'))[0], { what: 'n' });
  expect(seen).toEqual({ n: 2 });
});

test('settings and rules change while the server runs', async () => {
  cluster = await startCluster({ users: [{ name: 'ann', password: 'one' }] });
  const { primary } = cluster;
  await primary.configure({ work_mem: '5MB' });
  expect(await primary.query('SHOW work_mem')).toEqual([{ work_mem: '5MB' }]);
  await primary.setHba(['host all all 127.0.0.1/32 reject']);
  await expect(primary.connect({ user: 'ann' })).rejects.toMatchObject({ code: '28000' });
});

test('a cluster on disk that keeps no cache starts too', async () => {
  cluster = await startCluster({ storage: 'disk', keepCache: false });
  expect(await cluster.primary.query('SHOW fsync')).toEqual([{ fsync: 'off' }]);
  expect(cluster.dir.startsWith(tmpdir())).toBe(true);
});

test('a port that is taken is named', async () => {
  cluster = await startCluster();
  const { port } = cluster.primary;
  await expect(startCluster({ port })).rejects.toThrow(`port ${port} of 127.0.0.1 is taken`);
});
