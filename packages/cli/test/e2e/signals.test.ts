import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cluster,
  type Daemon,
  freePort,
  frontend,
  RawClient,
  startCluster,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import {
  ask,
  backendsOf,
  enter,
  errorIn,
  ini,
  type PoolerOptions,
  pooler,
  untilError,
  userlist,
} from './support/stage';

const DONE = { code: 0, signal: null };
let cluster: Cluster;
let daemons: Daemon[] = [];
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  for (const daemon of daemons) await daemon.stop();
  daemons = [];
  await waitFor(async () => (await backendsOf(cluster.primary)).length === 0, {
    what: 'the links to be gone',
  });
});

async function start(options: PoolerOptions = {}): Promise<Daemon> {
  const daemon = await pooler(cluster.primary, options);
  daemons.push(daemon);
  return daemon;
}

async function arrive(to: Daemon): Promise<RawClient> {
  const client = await enter(to);
  clients.push(client);
  return client;
}

async function refusesConnections({ host, port }: Daemon): Promise<void> {
  await waitFor(
    async () => {
      const outcome = await RawClient.connect({ host, port }).catch(String);
      if (typeof outcome === 'string') return outcome.includes('ECONNREFUSED');
      outcome.destroy();
      return false;
    },
    { what: 'the port to be closed' },
  );
}

describe('SIGTERM', () => {
  test('ends at once when nobody is there', async () => {
    const daemon = await start();
    daemon.kill('SIGTERM');
    expect(await daemon.exit).toEqual(DONE);
  });

  test('waits for the clients, and lets nobody new in', async () => {
    const daemon = await start();
    const [one, two] = [await arrive(daemon), await arrive(daemon)];
    daemon.kill('SIGTERM');
    await refusesConnections(daemon);
    expect(await ask(one, 'SELECT 1')).toBe('1');
    expect(await ask(two, 'SELECT 2')).toBe('2');
    await one.end();
    expect(await ask(two, 'SELECT 3')).toBe('3');
    expect(daemon.hasEnded).toBe(false);
    await two.end();
    expect(await daemon.exit).toEqual(DONE);
  });

  test('does not wait for those that never logged in', async () => {
    const daemon = await start();
    clients.push(await RawClient.connect({ host: daemon.host, port: daemon.port }));
    daemon.kill('SIGTERM');
    expect(await daemon.exit).toEqual(DONE);
  });

  test('a second one ends at once', async () => {
    const daemon = await start();
    const client = await arrive(daemon);
    await client.query('BEGIN');
    daemon.kill('SIGTERM');
    await refusesConnections(daemon);
    daemon.kill('SIGTERM');
    expect(await daemon.exit).toEqual(DONE);
    await client.closed;
  });
});

describe('SIGINT', () => {
  test('lets transactions finish, and turns away those that wait and those that ask', async () => {
    const daemon = await start({ settings: { default_pool_size: 1 } });
    const [active, waiting, idle] = await Promise.all([1, 2, 3].map(() => arrive(daemon)));
    if (active === undefined || waiting === undefined || idle === undefined) throw new Error();
    await active.query('BEGIN');
    await waiting.flushed(frontend.query('SELECT 1'));
    daemon.kill('SIGINT');
    expect(await untilError(waiting)).toBe('FATAL 57P01 server shutting down');
    idle.send(frontend.query('SELECT 2'));
    expect(await untilError(idle)).toBe('FATAL 57P01 server shutting down');
    expect(await ask(active, 'SELECT 3')).toBe('3');
    expect(daemon.hasEnded).toBe(false);
    expect(errorIn(await active.query('COMMIT'))).toBeUndefined();
    expect(await daemon.exit).toEqual(DONE);
  });

  test('ends at once when nothing runs, with clients there', async () => {
    const daemon = await start();
    const client = await arrive(daemon);
    await ask(client, 'SELECT 1');
    daemon.kill('SIGINT');
    expect(await daemon.exit).toEqual(DONE);
    await client.closed;
  });
});

test('SIGQUIT ends at once, whatever runs', async () => {
  const daemon = await start();
  const [running, open] = [await arrive(daemon), await arrive(daemon)];
  await running.flushed(frontend.query('SELECT pg_sleep(1)'));
  await open.query('BEGIN');
  const startedMs = performance.now();
  daemon.kill('SIGQUIT');
  expect(await daemon.exit).toEqual(DONE);
  expect(performance.now() - startedMs).toBeLessThan(2000);
  await Promise.all([running.closed, open.closed]);
});

test('SIGUSR1 and SIGUSR2 end nothing', async () => {
  const daemon = await start();
  const client = await arrive(daemon);
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
    daemon.kill(signal);
    await daemon.logged(`got ${signal}`);
  }
  expect(await ask(client, 'SELECT 1')).toBe('1');
});

describe('what a daemon leaves', () => {
  const PIDFILE = { settings: { pidfile: '{dir}/weir.pid', listen_addr: '127.0.0.1' } };

  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    'pidfile and Unix socket are there while it runs and gone after %s',
    async (signal) => {
      const daemon = await start(PIDFILE);
      const pidfile = join(daemon.dir, 'weir.pid');
      expect(readFileSync(pidfile, 'utf8')).toBe(`${daemon.pid}\n`);
      expect(existsSync(daemon.socketPath)).toBe(true);
      daemon.kill(signal);
      await daemon.exit;
      expect([existsSync(pidfile), existsSync(daemon.socketPath)]).toEqual([false, false]);
    },
  );

  test('after a kill the next one takes the pidfile and the Unix socket over', async () => {
    const first = await start(PIDFILE);
    first.kill('SIGKILL');
    await first.exit;
    expect(existsSync(first.socketPath)).toBe(true);
    const settings = { pidfile: join(first.dir, 'weir.pid'), unix_socket_dir: first.dir };
    const second = await startDaemon({
      config: ini(cluster.primary, { settings }),
      userlist: userlist(['app']),
      port: first.port,
    });
    daemons.push(second);
    const client = await RawClient.connect({ path: first.socketPath });
    clients.push(client);
    await client.login({ user: 'app', database: 'app' });
    expect(await ask(client, 'SELECT 1')).toBe('1');
    expect(readFileSync(settings.pidfile, 'utf8')).toBe(`${second.pid}\n`);
  });

  test('a second one on the same Unix socket or pidfile is refused, and the first goes on', async () => {
    const first = await start({ settings: { listen_addr: '', pidfile: '{dir}/weir.pid' } });
    const same = { listen_addr: '', unix_socket_dir: first.dir };
    const sameSocket = { config: ini(cluster.primary, { settings: same }), port: first.port };
    await expect(startDaemon({ ...sameSocket, userlist: userlist(['app']) })).rejects.toThrow(
      /ended with 1 instead.*unix socket/s,
    );
    const pidfile = { pidfile: join(first.dir, 'weir.pid') };
    const samePidfile = { config: ini(cluster.primary, { settings: pidfile }) };
    await expect(startDaemon({ ...samePidfile, userlist: userlist(['app']) })).rejects.toThrow(
      /weir\.pid' exists, another instance running\?/,
    );
    const client = await RawClient.connect({ path: first.socketPath });
    clients.push(client);
    await client.login({ user: 'app', database: 'app' });
    expect(readFileSync(pidfile.pidfile, 'utf8')).toBe(`${first.pid}\n`);
  });

  test('a file that is no socket is not removed', async () => {
    const first = await start();
    const port = await freePort();
    const path = join(first.dir, `.s.PGSQL.${port}`);
    writeFileSync(path, 'precious');
    const settings = { unix_socket_dir: first.dir };
    await expect(
      startDaemon({
        config: ini(cluster.primary, { settings }),
        userlist: userlist(['app']),
        port,
      }),
    ).rejects.toThrow(/ended with 1 instead/);
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });
});

test('a taken port: a clear error, exit 1, and no Unix socket stays', async () => {
  const first = await start();
  const sockets = join(first.dir, 'sockets');
  first.write('sockets/keep', '');
  const config = ini(cluster.primary, { settings: { unix_socket_dir: sockets } });
  await expect(
    startDaemon({ config, userlist: userlist(['app']), port: first.port }),
  ).rejects.toThrow(
    new RegExp(
      `ended with 1 instead(?:.|\\n)*cannot listen on 127.0.0.1:${first.port}: the port is taken ` +
        '\\(choose another one with listen_port\\)',
    ),
  );
  expect(existsSync(join(sockets, `.s.PGSQL.${first.port}`))).toBe(false);
  expect(await ask(await arrive(first), 'SELECT 1')).toBe('1');
});

test('a configuration with mistakes opens no port and leaves no file', async () => {
  const port = await freePort();
  const config = ini(cluster.primary, { settings: { pool_mode: 'pooled', default_pool_size: -1 } });
  await expect(startDaemon({ config, userlist: userlist(['app']), port })).rejects.toThrow(
    /ended with 1 instead.*pgweir\.ini:\d+: .*pool_mode.*pgweir\.ini:\d+: .*default_pool_size/s,
  );
  await expect(RawClient.connect({ host: '127.0.0.1', port })).rejects.toThrow('ECONNREFUSED');
});
