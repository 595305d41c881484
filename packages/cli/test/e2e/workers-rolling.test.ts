import { connect, type NetConnectOpts } from 'node:net';
import {
  type Cluster,
  type Daemon,
  RawClient,
  startCluster,
  startupPacket,
  waitFor,
} from '@pgweir/testkit';
import { consoleRows, crew, placeAt, RUNTIMES, untilGone, workersOf } from './support/crew';
import { ask, ini } from './support/stage';

const RATE_PER_S = 1000;
const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const STARTUP = startupPacket({ user: 'app', database: 'app' });
let cluster: Cluster;
let daemon: Daemon;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(() => daemon.stop());

/** Clients that come, log in and leave, so many a second. */
class Stream {
  begun = 0;
  readonly outcomes = new Map<string, number>();
  readonly #targets: readonly NetConnectOpts[];
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(targets: readonly NetConnectOpts[]) {
    this.#targets = targets;
    this.#timer = setInterval(() => this.#catchUp(), 2);
  }

  #catchUp(): void {
    const due = ((performance.now() - this.#startMs) / 1000) * RATE_PER_S;
    while (this.begun < due) {
      const target = this.#targets[this.begun++ % this.#targets.length];
      if (target !== undefined) this.#login(target);
    }
  }

  #login(target: NetConnectOpts): void {
    let outcome = 'closed early';
    const socket = connect(target, () => socket.write(STARTUP));
    socket.on('data', (bytes) => {
      if (bytes[0] === 0x45) outcome = `refused: ${bytes.toString('latin1')}`;
      else if (bytes.subarray(-READY.length).equals(READY)) outcome = 'logged in';
      else return;
      socket.destroy();
    });
    socket.on('error', (error) => {
      outcome = error.message;
    });
    socket.on('close', () => this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1));
  }

  /** Waits for the last of them. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const ended = () => [...this.outcomes.values()].reduce((sum, count) => sum + count, 0);
    await waitFor(() => ended() === this.begun, {
      what: 'every client to have an answer',
      deadlineMs: 20_000,
    });
  }
}

describe.each(RUNTIMES)('workers on %s are replaced', (runtime) => {
  test('without a connection refused or reset, at a thousand a second', async () => {
    daemon = await crew(cluster.primary, {
      runtime,
      settings: { max_client_conn: 20_000, log_connections: 0, log_disconnections: 0 },
    });
    const { host, port, socketPath } = daemon;
    const before = (await workersOf(daemon)).map(({ pid }) => pid);
    const stream = new Stream([{ host, port }, { path: socketPath }]);
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
