import { type Cluster, startCluster } from '@pgweir/testkit';
import { runBurst } from '../src/run-burst';

const WHO = { user: 'demo', password: 'demo', database: 'postgres' };
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    users: [
      { name: 'demo', password: 'demo', connectionLimit: 20 },
      { name: 'shut', password: 'shut', connectionLimit: 0 },
    ],
    hba: ['host all all 127.0.0.1/32 scram-sha-256'],
  });
});

afterAll(() => cluster.stop());

test('every client of every round is served where there is room', async () => {
  const { host, port } = cluster.primary;
  const rounds: number[] = [];
  const result = await runBurst({
    ...{ host, port, ...WHO, clients: 20, rounds: 2 },
    onRound: ({ round }) => rounds.push(round),
  });
  expect([...result.errors]).toEqual([]);
  expect([result.served, rounds]).toEqual([40, [1, 2]]);
  expect(result.p50Ms).toBeGreaterThan(0);
  expect(result.maxMs).toBeGreaterThanOrEqual(result.p99Ms);
});

test('clients that are refused are counted by the reason', async () => {
  const { host, port } = cluster.primary;
  const who = { user: 'shut', password: 'shut', database: 'postgres' };
  const result = await runBurst({ host, port, ...who, clients: 5, rounds: 2 });
  expect([...result.errors]).toEqual([['FATAL: too many connections for role "shut" (53300)', 10]]);
  expect(result.served).toBe(0);
});
