import { failoverRounds, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import { ClusterStage, entryOf } from './support/cluster-stage';

let stage: ClusterStage | undefined;
let clients: Client[] = [];

afterEach(async () => {
  for (const client of clients) await client.end().catch((error: unknown) => error);
  clients = [];
  await stage?.close();
  stage = undefined;
});

type Settings = Readonly<Record<string, string | number>>;

/** A cluster with a table that everybody may use, and pgweir that knows who is primary. */
async function open(attributes: string, settings: Settings = {}): Promise<ClusterStage> {
  stage = await ClusterStage.open(attributes, { settings });
  const { primary } = stage.cluster;
  await primary.query('CREATE TABLE things (id int); CREATE TABLE others (id int)');
  await primary.query('GRANT ALL ON things, others TO app');
  await stage.until(primary.port, ({ role }) => role === 'primary', 'the primary to be known');
  const replica = replicaOf(stage);
  await stage.until(replica.port, ({ role }) => role === 'replica', 'the replica to be known');
  return stage;
}

function replicaOf({ cluster }: ClusterStage) {
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('no replica');
  return replica;
}

async function enter({ daemon }: ClusterStage, database = 'app'): Promise<Client> {
  const { host, port } = daemon;
  const client = new Client({ host, port, user: 'app', database });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

/** The value that comes back, or `code message`. */
async function said(client: Client, sql: string): Promise<unknown> {
  try {
    const { rows, command } = await client.query<Record<string, unknown>>(sql);
    return Object.values(rows[0] ?? { command })[0];
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** Waits until the catalog has said that statements like those before are reads. */
async function untilProven({ cluster }: ClusterStage): Promise<void> {
  const asked =
    "SELECT FROM pg_stat_activity WHERE query LIKE 'SET LOCAL search_path TO pg_cat%' AND state = 'idle'";
  await waitFor(async () => (await cluster.primary.query(asked)).length > 0, {
    what: 'the catalog to answer',
  });
}

const IN_RECOVERY = 'SELECT pg_is_in_recovery()';

test('the primary is lost five times under load: no commit is lost or doubled, no idle client hears of it', async () => {
  const report = await failoverRounds({ rounds: 5, seed: 7 });
  expect(report.wrong).toEqual([]);
  expect(report.rounds).toHaveLength(5);
  expect(report.committed).toBeGreaterThan(100);
}, 120_000);

test.each([
  ['primary', false],
  ['read-write', false],
  ['standby', true],
  ['read-only', true],
  ['prefer-standby', true],
])('target_session_attrs=%s leads to the server that it names', async (attributes, isReplica) => {
  const on = await open(`target_session_attrs=${attributes}`);
  for (let at = 0; at < 3; at++) {
    expect(await said(await enter(on), IN_RECOVERY)).toBe(isReplica);
  }
});

test('prefer-standby goes to the primary as long as there is no standby, any goes everywhere', async () => {
  const on = await open('target_session_attrs=prefer-standby');
  const replica = replicaOf(on);
  expect(await on.order(`BAN 127.0.0.1:${replica.port}`)).toBeUndefined();
  expect(await said(await enter(on), IN_RECOVERY)).toBe(false);
  expect(await on.order(`UNBAN 127.0.0.1:${replica.port}`)).toBeUndefined();
  await on.daemon.reload(
    on.daemon
      .configText()
      .replace('target_session_attrs=prefer-standby', 'target_session_attrs=any'),
  );
  const both = new Set<unknown>();
  for (let at = 0; at < 4; at++) {
    const client = await enter(on);
    await client.query('BEGIN');
    both.add(await said(client, IN_RECOVERY));
  }
  expect(both).toEqual(new Set([true, false]));
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
  expect(await said(open1, 'INSERT INTO things VALUES (4)')).toBe('25P02');
  const waits = said(idle, 'SHOW application_name');
  const replica = replicaOf(on);
  await replica.promote();
  expect(await waits).toBe('idle');
  expect(await read).toBe('SELECT');
  expect(await said(open1, 'COMMIT')).toBe('ROLLBACK');
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

test('retry_reads = 0: a read that is lost is reported, and not run again', async () => {
  const on = await open('target_session_attrs=primary', { retry_reads: 0 });
  const { primary } = on.cluster;
  const client = await enter(on);
  await client.query('SELECT id FROM others WHERE id = 5');
  await untilProven(on);
  const lock = await primary.connect();
  lock.on('error', () => undefined);
  await lock.query('BEGIN; LOCK TABLE others IN ACCESS EXCLUSIVE MODE');
  const read = said(client, 'SELECT id FROM others WHERE id = 5');
  const waiting = "SELECT FROM pg_stat_activity WHERE usename = 'app' AND wait_event_type = 'Lock'";
  await waitFor(async () => (await primary.query(waiting)).length === 1, { what: 'it to wait' });
  await primary.kill();
  expect(await read).toBe('08006');
});

test('failover_hold_timeout ends the wait for another primary with 57P03', async () => {
  const on = await open('target_session_attrs=primary', { failover_hold_timeout: 0.5 });
  const client = await enter(on);
  await client.query('SELECT 1');
  await on.cluster.primary.kill();
  expect(await said(client, 'SELECT 1')).toBe('57P03');
});

test('entries of one cluster change over together', async () => {
  const on = await open('target_session_attrs=primary', { failover_hold_timeout: 1 });
  const more = entryOf(on.cluster, 'reports', 'target_session_attrs=standby');
  await on.daemon.reload(on.daemon.configText().replace('[users]', `${more}\n[users]`));
  const client = await enter(on, 'reports');
  expect(await said(client, IN_RECOVERY)).toBe(true);
  await on.cluster.primary.kill();
  await replicaOf(on).promote();
  const writer = await enter(on);
  expect(await said(writer, IN_RECOVERY)).toBe(false);
  expect(await said(client, IN_RECOVERY)).toBe('57P03');
});
