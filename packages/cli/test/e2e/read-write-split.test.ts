import { checkOwnWrites, failoverRounds, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import { ClusterStage } from './support/cluster-stage';
import './support/all-loaded';

let stage: ClusterStage | undefined;
let clients: Client[] = [];

afterEach(async () => {
  for (const client of clients) await client.end().catch((error: unknown) => error);
  clients = [];
  await stage?.close();
  stage = undefined;
});

const READ = 'SELECT a, whoami() AS port FROM t';

/** A primary and a replica, a table in both, and a function that tells which one has answered. */
async function open(attributes: string): Promise<ClusterStage> {
  stage = await ClusterStage.open(attributes, {});
  const { primary } = stage.cluster;
  await primary.query(`CREATE TABLE t (a int); INSERT INTO t VALUES (1); GRANT ALL ON t TO app;
    CREATE FUNCTION whoami() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('port') $$`);
  await waitFor(() => replicaOf(opened()).query('SELECT whoami() FROM t'), {
    what: 'the table on the replica',
  });
  return stage;
}

function opened(): ClusterStage {
  if (stage === undefined) throw new Error('no stage');
  return stage;
}

function replicaOf({ cluster }: ClusterStage) {
  const [replica] = cluster.replicas;
  if (replica === undefined) throw new Error('no replica');
  return replica;
}

async function enter({ daemon }: ClusterStage, options?: string): Promise<Client> {
  const { host, port } = daemon;
  const client = new Client({ host, port, user: 'app', database: 'app', options });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

async function readAt(client: Client): Promise<{ readonly a: number; readonly port: number }> {
  const { rows } = await client.query<{ a: number; port: string }>(READ);
  const [row] = rows;
  if (row === undefined) throw new Error('no row');
  return { a: row.a, port: Number(row.port) };
}

/** The servers are known, and so is what the catalog says of the statement. */
async function untilReadOn(client: Client, port: number): Promise<void> {
  await waitFor(async () => (await readAt(client)).port === port, { what: `a read at ${port}` });
}

async function token(client: Client): Promise<string> {
  const { rows } = await client.query<Record<string, string>>('SHOW pgweir.lsn');
  return rows[0]?.['pgweir.lsn'] ?? '';
}

test.concurrent('with a replica that is behind no session reads anything older than what it knows, and reads leave the primary', async () => {
  const report = await checkOwnWrites({ seconds: 3, seed: 3 });
  expect(report.wrong).toEqual([]);
  expect(report.readsOnFastReplica).toBeGreaterThan(0);
}, 60_000);

test.concurrent('the same with two workers', async () => {
  const extraLines = ['workers = 2'];
  const report = await checkOwnWrites({ seconds: 2, seed: 4, extraLines });
  expect(report.wrong).toEqual([]);
  expect(report.readsOnFastReplica).toBeGreaterThan(0);
}, 60_000);

test.concurrent('the primary is lost under load: writes are neither lost nor doubled, reads go on', async () => {
  const report = await failoverRounds({
    ...{ rounds: 2, seed: 9, clients: 8, splits: true },
    ...{ promotedWithinMs: 1_000, workMs: 250, extraLines: ['health_check_interval = 0.1'] },
  });
  expect(report.wrong).toEqual([]);
  expect(report.committed).toBeGreaterThan(100);
}, 120_000);

test('a token carries what one session has written to another one, and a wrong one is refused', async () => {
  const on = await open('read_write_split=on');
  const { primary } = on.cluster;
  const replica = replicaOf(on);
  const [writer, reader] = [await enter(on), await enter(on)];
  await untilReadOn(reader, replica.port);
  await replica.query('SELECT pg_wal_replay_pause()');
  await writer.query('UPDATE t SET a = 2');
  const seen = await token(writer);
  expect(await readAt(reader)).toEqual({ a: 1, port: replica.port });
  await reader.query(`SET pgweir.wait_lsn = '${seen}'`);
  expect(await readAt(reader)).toEqual({ a: 2, port: primary.port });
  const late = await enter(on, `-c pgweir.wait_lsn=${seen}`);
  expect(await readAt(late)).toEqual({ a: 2, port: primary.port });
  await replica.query('SELECT pg_wal_replay_resume()');
  for (const client of [reader, late]) await untilReadOn(client, replica.port);
  expect((await readAt(late)).a).toBe(2);
  const refused = await reader.query("SET pgweir.wait_lsn = 'yesterday'").catch((e: unknown) => e);
  expect(refused).toMatchObject({ code: '22023' });
  const foreign = `SET pgweir.wait_lsn TO '77${seen}'`;
  expect(await reader.query(foreign).catch((e: unknown) => e)).toMatchObject({ code: '22023' });
  const refusedToo = await reader
    .query({ text: "SET pgweir.route = 'anywhere'", values: [] })
    .catch((e: unknown) => e);
  expect(refusedToo).toMatchObject({ code: '22023' });
  expect((await readAt(reader)).a).toBe(2);
}, 60_000);

test('a replica that is lost costs nobody an answer: the primary reads instead, until it is back', async () => {
  const on = await open('read_write_split=on');
  const { primary } = on.cluster;
  const replica = replicaOf(on);
  const client = await enter(on);
  await untilReadOn(client, replica.port);
  await replica.kill();
  expect((await readAt(client)).port).toBe(primary.port);
  await replica.start();
  await untilReadOn(client, replica.port);
}, 60_000);

test('a write that a hint sends to a replica runs on the primary, unseen', async () => {
  const on = await open('read_write_split=on');
  const { primary } = on.cluster;
  const client = await enter(on);
  await untilReadOn(client, replicaOf(on).port);
  await primary.query(`CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql VOLATILE AS
    $$ BEGIN INSERT INTO t VALUES (7); RETURN 7; END $$; GRANT ALL ON t TO app`);
  await waitFor(() => replicaOf(on).query("SELECT 'writes'::regproc"), {
    what: 'the function on the replica',
  });
  const forced = await client.query<{ writes: number }>('/* pgweir: replica */ SELECT writes()');
  expect(forced.rows).toEqual([{ writes: 7 }]);
  expect((await primary.query('SELECT count(*)::int AS n FROM t WHERE a = 7'))[0]).toEqual({
    n: 1,
  });
}, 60_000);
