import {
  type BackendMessage,
  type Cluster,
  type Daemon,
  frame,
  RawClient,
  startCluster,
} from '@pgweir/testkit';
import { ask, errorIn, pooler } from './support/stage';

let cluster: Cluster;
let daemon: Daemon;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ major: 18, users: [{ name: 'app' }] });
  await cluster.primary.query('GRANT ALL ON DATABASE postgres TO app');
  await cluster.primary.query('CREATE SCHEMA "é"');
  await cluster.primary.query(`CREATE TABLE "é".t AS SELECT 'é' AS a`);
  await cluster.primary.query(`CREATE TABLE public.t AS SELECT 'public' AS a`);
  await cluster.primary.query('GRANT USAGE ON SCHEMA "é" TO app');
  await cluster.primary.query('GRANT SELECT ON "é".t, public.t TO app');
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await daemon.stop();
});

async function arrive(parameters: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const client = await RawClient.connect({ host: daemon.host, port: daemon.port });
  clients.push(client);
  await client.login({ user: 'app', database: 'app', parameters });
  return client;
}

async function latin1(client: RawClient, sql: string): Promise<readonly BackendMessage[]> {
  client.send(frame('Q', Buffer.from(`${sql}\0`, 'latin1')));
  return await client.until('Z');
}

const PATH = "SELECT current_setting('search_path') FROM t LIMIT 1";
const DEFAULT_PATH = '"$user", public';

test.each([1, 2])('a path in LATIN1 reaches no other client, pool size %i', async (size) => {
  daemon = await pooler(cluster.primary, { settings: { default_pool_size: size } });
  const latin = await arrive({ client_encoding: 'LATIN1' });
  const others = [await arrive(), await arrive({ search_path: 'public' })];
  const expected = [DEFAULT_PATH, 'public'];
  expect(errorIn(await latin1(latin, 'SET search_path TO "é", public'))).toBeUndefined();
  for (let round = 0; round < 3; round++) {
    for (const [i, other] of others.entries()) {
      await other.query('BEGIN');
      expect(await ask(other, PATH)).toBe(expected[i]);
      // Over two links this one gets the other link now.
      if (size > 1) expect(errorIn(await latin1(latin, 'SELECT 1 FROM t'))).toBeUndefined();
      await other.query('COMMIT');
      expect(errorIn(await latin1(latin, 'SELECT 1 FROM t'))).toBeUndefined();
    }
    const newcomer = await arrive();
    expect(await ask(newcomer, PATH)).toBe(DEFAULT_PATH);
  }
  expect(daemon.log()).not.toContain('FATAL');
});

test('a path set in LATIN1 before a change to UTF8 leads to no table that was not asked for', async () => {
  daemon = await pooler(cluster.primary, { settings: { default_pool_size: 1 } });
  const client = await arrive({ client_encoding: 'LATIN1' });
  const other = await arrive();
  await latin1(client, 'SET search_path TO "é", public');
  await client.query('SET client_encoding TO UTF8');
  expect(await ask(other, PATH)).toBe(DEFAULT_PATH);
  const path = await ask(client, PATH);
  // It may be lost, but it must not be another one.
  expect(['"é", public', DEFAULT_PATH]).toContain(path);
  expect(await ask(client, 'SELECT a FROM t')).toBe(path === DEFAULT_PATH ? 'public' : 'é');
  expect(await ask(other, PATH)).toBe(DEFAULT_PATH);
});

test('a path in UTF8 goes with its client from link to link', async () => {
  daemon = await pooler(cluster.primary, { settings: { default_pool_size: 2 } });
  const client = await arrive();
  await client.query('SET search_path TO "é", public');
  const other = await arrive();
  await other.query('BEGIN');
  expect(await ask(other, PATH)).toBe(DEFAULT_PATH);
  expect(await ask(client, 'SELECT a FROM t')).toBe('é');
});
