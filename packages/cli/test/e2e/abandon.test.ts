import {
  type Cluster,
  type Daemon,
  frontend,
  type RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { ask, backendPid, enter, pooler, untilRuns, untilStops, withClient } from './support/stage';

/*
 * One link only: whoever comes next shows what has become of it.
 */
let cluster: Cluster;
let daemon: Daemon;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
  await cluster.primary.query(`
    CREATE TABLE jobs (name text);
    GRANT ALL ON jobs TO app`);
  daemon = await pooler(cluster.primary, { settings: { default_pool_size: 1 } });
});

afterAll(async () => {
  await daemon.stop();
  await cluster.stop();
});

beforeEach(async () => {
  await cluster.primary.query('TRUNCATE jobs');
});

async function pidNow(): Promise<number> {
  return await withClient(daemon, backendPid);
}

async function jobs(): Promise<string[]> {
  const rows = await cluster.primary.query('SELECT name FROM jobs ORDER BY name');
  return rows.map(({ name }) => String(name));
}

/** Until a statement with this text stands at the server, which may be before or after it runs. */
async function untilAtServer(text: string): Promise<void> {
  await waitFor(
    async () => {
      const rows = await cluster.primary.query(
        "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND strpos(query, $1) > 0",
        [text],
      );
      return rows.length > 0;
    },
    { what: `"${text}" at the server` },
  );
}

type Leave = readonly [how: string, leave: (client: RawClient) => void];

const LEAVES: readonly Leave[] = [
  ['closing', (client) => client.destroy()],
  ['a reset', (client) => client.destroy('reset')],
  ['half a close', (client) => client.socket.end()],
];

describe.each(LEAVES)('a client that leaves by %s', (_, leave) => {
  test('in a running statement: it is cancelled and its server process reused', async () => {
    const pid = await pidNow();
    const client = await enter(daemon);
    client.send(frontend.query('SELECT pg_sleep(60)'));
    expect(await untilRuns(cluster.primary, 'pg_sleep(60)')).toBe(pid);
    leave(client);
    await untilStops(cluster.primary, 'pg_sleep(60)');
    expect(await pidNow()).toBe(pid);
    client.destroy();
  });

  test('in a transaction: it is rolled back, its locks are gone, its server process reused', async () => {
    const pid = await pidNow();
    const client = await enter(daemon);
    await client.query("BEGIN; INSERT INTO jobs VALUES ('lost'); LOCK jobs");
    leave(client);
    await cluster.primary.query("SET lock_timeout = '3s'; LOCK jobs");
    expect(await jobs()).toEqual([]);
    expect(await pidNow()).toBe(pid);
    client.destroy();
  });
});

/** What the client has sent when it leaves, none of it fit to be reused as it is. */
const UNFINISHED: readonly (readonly [what: string, messages: Buffer, marker: string])[] = [
  [
    'a statement in a transaction in one message',
    frontend.query("BEGIN; INSERT INTO jobs VALUES ('lost'); SELECT pg_sleep(61)"),
    'pg_sleep(61)',
  ],
  ['COPY FROM STDIN without data', frontend.query('COPY jobs FROM STDIN'), 'COPY jobs'],
  [
    'COPY FROM STDIN with some data',
    Buffer.concat([frontend.query('COPY jobs FROM STDIN'), frontend.copyData('lost\n')]),
    'COPY jobs',
  ],
  [
    'an extended COPY FROM STDIN',
    Buffer.concat([frontend.run('COPY jobs FROM STDIN'), frontend.flush()]),
    'COPY jobs',
  ],
  [
    'an extended statement without Sync',
    Buffer.concat([frontend.run("INSERT INTO jobs VALUES ('lost')"), frontend.flush()]),
    'INSERT INTO jobs',
  ],
  [
    'a running extended statement without Sync',
    frontend.run('SELECT pg_sleep(62)'),
    'pg_sleep(62)',
  ],
  [
    'a pipeline of three transactions, the first of them running',
    Buffer.concat([
      frontend.run('SELECT pg_sleep(63)'),
      frontend.sync(),
      frontend.run('SELECT 1'),
      frontend.sync(),
      frontend.run('SELECT pg_sleep(64)'),
      frontend.sync(),
    ]),
    'pg_sleep(63)',
  ],
  [
    'several simple queries at once',
    Buffer.concat([frontend.query('SELECT pg_sleep(65)'), frontend.query('SELECT pg_sleep(66)')]),
    'pg_sleep(65)',
  ],
];

test.each(UNFINISHED)('a client that leaves in %s leaves nothing', async (_, messages, marker) => {
  const pid = await pidNow();
  const client = await enter(daemon);
  await client.flushed(messages);
  await untilAtServer(marker);
  client.destroy();
  expect(await pidNow()).toBe(pid);
  for (const sleep of ['pg_sleep(6', 'COPY jobs']) await untilStops(cluster.primary, sleep);
  expect(await jobs()).toEqual([]);
});

test('a client that leaves in the middle of a long message: its server process is replaced', async () => {
  const pid = await pidNow();
  const client = await enter(daemon);
  await client.query("BEGIN; INSERT INTO jobs VALUES ('lost'); LOCK jobs");
  await client.flushed(frontend.query(`SELECT ${'1, '.repeat(60_000)} 1`).subarray(0, 100_000));
  client.destroy();
  await cluster.primary.query("SET lock_timeout = '3s'; LOCK jobs");
  expect(await pidNow()).not.toBe(pid);
  expect(await jobs()).toEqual([]);
});

test('a client that leaves with a huge message half sent disturbs nobody', async () => {
  const client = await enter(daemon);
  await client.query('BEGIN');
  const sql = `INSERT INTO jobs VALUES ('${'x'.repeat(20_000_000)}')`;
  client.send(frontend.query(sql).subarray(0, 10_000_000));
  client.destroy();
  expect(await withClient(daemon, (next) => ask(next, 'SELECT 1'))).toBe('1');
  expect(await jobs()).toEqual([]);
});

test('a client that leaves while its result still streams disturbs nobody', async () => {
  const pid = await pidNow();
  const client = await enter(daemon);
  client.send(frontend.query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)"));
  await client.until('D');
  client.pause();
  client.destroy('reset');
  expect(await withClient(daemon, (next) => ask(next, 'SELECT 1'))).toBe('1');
  expect(await pidNow()).toBe(pid);
});

test('a client that leaves while it waits leaves the queue, and the others are served', async () => {
  const holder = await enter(daemon);
  await holder.query('BEGIN');
  const waiting = await enter(daemon);
  await waiting.flushed(frontend.query("INSERT INTO jobs VALUES ('never')"));
  const next = await enter(daemon);
  await next.flushed(frontend.query("INSERT INTO jobs VALUES ('next')"));
  const from = daemon.log().length;
  waiting.destroy();
  await daemon.logged('client unexpected eof', { from });
  await holder.query('COMMIT');
  await next.until('Z');
  expect(await jobs()).toEqual(['next']);
  for (const client of [holder, next]) await client.end();
});

describe('a client that says goodbye behind what it has asked for', () => {
  const INSERT = "INSERT INTO jobs SELECT 'kept' FROM pg_sleep(0.2)";

  test.each([
    ['a simple query', frontend.query(INSERT)],
    ['an extended query', Buffer.concat([frontend.run(INSERT), frontend.sync()])],
  ])('gets %s finished', async (_what, messages) => {
    const pid = await pidNow();
    const client = await enter(daemon);
    await client.flushed(Buffer.concat([messages, frontend.terminate()]));
    client.destroy();
    await waitFor(async () => (await jobs()).length > 0, { what: 'the row' });
    expect(await pidNow()).toBe(pid);
  });

  test('gets a whole pipeline finished', async () => {
    const client = await enter(daemon);
    const one = Buffer.concat([frontend.run(INSERT), frontend.sync()]);
    client.socket.end(Buffer.concat([one, one, one, frontend.terminate()]));
    await waitFor(async () => (await jobs()).length === 3, { what: 'three rows' });
    client.destroy();
  });

  test('keeps nothing of a transaction that it did not commit', async () => {
    const client = await enter(daemon);
    const messages = [frontend.query('BEGIN'), frontend.query(INSERT), frontend.terminate()];
    client.socket.end(Buffer.concat(messages));
    await client.closed;
    await pidNow();
    expect(await jobs()).toEqual([]);
  });

  test('leaves the link free when PostgreSQL skips it behind an error', async () => {
    const client = await enter(daemon);
    const bad = frontend.parse('SELECT no_such_column');
    client.socket.end(Buffer.concat([bad, frontend.query('SELECT 1'), frontend.terminate()]));
    expect(await withClient(daemon, (next) => ask(next, 'SELECT 1'))).toBe('1');
    client.destroy();
  });

  test('but was still waiting: nothing of it runs', async () => {
    const holder = await enter(daemon);
    await holder.query('BEGIN');
    const client = await enter(daemon);
    client.socket.end(Buffer.concat([frontend.query(INSERT), frontend.terminate()]));
    await client.closed;
    await holder.end();
    await pidNow();
    expect(await jobs()).toEqual([]);
  });
});
