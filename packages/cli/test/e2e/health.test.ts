import { waitFor } from '@pgweir/testkit';
import { ClusterStage, type Shown } from './support/cluster-stage';
import { ask, enter, errorIn, untilError } from './support/stage';

let stage: ClusterStage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(
  attributes = 'target_session_attrs=primary',
  settings: Readonly<Record<string, string | number>> = {},
): Promise<ClusterStage> {
  stage = await ClusterStage.open(attributes, { settings });
  return stage;
}

/** Both servers, known. */
async function known(on: ClusterStage): Promise<{ primary: number; replica: number }> {
  const primary = on.cluster.primary.port;
  const replica = on.cluster.replicas[0]?.port ?? 0;
  await on.until(primary, ({ role }) => role === 'primary', 'the primary to be known');
  await on.until(replica, ({ role }) => role === 'replica', 'the replica to be known');
  return { primary, replica };
}

test('SHOW TOPOLOGY tells what each server is', async () => {
  const on = await open();
  const { primary, replica } = await known(on);
  expect(await on.server(primary)).toMatchObject({
    ...{ database: 'app', host: '127.0.0.1', health: 'up', out_of_service: null, timeline: 1 },
    ...{ failover: 'steady', alarm: null, receive_lsn: null },
  });
  const below = await on.until(replica, (row) => row.lag_bytes === '0', 'the replica to catch up');
  expect(below).toMatchObject({ health: 'up', flush_lsn: null, lag_ms: '0' });
  expect(Number(below.max_connections)).toBeGreaterThan(Number(below.connections));
});

test('health_check_interval is how often servers are asked', async () => {
  const on = await open(undefined, { health_check_interval: 600 });
  const { primary } = await known(on);
  const old = (row: Shown) => Number(row.probe_age_ms) > 1500;
  expect(await on.until(primary, old, 'an answer to grow old')).toMatchObject({ health: 'up' });
});

test.each([1, 2])('what traffic meets is looked at at once, with %d workers', async (workers) => {
  const on = await open('target_session_attrs=read-write', {
    ...{ health_check_interval: 600, workers },
  });
  const { primary, replica } = await known(on);
  const isOld = ({ probe_age_ms: age }: Shown) => Number(age) > 1000;
  await on.until(primary, isOld, 'nobody to ask any more');
  const client = await enter(on.daemon);
  await on.cluster.primary.configure({ default_transaction_read_only: 'on' });
  await waitFor(async () => errorIn(await client.query('CREATE TABLE a (id int)'))?.C === '25006', {
    what: 'a write to be refused',
  });
  await on.until(primary, ({ alarm }) => alarm !== null, 'the alarm');
  client.destroy();
  await on.cluster.primary.kill();
  await on.until(primary, ({ health }) => health === 'down', 'the primary to be down');
  await on.cluster.replicas[0]?.promote();
  await on.until(replica, ({ role }) => role === 'primary', 'the replica to be primary');
});

test('health_check_timeout is how long an answer may take; then the server is down', async () => {
  const on = await open(undefined, { health_check_interval: 0.05, health_check_timeout: 0.2 });
  const { replica } = await known(on);
  on.cluster.replicas[0]?.freeze();
  const row = await on.until(replica, ({ health }) => health === 'down', 'it to be down');
  expect(row.out_of_service).toMatch(/^down: /);
  on.cluster.replicas[0]?.thaw();
  await on.until(
    replica,
    ({ health, role }) => health === 'up' && role === 'replica',
    'it to be back',
  );
});

test('an answer may take as long as health_check_timeout', async () => {
  const on = await open(undefined, { health_check_interval: 0.05, health_check_timeout: 60 });
  const { replica } = await known(on);
  on.cluster.replicas[0]?.freeze();
  const waits = (row: Shown) => Number(row.probe_age_ms) > 2500;
  const row = await on.until(replica, waits, 'an answer to be long due');
  expect(row).toMatchObject({ health: 'up', out_of_service: null });
  on.cluster.replicas[0]?.thaw();
});

test('health_check_user asks, in health_check_dbname', async () => {
  const on = await open(undefined, {
    health_check_user: 'watcher',
    health_check_dbname: 'template1',
  });
  await known(on);
  const seen = await on.cluster.primary.query(
    "SELECT DISTINCT usename, datname FROM pg_stat_activity WHERE application_name = 'pgweir health'",
  );
  expect(seen).toEqual([{ usename: 'watcher', datname: 'template1' }]);
});

test('the connections of health checks count: max_db_connections is never passed', async () => {
  const on = await open('target_session_attrs=primary max_db_connections=3', {
    query_wait_timeout: 1,
  });
  await known(on);
  const [one, other] = [await enter(on.daemon), await enter(on.daemon)];
  expect(await ask(one, "BEGIN; SELECT 'has the only link that is left'")).toMatch(/only link/);
  const refused = other.query('SELECT 1').catch((error: unknown) => String(error));
  expect(await untilError(other)).toMatch(/^FATAL 53300 /);
  await refused;
  const counted = await on.cluster.primary.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'app'",
  );
  // The other one of health checks is at the replica.
  expect(counted).toEqual([{ count: 2 }]);
  for (const client of [one, other]) client.destroy();
});

test('BAN takes a server out of service and UNBAN lets it back', async () => {
  const on = await open();
  const { replica } = await known(on);
  expect(await on.order(`BAN 127.0.0.1:${replica}`)).toBeUndefined();
  expect((await on.server(replica)).out_of_service).toBe('banned by an operator');
  expect(await on.order(`BAN 127.0.0.1:${replica}`)).toMatch(/is banned already/);
  expect(await on.order(`UNBAN "127.0.0.1:${replica}"`)).toBeUndefined();
  await on.until(replica, (row) => row.out_of_service === null, 'it to be back in service');
  expect(await on.order('BAN nowhere')).toBe(
    'no database that follows roles has a server "nowhere"',
  );
  expect(await on.order('BAN')).toBe('a host is required');
});

test('a reload can name other servers, and have them followed or not', async () => {
  const on = await open();
  await known(on);
  const { primary } = on.cluster;
  const plain = `app = host=127.0.0.1 port=${primary.port} dbname=postgres`;
  await on.daemon.reload(on.daemon.configText().replace(/^app = .*$/m, plain));
  expect(await on.show('TOPOLOGY')).toEqual([]);
  await waitFor(
    async () => {
      const rows = await primary.query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'pgweir health'",
      );
      return rows.length === 0;
    },
    { what: 'health checks to end' },
  );
});
