import {
  type Cluster,
  type Daemon,
  freePort,
  startCluster,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { commandOn, consoleRows, type Runtime, untilGone, workersOf } from './support/crew';
import { fetchFrom, httpPort } from './support/http';
import { ask, enter, ini, type Settings, userlist } from './support/stage';

let cluster: Cluster;
let daemons: Daemon[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const daemon of daemons.reverse()) await daemon.stop();
  daemons = [];
});

interface Kind {
  readonly runtime: Runtime;
  readonly workers: number;
}

function config(kind: Kind, settings: Settings): string {
  const { workers } = kind;
  return ini(cluster.primary, { settings: { workers, admin_users: 'app', ...settings } });
}

/** Starts a daemon, or one that takes over from the last. */
async function start(kind: Kind, settings: Settings): Promise<Daemon> {
  const before = daemons.at(-1);
  const daemon = await startDaemon({
    config: config(kind, settings),
    userlist: userlist(['app']),
    command: commandOn(kind.runtime),
    ...(before === undefined ? {} : { args: ['-R'], successorOf: before }),
  });
  daemons.push(daemon);
  return daemon;
}

const AT_ANY_PORT = { metrics_addr: '127.0.0.1:0' };

/** Each runtime, and each number of workers. */
const KINDS: readonly Kind[] = [
  { runtime: 'node', workers: 1 },
  { runtime: 'bun', workers: 2 },
];
const OTHERS: readonly Kind[] = [
  { runtime: 'node', workers: 2 },
  { runtime: 'bun', workers: 1 },
];

describe.each(KINDS)('on $runtime with workers = $workers', (kind) => {
  test('metrics_addr says where HTTP is served; a reload moves it, and closes it', async () => {
    const daemon = await start(kind, {});
    expect(daemon.log()).not.toContain('http: listening');
    const one = await freePort();
    await daemon.reload(config(kind, { metrics_addr: `127.0.0.1:${one}` }), 'http: listening');
    expect(await fetchFrom(one, '/healthz')).toMatchObject({
      status: 200,
      body: '{"status":"alive"}\n',
    });
    // One that cannot be had changes nothing.
    await daemon.reload(
      config(kind, { metrics_addr: `127.0.0.1:${cluster.primary.port}` }),
      'the port is taken',
    );
    expect((await fetchFrom(one, '/healthz')).status).toBe(200);
    const two = await freePort();
    await daemon.reload(config(kind, { metrics_addr: `127.0.0.1:${two}` }), 'not listening on 127');
    expect((await fetchFrom(two, '/readyz')).status).toBe(200);
    await expect(fetchFrom(one, '/healthz')).rejects.toThrow('ECONNREFUSED');
    await daemon.reload(config(kind, {}), `not listening on 127.0.0.1:${two}`);
    await expect(fetchFrom(two, '/healthz')).rejects.toThrow('ECONNREFUSED');
  });

  test('readyz says when new clients had better go elsewhere', async () => {
    const daemon = await start(kind, AT_ANY_PORT);
    const port = httpPort(daemon);
    const ready = async () => JSON.parse((await fetchFrom(port, '/readyz')).body).reason;
    expect(await fetchFrom(port, '/readyz')).toMatchObject({
      status: 200,
      body: '{"status":"ready"}\n',
    });
    await consoleRows(daemon, 'PAUSE');
    expect(await fetchFrom(port, '/readyz')).toMatchObject({
      status: 503,
      body: '{"status":"not ready","reason":"paused"}\n',
    });
    await consoleRows(daemon, 'RESUME');
    expect(await ready()).toBeUndefined();
    const client = await enter(daemon);
    expect(await ask(client, 'SELECT 1')).toBe('1');
    daemon.kill('SIGTERM');
    await waitFor(async () => (await ready()) === 'draining', { what: 'readyz to say so' });
    expect((await fetchFrom(port, '/healthz')).status).toBe(200);
    expect(await ask(client, 'SELECT 1')).toBe('1');
    client.destroy();
    expect(await daemon.exit).toEqual({ code: 0, signal: null });
    await expect(fetchFrom(port, '/healthz')).rejects.toThrow('ECONNREFUSED');
  });
});

test.each([...KINDS, ...OTHERS])(
  'on $runtime with workers = $workers a daemon that takes over has the port of the one before',
  async (kind) => {
    const at = { metrics_addr: `127.0.0.1:${await freePort()}` };
    const port = Number(at.metrics_addr.split(':')[1]);
    const old = await start(kind, at);
    const client = await enter(old);
    expect(await ask(client, 'SELECT 1')).toBe('1');
    const fresh = await start(kind, at);
    await fresh.logged(`http: listening on 127.0.0.1:${port}`);
    expect((await fetchFrom(port, '/readyz')).status).toBe(200);
    client.destroy();
    expect(await old.exit).toEqual({ code: 0, signal: null });
    expect((await fetchFrom(port, '/readyz')).status).toBe(200);
  },
);

test('readyz says that no worker is up', async () => {
  const kind: Kind = { runtime: 'node', workers: 2 };
  const daemon = await start(kind, AT_ANY_PORT);
  const port = httpPort(daemon);
  const pids = (await workersOf(daemon)).map(({ pid }) => pid);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await untilGone(pids);
  await waitFor(async () => (await fetchFrom(port, '/readyz')).body.includes('no worker is up'), {
    what: 'readyz to say so',
    everyMs: 1,
  });
  await waitFor(async () => (await fetchFrom(port, '/readyz')).status === 200, {
    what: 'workers to be up again',
  });
});

test('a port that cannot be had is an error at the start', async () => {
  const at = { metrics_addr: `127.0.0.1:${cluster.primary.port}` };
  await expect(start({ runtime: 'node', workers: 1 }, at)).rejects.toThrow(
    /cannot listen on 127\.0\.0\.1:\d+ \(metrics_addr\): the port is taken/,
  );
});
