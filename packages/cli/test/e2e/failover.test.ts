import { failoverRounds, waitFor } from '@pgweir/testkit';
import { IN_RECOVERY, replicaOf, rolesStage, said, untilProven } from './support/roles-stage';
import './support/all-loaded';

const { open, enter } = rolesStage();

/** Trouble comes soon, and is found out soon. */
const SOON = { promotedWithinMs: 1_000, workMs: 250, extraLines: ['health_check_interval = 0.1'] };

test.concurrent('the primary is lost again and again under load: no commit is lost or doubled, no idle client hears of it', async () => {
  const report = await failoverRounds({ rounds: 3, seed: 7, ...SOON });
  expect(report.wrong).toEqual([]);
  expect(report.rounds).toHaveLength(3);
  expect(report.committed).toBeGreaterThan(100);
}, 120_000);

test.concurrent('the same in session mode, where each client has a connection to itself', async () => {
  const report = await failoverRounds({
    ...{ rounds: 2, seed: 8, clients: 8, poolMode: 'session' },
    ...SOON,
  });
  expect(report.wrong).toEqual([]);
  expect(report.rounds).toHaveLength(2);
  expect(report.committed).toBeGreaterThan(100);
}, 120_000);

test('session mode: what cannot be made again on another server is told, the rest is there', async () => {
  const on = await open('target_session_attrs=primary pool_mode=session');
  const [plain, numbers, temporary] = [await enter(on), await enter(on), await enter(on)];
  await plain.query("SET application_name = 'plain'");
  await plain.query('PREPARE three AS SELECT 3');
  await plain.query('DEALLOCATE three');
  await on.cluster.primary.query('CREATE SEQUENCE numbers');
  await on.cluster.primary.query('GRANT ALL ON SEQUENCE numbers TO app');
  await numbers.query("SELECT nextval('numbers')");
  expect(await said(numbers, "SELECT currval('numbers')")).toBe('1');
  await temporary.query('CREATE TEMP TABLE mine (id int)');
  await on.cluster.primary.kill();
  await replicaOf(on).promote();
  expect(await said(plain, 'SHOW application_name')).toBe('plain');
  expect(await said(plain, 'SELECT pg_is_in_recovery()')).toBe(false);
  expect(await said(numbers, "SELECT currval('numbers')")).toBe('55000');
  expect(await said(temporary, 'SELECT FROM mine')).toBe('08006');
  expect(await said(temporary, 'SELECT FROM mine')).toBe('42P01');
});

test('each session sees what it has to see when the primary is lost', async () => {
  const on = await open('target_session_attrs=primary', { default_pool_size: 10 });
  const { primary } = on.cluster;
  const [idle, open1, pinned, committing, writing, reading] = [
    await enter(on),
    await enter(on),
    await enter(on),
    await enter(on),
    await enter(on),
    await enter(on),
  ];
  await idle.query("SET application_name = 'idle'");
  await open1.query('BEGIN; INSERT INTO things VALUES (1)');
  await pinned.query('CREATE TEMP TABLE mine (id int)');
  await reading.query('SELECT id FROM others WHERE id = 4');
  await untilProven(on);
  // Nobody confirms what is committed from here on.
  await primary.configure({ synchronous_standby_names: 'nobody' });
  await committing.query('BEGIN; INSERT INTO things VALUES (2)');
  const commit = said(committing, 'COMMIT');
  const write = said(writing, 'INSERT INTO things VALUES (3)');
  const lock = await primary.connect();
  await lock.query('BEGIN; LOCK TABLE others IN ACCESS EXCLUSIVE MODE');
  const read = said(reading, 'SELECT id FROM others WHERE id = 5');
  const busy =
    "SELECT FROM pg_stat_activity WHERE usename = 'app' AND wait_event IS NOT NULL AND state = 'active'";
  lock.on('error', () => undefined);
  await waitFor(async () => (await primary.query(busy)).length === 3, { what: 'all to wait' });
  await primary.kill();
  expect(await commit).toBe('08007');
  expect(await write).toBe('08007');
  expect(await said(open1, 'INSERT INTO things VALUES (4)')).toBe('08006');
  expect(await said(open1, 'INSERT INTO things VALUES ($1)', [4])).toBe('25P02');
  const waits = said(idle, 'SHOW application_name');
  const replica = replicaOf(on);
  await replica.promote();
  expect(await waits).toBe('idle');
  expect(await read).toBe('SELECT');
  expect(await said(open1, 'COMMIT')).toBe('ROLLBACK');
  expect(await said(open1, 'SELECT count(*) FROM things WHERE id IN (1, 4)')).toBe('0');
  expect(await said(pinned, 'SELECT FROM mine')).toBe('08006');
  expect(await said(pinned, 'SELECT FROM mine')).toBe('42P01');
  expect(await said(reading, IN_RECOVERY)).toBe(false);
  const [failover] = (await on.show('FAILOVERS')).slice(-1);
  expect(failover).toMatchObject({ outcome: 'promoted', databases: 'app' });
  expect(failover).toMatchObject({ retried: '1' });
  expect(Number(failover?.failed)).toBeGreaterThanOrEqual(4);
  expect(failover?.old_primary).toBe(`127.0.0.1:${primary.port}`);
  expect(failover?.new_primary).toBe(`127.0.0.1:${replica.port}`);
});

test('settings, prepared statements and LISTEN are there on the promoted server', async () => {
  const on = await open('target_session_attrs=primary');
  const client = await enter(on);
  const heard: (string | undefined)[] = [];
  client.on('notification', ({ payload }) => heard.push(payload));
  await client.query("SET work_mem = '5MB'");
  await client.query('LISTEN news');
  await client.query({ name: 'one', text: 'SELECT $1::int AS n', values: [1] });
  await on.cluster.primary.kill();
  await replicaOf(on).promote();
  expect(await said(client, 'SHOW work_mem')).toBe('5MB');
  const { rows } = await client.query<{ n: number }>({ name: 'one', text: '', values: [2] });
  expect(rows).toEqual([{ n: 2 }]);
  const other = await enter(on);
  await waitFor(
    async () => {
      await other.query("NOTIFY news, 'hello'");
      return heard.includes('hello');
    },
    { what: 'a notification by the promoted server', everyMs: 100 },
  );
});
