import {
  type Cluster,
  cancelPacket,
  type Daemon,
  frontend,
  RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import {
  type CrewOptions,
  consoleRows,
  crew,
  place,
  placeAt,
  RUNTIMES,
  untilGone,
  workersOf,
} from './support/crew';
import { ask, entry, ini, refusal, untilError, untilRuns } from './support/stage';

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
});

async function start(options: CrewOptions): Promise<Daemon> {
  const daemon = await crew(cluster.primary, options);
  daemons.push(daemon);
  return daemon;
}

async function arrive(
  daemon: Daemon,
  fits: (worker: number) => boolean = () => true,
): Promise<RawClient> {
  const { client } = await placeAt(daemon, fits);
  clients.push(client);
  return client;
}

describe.each(RUNTIMES)('several workers on %s', (runtime) => {
  const settings = { workers: 3, admin_users: 'app', log_stats: 0 };
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await crew(cluster.primary, { runtime, workers: 3 });
  });

  afterAll(() => daemon.stop());

  test('share the connections to a port, and show as one', async () => {
    for (const number of [1, 2, 3]) {
      const client = await arrive(daemon, (worker) => worker === number);
      expect(await ask(client, `SELECT ${number}`)).toBe(String(number));
    }
    const workers = await workersOf(daemon);
    expect(workers.map(({ slot, worker }) => [slot, worker])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(workers.map(({ state }) => state)).toEqual(['serving', 'serving', 'serving']);
    expect(new Set(workers.map(({ pid }) => pid)).has(daemon.pid)).toBe(false);
    const [pool, console, ...more] = await consoleRows(daemon, 'SHOW POOLS');
    expect(more).toEqual([]);
    expect(console).toMatchObject({ database: 'pgbouncer', cl_active: '1' });
    expect(pool).toMatchObject({ database: 'app', user: 'app', cl_active: '3' });
    const [stats] = await consoleRows(daemon, 'SHOW STATS_TOTALS');
    expect(Number(stats?.xact_count)).toBe(3);
    expect(daemon.log()).toMatch(/login attempt client=6291\d{3} .* worker=3$/m);
  });

  test('share a Unix socket as well', async () => {
    const placed = await place({ path: daemon.socketPath });
    clients.push(placed.client);
    expect(await ask(placed.client, 'SELECT 1')).toBe('1');
  });

  test('a cancel request reaches its worker whichever one it lands on', async () => {
    const { client, login } = await placeAt(daemon, (worker) => worker === 2);
    clients.push(client);
    for (let i = 0; i < 8; i++) {
      client.send(frontend.query(`SELECT pg_sleep(60), 'cancel ${i}'`));
      await untilRuns(cluster.primary, `cancel ${i}`);
      const messenger = await RawClient.connect({ host: daemon.host, port: daemon.port });
      messenger.send(cancelPacket(login.processId, login.cancelKey));
      await messenger.closed;
      expect(await untilError(client)).toBe('ERROR 57014 canceling statement due to user request');
      await client.until('Z');
      client.forget();
    }
  });

  test('a cancel request with a wrong key is a failed one, wherever it lands', async () => {
    const { client, login } = await placeAt(daemon, (worker) => worker === 1);
    clients.push(client);
    const wrong = Buffer.alloc(login.cancelKey.length, 7);
    for (const processId of [login.processId, 5 << 21]) {
      for (let i = 0; i < 4; i++) {
        const messenger = await RawClient.connect({ host: daemon.host, port: daemon.port });
        messenger.send(cancelPacket(processId, wrong));
        await messenger.closed;
      }
    }
    const failures = () => daemon.log().match(/failed cancel request/g)?.length;
    await waitFor(() => failures() === 8, { what: 'eight failures in the log' });
  });

  test('a reload reaches all of them, and a bad one none', async () => {
    const before = await arrive(daemon);
    const two = [entry(cluster.primary, 'app'), entry(cluster.primary, 'two')];
    await daemon.reload(ini(cluster.primary, { settings, databases: two }));
    for (const number of [1, 2, 3]) {
      const placed = await placeAt(daemon, (worker) => worker === number, { database: 'two' });
      clients.push(placed.client);
      expect(await ask(placed.client, 'SELECT 2')).toBe('2');
    }
    await daemon.reload('[pgbouncer]\nmax_client_conn = many\n', 'RELOAD failed');
    expect(await ask(before, 'SELECT 1')).toBe('1');
    expect(await consoleRows(daemon, 'SHOW WORKERS')).toHaveLength(3);
  });

  test('a worker that starts later has the files of the last good load', async () => {
    daemon.write('pgweir.ini', 'this is no configuration\n');
    const [before] = await workersOf(daemon);
    process.kill(before?.pid ?? 0, 'SIGKILL');
    await daemon.logged('serves in place of one that has died');
    const client = await arrive(daemon, (worker) => worker > 3);
    expect(await ask(client, 'SELECT 1')).toBe('1');
  });

  test('the caps on clients hold for all of them together', async () => {
    await daemon.reload(ini(cluster.primary, { settings: { ...settings, max_client_conn: 4 } }));
    for (let i = 0; i < 4; i++) await arrive(daemon);
    const refused = async (): Promise<boolean> =>
      (await refusal({ host: daemon.host, port: daemon.port })).includes('53300');
    // Each worker hears of the clients of the others a few milliseconds later.
    await waitFor(
      async () => {
        for (let i = 0; i < 8; i++) if (!(await refused())) return false;
        return true;
      },
      { what: 'the cap to hold at every worker' },
    );
    clients.pop()?.destroy();
    await arrive(daemon);
  });
});

describe.each(RUNTIMES)('the end of several workers on %s', (runtime) => {
  const DONE = { code: 0, signal: null };

  test.each([
    ['SIGTERM', 'SELECT 1'],
    ['SIGINT', 'BEGIN'],
  ] as const)('%s waits, and lets nobody new in', async (signal, sql) => {
    const daemon = await start({ runtime });
    const first = await arrive(daemon, (worker) => worker === 1);
    const second = await arrive(daemon, (worker) => worker === 2);
    for (const client of [first, second]) await client.query(sql);
    const pids = (await workersOf(daemon)).map(({ pid }) => pid);
    daemon.kill(signal);
    await waitFor(
      async () => {
        const { host, port } = daemon;
        const outcome = await RawClient.connect({ host, port }).catch(String);
        if (typeof outcome !== 'string') outcome.destroy();
        return typeof outcome === 'string' && outcome.includes('ECONNREFUSED');
      },
      { what: 'the port to be closed' },
    );
    expect(daemon.hasEnded).toBe(false);
    for (const client of [first, second]) {
      await client.query('COMMIT');
      client.destroy();
    }
    expect(await daemon.exit).toEqual(DONE);
    await untilGone(pids);
  });

  test('SIGQUIT, or a second signal, does not wait', async () => {
    for (const signals of [['SIGQUIT'], ['SIGTERM', 'SIGTERM']] as const) {
      const daemon = await start({ runtime });
      const client = await arrive(daemon);
      await client.query('BEGIN');
      const pids = (await workersOf(daemon)).map(({ pid }) => pid);
      for (const signal of signals) {
        daemon.kill(signal);
        await daemon.logged(signal === 'SIGQUIT' ? 'immediate shutdown' : 'shutting down');
      }
      expect(await daemon.exit).toEqual(DONE);
      await untilGone(pids);
    }
  });

  test('SHUTDOWN on the console ends all of them, with an answer', async () => {
    const daemon = await start({ runtime });
    const pids = (await workersOf(daemon)).map(({ pid }) => pid);
    await consoleRows(daemon, 'SHUTDOWN WAIT_FOR_CLIENTS');
    expect(await daemon.exit).toEqual(DONE);
    await untilGone(pids);
  });

  test('when the supervisor is killed nobody is left', async () => {
    const daemon = await start({ runtime });
    const client = await arrive(daemon);
    await client.query('BEGIN');
    const pids = (await workersOf(daemon)).map(({ pid }) => pid);
    expect(pids).toHaveLength(2);
    daemon.kill('SIGKILL');
    await untilGone(pids, 5000);
    await client.closed;
  });

  test('a start that cannot succeed ends with the reason', async () => {
    const other = await start({ runtime });
    const port = { listen_port: other.port };
    await expect(start({ runtime, settings: port })).rejects.toThrow(/the port is taken/);
  });
});
