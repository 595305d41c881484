import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  type Cluster,
  cancelPacket,
  type Daemon,
  frontend,
  type LoginResult,
  RawClient,
  startCluster,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { ClientStream } from './support/client-stream';
import { commandOn, type Runtime } from './support/crew';
import {
  ask,
  backendsOf,
  enter,
  ini,
  LOG_WITH_SQLSTATE,
  overruns,
  type Settings,
  untilError,
  untilRuns,
  userlist,
} from './support/stage';

/** PostgreSQL judges: its role allows not one connection more than the pool. */
const CAP = 3;
let cluster: Cluster;
/** In the order in which they took over. */
let daemons: Daemon[] = [];
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({
    settings: LOG_WITH_SQLSTATE,
    users: [{ name: 'app', connectionLimit: CAP }],
  });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  for (const daemon of daemons.reverse()) await daemon.stop();
  daemons = [];
  expect(await overruns(cluster)).toEqual([]);
  await waitFor(async () => (await backendsOf(cluster.primary)).length === 0, {
    what: 'the backends to end',
  });
});

interface Kind {
  readonly runtime?: Runtime;
  readonly workers?: number;
  readonly settings?: Settings;
}

/** Starts a daemon, or one that takes over from the last. */
async function start({ runtime = 'node', workers = 1, settings }: Kind = {}): Promise<Daemon> {
  const before = daemons.at(-1);
  const daemon = await startDaemon({
    config: ini(cluster.primary, {
      settings: {
        default_pool_size: CAP,
        max_client_conn: 20_000,
        pidfile: '{dir}/pgweir.pid',
        admin_users: 'app',
        log_stats: 0,
        log_connections: 0,
        log_disconnections: 0,
        workers,
        ...settings,
      },
    }),
    userlist: userlist(['app']),
    command: commandOn(runtime),
    ...(before === undefined ? {} : { args: ['-R'], successorOf: before }),
  });
  daemons.push(daemon);
  return daemon;
}

async function arrive(to: Daemon): Promise<RawClient> {
  const client = await enter(to);
  clients.push(client);
  return client;
}

async function arriveWithKey(to: Daemon): Promise<{ client: RawClient; login: LoginResult }> {
  const client = await RawClient.connect({ host: to.host, port: to.port });
  clients.push(client);
  return { client, login: await client.login({ user: 'app', database: 'app' }) };
}

async function cancel(to: Daemon, { processId, cancelKey }: LoginResult): Promise<void> {
  const courier = await RawClient.connect({ host: to.host, port: to.port });
  courier.send(cancelPacket(processId, cancelKey));
  await courier.closed;
}

async function endsOrderly(daemon: Daemon): Promise<void> {
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
}

test.each<[string, Kind, Kind]>([
  ['Node.js from Node.js', {}, {}],
  ['Bun from Bun', { runtime: 'bun' }, { runtime: 'bun' }],
  ['Bun with workers from Node.js', {}, { runtime: 'bun', workers: 2 }],
  ['Node.js from Bun with workers', { runtime: 'bun', workers: 2 }, {}],
  ['workers from workers', { workers: 2 }, { workers: 3 }],
])(
  '%s takes over: nobody is refused, nothing is cut, no link too many',
  async (_name, one, two) => {
    const old = await start(one);
    const { host, port, socketPath } = old;
    const { client: inTransaction, login } = await arriveWithKey(old);
    await ask(inTransaction, 'BEGIN; SELECT 1');
    const idle = await arrive(old);
    expect(await ask(idle, 'SELECT 1')).toBe('1');
    const stream = new ClientStream([{ host, port }, { path: socketPath }], 150);
    await waitFor(() => (stream.outcomes.get('logged in') ?? 0) > 50, { what: 'clients' });

    const fresh = await start(two);
    await old.logged('another process takes over');
    expect(readFileSync(join(old.dir, 'pgweir.pid'), 'utf8')).toBe(`${fresh.pid}\n`);
    // Both have clients that need links of the one pool.
    const newcomers = [await arrive(fresh), await arrive(fresh), await arrive(fresh)];
    for (let round = 0; round < 5; round++) {
      for (const client of [idle, inTransaction, ...newcomers]) {
        expect(await ask(client, `SELECT ${round}`)).toBe(String(round));
      }
    }
    inTransaction.send(frontend.query('SELECT pg_sleep(60)'));
    await untilRuns(cluster.primary, 'pg_sleep(60)');
    await cancel(fresh, login);
    expect(await untilError(inTransaction)).toBe(
      'ERROR 57014 canceling statement due to user request',
    );
    await inTransaction.until('Z');
    await inTransaction.query('ROLLBACK');
    await stream.stop();
    expect(Object.fromEntries(stream.outcomes)).toEqual({ 'logged in': stream.begun });

    // The old one may have accepted some of the newcomers as well, until nobody waited any more.
    for (const client of [idle, inTransaction, ...newcomers]) client.destroy();
    await endsOrderly(old);
    expect(existsSync(socketPath)).toBe(true);
    expect(await ask(await arrive(fresh), 'SELECT 1')).toBe('1');
  },
);

test('links that the old process keeps busy are lent to the new one as soon as they are free', async () => {
  const old = await start();
  const holders: RawClient[] = [];
  for (let i = 0; i < CAP; i++) {
    const client = await arrive(old);
    await ask(client, 'BEGIN; SELECT 1');
    holders.push(client);
  }
  const fresh = await start();
  // The first of its pool: it has to wait for a link to log in.
  const arriving = arrive(fresh);
  const [first] = holders;
  await first?.query('COMMIT');
  const arrived = await arriving;
  expect(await ask(arrived, 'SELECT 7')).toBe('7');
  expect(first === undefined ? undefined : await ask(first, 'SELECT 8')).toBe('8');
});

test('one that has taken over can be taken over from, once the first one has gone', async () => {
  const first = await start({ settings: { listen_addr: '127.0.0.1, 127.0.0.2' } });
  (await enter({ host: '127.0.0.2', port: first.port })).destroy();
  const stays = await arrive(first);
  await ask(stays, 'SELECT 1');
  const second = await start();
  await expect(start()).rejects.toThrow('still has clients');
  await expect(enter({ host: '127.0.0.2', port: first.port })).rejects.toThrow('ECONNREFUSED');
  stays.destroy();
  await endsOrderly(first);
  const client = await arrive(second);
  await ask(client, 'BEGIN; SELECT 1');
  const third = await start({ workers: 2 });
  expect(await ask(client, 'SELECT 2')).toBe('2');
  expect(await ask(await arrive(third), 'SELECT 3')).toBe('3');
  client.destroy();
  await endsOrderly(second);
});

test.each<[string, Kind]>([
  ['a process', {}],
  ['a process with workers', { workers: 2 }],
])('%s that is killed while it hands over leaves no link too many', async (_name, kind) => {
  const old = await start(kind);
  const sleepers = [await arrive(old), await arrive(old)];
  for (const client of sleepers) client.send(frontend.query('SELECT pg_sleep(60)'));
  await waitFor(async () => (await backendsOf(cluster.primary)).length === 2, { what: 'links' });
  await untilRuns(cluster.primary, 'pg_sleep(60)');
  const fresh = await start();
  old.kill('SIGKILL');
  await old.exit;
  const newcomers: RawClient[] = [];
  for (let i = 0; i < CAP; i++) newcomers.push(await arrive(fresh));
  for (const client of newcomers) client.send(frontend.query('BEGIN; SELECT 1'));
  for (const client of newcomers) await client.until('Z');
});

test('when the new process dies the old one ends its transactions, and then itself', async () => {
  const old = await start();
  const client = await arrive(old);
  await ask(client, 'BEGIN; SELECT 1');
  const fresh = await start();
  fresh.kill('SIGKILL');
  await old.logged('the process that has taken over is gone');
  expect(await ask(client, 'SELECT 2')).toBe('2');
  await client.query('COMMIT');
  await endsOrderly(old);
});

test('a new process that cannot start changes nothing', async () => {
  const old = await start();
  const client = await arrive(old);
  await expect(start({ settings: { pool_mode: 'nonsense' } })).rejects.toThrow('pool_mode');
  await expect(start({ settings: { auth_file: '{dir}/none' } })).rejects.toThrow('none');
  for (const workers of [1, 2]) {
    const away = { listen_addr: '127.0.0.1, 192.0.2.1' };
    await expect(start({ workers, settings: away })).rejects.toThrow('192.0.2.1');
    const nowhere = { pidfile: '{dir}/none/pgweir.pid' };
    await expect(start({ workers, settings: nowhere })).rejects.toThrow('pidfile');
  }
  old.write('other.pid', 'not a number');
  await expect(start({ settings: { pidfile: '{dir}/other.pid' } })).rejects.toThrow(
    'is not that of',
  );
  expect(existsSync(old.socketPath)).toBe(true);
  expect(await ask(client, 'SELECT 1')).toBe('1');
  expect(await ask(await arrive(old), 'SELECT 1')).toBe('1');
  const fresh = await start();
  expect(await ask(await arrive(fresh), 'SELECT 1')).toBe('1');
});

test('without a process that runs, -R starts as ever', async () => {
  const daemon = await startDaemon({
    config: ini(cluster.primary),
    userlist: userlist(['app']),
    args: ['-R'],
  });
  daemons.push(daemon);
  expect(daemon.log()).toContain('old process not found, try to continue normally');
  expect(await ask(await arrive(daemon), 'SELECT 1')).toBe('1');
});

test('whoever talks nonsense on the private socket is turned away, and nobody else notices', async () => {
  const daemon = await start();
  const lines = [
    'nonsense',
    '{}',
    '[]',
    'null',
    '{"kind":"told"}',
    '{"kind":"told","told":{"kind":"budget","worker":0}}',
    '{"kind":"ask","id":1,"name":"takeOver","ask":{}}',
    '{"kind":"ask","id":1,"name":"ports","ask":{}}',
    '{"kind":"ask","id":1,"name":"constructor","ask":{}}',
    `{"kind":"ask","id":1,"name":"greet","ask":{"version":"${'9'.repeat(100)}"}}`,
    'x'.repeat(2_000_000),
  ];
  for (const line of lines) await talk(`${daemon.socketPath}.restart`, `${line}\n`);
  expect(await ask(await arrive(daemon), 'SELECT 1')).toBe('1');
  const fresh = await start();
  expect(await ask(await arrive(fresh), 'SELECT 2')).toBe('2');
});

/** Says something, and hears what the other side has to say until it is done. */
function talk(path: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.end(text));
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
    socket.resume();
  });
}
