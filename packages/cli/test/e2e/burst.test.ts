import { type Cluster, type Daemon, startCluster } from '@pgweir/testkit';
import { runBurst } from '../../../demo/src/run-burst';
import { LOG_WITH_SQLSTATE, overruns, pooler } from './support/stage';

const WHO = { user: 'app', clients: 1000 };
let cluster: Cluster;
let daemon: Daemon;

beforeAll(async () => {
  cluster = await startCluster({
    settings: { max_connections: '60', ...LOG_WITH_SQLSTATE },
    users: [{ name: 'app', connectionLimit: 50 }],
  });
  daemon = await pooler(cluster.primary, { settings: { default_pool_size: 50 } });
});

afterAll(async () => {
  await daemon.stop();
  await cluster.stop();
});

test('1,000 clients at once are served over 50 connections, three times over, without an error', async () => {
  const { host, port } = daemon;
  const result = await runBurst({ ...WHO, host, port, database: 'app', rounds: 3 });
  expect([...result.errors]).toEqual([]);
  expect(result.served).toBe(3000);
  expect(await overruns(cluster)).toEqual([]);
}, 60_000);

test('the same burst without the pooler fails', async () => {
  const { host, port } = cluster.primary;
  const result = await runBurst({ ...WHO, host, port, database: 'postgres', rounds: 1 });
  const texts = [...result.errors.keys()].filter((text) => text.includes('(53300)'));
  expect(texts).not.toEqual([]);
  expect(result.served).toBeLessThan(1000);
  expect(await overruns(cluster)).not.toEqual([]);
}, 60_000);
