import type { Cluster } from '@pgweir/testkit';
import { startCluster } from '@pgweir/testkit';
import { playBursts } from '../../src/load/own-burst';
import { playChurn } from '../../src/load/own-churn';
import { playCopies } from '../../src/load/own-copy';
import { playQueries } from '../../src/load/own-queries';
import type { Target } from '../../src/load/target';
import { DATABASE, PASSWORD, SCRAM_USER, USER } from '../../src/postgres/names';
import { countRefusals } from '../../src/postgres/refused';
import { linksGone, makeRoles, makeScramSecret, roleOf } from '../../src/postgres/roles';
import { CLUSTER } from '../../src/postgres/settings';
import { COPY_BYTES, makeTables } from '../../src/postgres/tables';

const SECONDS = 0.05;
let cluster: Cluster;
let target: Target;

beforeAll(async () => {
  cluster = await startCluster(CLUSTER);
  await makeTables(cluster.primary, undefined);
  await makeScramSecret(cluster.primary);
  const { host, port } = cluster.primary;
  target = { host, port, database: DATABASE, user: USER, tls: false, loginsPerSecond: 100 };
}, 60_000);

afterAll(() => cluster?.stop());

test.each([
  ['select', 'simple'],
  ['select', 'extended'],
  ['select', 'prepared'],
  ['write', 'simple'],
  ['large', 'simple'],
  ['sleep', 'simple'],
] as const)('clients run the script %s in mode %s', async (script, mode) => {
  const order = { target, script, mode, clients: 2, seconds: SECONDS, allLatencies: true };
  const report = await playQueries(order);
  expect(report.count).toBeGreaterThanOrEqual(2);
  expect(report.latencies.reduce((sum, [, count]) => sum + count, 0)).toBe(report.count);
});

test.each([false, true])('clients come and go with a password, TLS %s', async (tls) => {
  const door = { ...target, user: SCRAM_USER, password: PASSWORD, tls };
  const report = await playChurn({ target: door, clients: 2, seconds: SECONDS });
  expect(report.count).toBeGreaterThanOrEqual(2);
});

test('all clients of a burst are served', async () => {
  const report = await playBursts({ target, clients: 20, seconds: SECONDS });
  expect(report.count % 20).toBe(0);
  expect(report.count).toBeGreaterThan(0);
});

test.each(['in', 'out'] as const)('a COPY %s counts megabytes', async (direction) => {
  const order = { target, direction, bytes: COPY_BYTES, seconds: 0 };
  expect((await playCopies(order)).count).toBe(COPY_BYTES / 1e6);
});

test('an error ends the load with its text', async () => {
  const order = { target: { ...target, database: 'nowhere' }, clients: 1, seconds: SECONDS };
  await expect(playBursts(order)).rejects.toThrow(/"nowhere" does not exist/);
});

test('PostgreSQL itself counts a link above the cap', async () => {
  const { primary } = cluster;
  await makeRoles(primary, 'Some one', { transaction: 1, session: 1, burst: 1, scram: 1 });
  const user = roleOf('Some one', 'burst');
  const client = await primary.connect({ user, database: DATABASE });
  await expect(primary.connect({ user, database: DATABASE })).rejects.toMatchObject({
    code: '53300',
  });
  await client.end();
  await linksGone(primary, 'Some one');
  expect(countRefusals(await primary.log()).byRole).toEqual({ [user]: 1 });
});
