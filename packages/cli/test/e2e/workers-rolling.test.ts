import { type Cluster, type Daemon, RawClient, startCluster, waitFor } from '@pgweir/testkit';
import { ClientStream } from './support/client-stream';
import { consoleRows, crew, placeAt, RUNTIMES, untilGone, workersOf } from './support/crew';
import { ask, ini } from './support/stage';

let cluster: Cluster;
let daemon: Daemon;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(() => daemon.stop());

describe.each(RUNTIMES)('workers on %s are replaced', (runtime) => {
  test('without a connection refused or reset, at hundreds a second', async () => {
    daemon = await crew(cluster.primary, {
      runtime,
      settings: { max_client_conn: 20_000, log_connections: 0, log_disconnections: 0 },
    });
    const { host, port, socketPath } = daemon;
    const before = (await workersOf(daemon)).map(({ pid }) => pid);
    const stream = new ClientStream([{ host, port }, { path: socketPath }], 300);
    await waitFor(() => (stream.outcomes.get('logged in') ?? 0) > 100, { what: 'clients' });
    await consoleRows(daemon, 'RELOAD WORKERS');
    await untilGone(before, 20_000);
    await stream.stop();
    expect(Object.fromEntries(stream.outcomes)).toEqual({ 'logged in': stream.begun });
    const workers = await workersOf(daemon);
    expect(workers.map(({ slot, worker }) => [slot, worker])).toEqual([
      [0, 3],
      [1, 4],
    ]);
  });

  test('while their clients stay, until they have stayed too long', async () => {
    const settings = { workers: 2, admin_users: 'app', log_stats: 0 };
    daemon = await crew(cluster.primary, { runtime, settings });
    const { client } = await placeAt(daemon, (worker) => worker === 1);
    await client.query('BEGIN');
    const before = (await workersOf(daemon)).map(({ pid }) => pid);
    await consoleRows(daemon, 'RELOAD WORKERS');
    expect(await ask(client, 'SELECT 1')).toBe('1');
    // The client of the console that asked for it may still be leaving the other worker.
    await untilGone(before.slice(1));
    const retiring = (await workersOf(daemon)).filter(({ state }) => state === 'retiring');
    expect(retiring).toMatchObject([{ worker: 1, slot: 0, clients: 1 }]);
    await client.query('COMMIT');
    client.destroy();
    await untilGone(before);

    const limited = { ...settings, worker_drain_timeout: 0.3 };
    await daemon.reload(ini(cluster.primary, { settings: limited }));
    const late = await RawClient.connect({ host: daemon.host, port: daemon.port });
    await late.login({ user: 'app', database: 'app' });
    const old = (await workersOf(daemon)).map(({ pid }) => pid);
    await consoleRows(daemon, 'RELOAD WORKERS');
    await late.closed;
    await untilGone(old);
  });
});
