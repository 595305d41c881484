import { type Cluster, type Daemon, type RawClient, startCluster, waitFor } from '@pgweir/testkit';
import { type CrewOptions, crew, placeAt, RUNTIMES, workersOf } from './support/crew';
import { ask, backendsOf, LOG_WITH_SQLSTATE, overruns } from './support/stage';

/** PostgreSQL judges: it lets `app` have not one connection more than the cap. */
const CAP = 4;
let cluster: Cluster;
let daemon: Daemon | undefined;
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
  await daemon?.stop();
  expect(await overruns(cluster)).toEqual([]);
  await waitFor(async () => (await backendsOf(cluster.primary)).length === 0, {
    what: 'the links to be gone',
  });
});

async function start(options: CrewOptions): Promise<Daemon> {
  const settings = { default_pool_size: CAP, query_wait_timeout: 20, ...options.settings };
  daemon = await crew(cluster.primary, { ...options, settings });
  return daemon;
}

async function arrive(to: Daemon, worker: number): Promise<RawClient> {
  const { client } = await placeAt(to, (number) => number === worker);
  clients.push(client);
  return client;
}

async function pidOf(of: Daemon, worker: number): Promise<number> {
  const rows = await workersOf(of);
  return rows.find((row) => row.worker === worker)?.pid ?? 0;
}

describe.each(RUNTIMES)('several workers on %s', (runtime) => {
  test('one that is killed is replaced, and the clients of the other notice nothing', async () => {
    const to = await start({ runtime });
    const victim = await arrive(to, 1);
    const other = await arrive(to, 2);
    await victim.query('BEGIN');
    await ask(other, 'BEGIN; SELECT 1');
    const pid = await pidOf(to, 1);
    process.kill(pid, 'SIGKILL');
    await victim.closed;
    for (let i = 0; i < 20; i++) expect(await ask(other, `SELECT ${i}`)).toBe(String(i));
    await to.logged('serves in place of one that has died');
    expect(await ask(other, 'SELECT 1')).toBe('1');
    const rows = await workersOf(to);
    expect(rows.map(({ slot, worker, restarts }) => [slot, worker, restarts])).toEqual([
      [0, 3, 1],
      [1, 2, 0],
    ]);
    expect(await ask(await arrive(to, 3), 'SELECT 3')).toBe('3');
  });

  test('the links of one that is killed free their places when their backends are gone', async () => {
    const to = await start({ runtime });
    // Its first login needs a link, and soon there will be none.
    const other = await arrive(to, 2);
    const busy: RawClient[] = [];
    for (let i = 0; i < CAP; i++) busy.push(await arrive(to, 1));
    // What runs would keep its backend from noticing that nobody is left.
    const over = busy.map((client) => client.query('SELECT pg_sleep(60)').catch(() => undefined));
    const sleeping = `SELECT 1 FROM pg_stat_activity
      WHERE usename = 'app' AND state = 'active' AND strpos(query, 'pg_sleep') > 0`;
    await waitFor(async () => (await cluster.primary.query(sleeping)).length === CAP, {
      what: 'all links to be taken',
    });
    const answer = ask(other, 'SELECT 2');
    const pid = await pidOf(to, 1);
    const killedMs = performance.now();
    process.kill(pid, 'SIGKILL');
    expect(await answer).toBe('2');
    const tookMs = performance.now() - killedMs;
    expect(tookMs).toBeLessThan(3000);
    await Promise.all(over);
  });

  test('a login needs no link where another worker knows what PostgreSQL says', async () => {
    // One link for all, and that one is busy.
    const to = await start({ runtime, settings: { default_pool_size: 1 } });
    const { client: busy, worker } = await placeAt(to, () => true);
    clients.push(busy);
    await busy.query('BEGIN');
    const answer = ask(await arrive(to, worker === 1 ? 2 : 1), 'SELECT 2');
    await busy.query('COMMIT');
    expect(await answer).toBe('2');
    expect(await backendsOf(cluster.primary)).toHaveLength(1);
  });

  test('one that hangs is killed and replaced', async () => {
    const to = await start({ runtime, settings: { worker_hang_timeout: 1 } });
    const victim = await arrive(to, 1);
    const other = await arrive(to, 2);
    process.kill(await pidOf(to, 1), 'SIGSTOP');
    // Earlier than the ten seconds of the default.
    await to.logged(/gives no sign of life and is killed .*silent_ms=[1-9]\d{3}\b/);
    await victim.closed;
    expect(await ask(other, 'SELECT 2')).toBe('2');
    await to.logged('serves in place of one that has died');
    expect(await ask(await arrive(to, 3), 'SELECT 3')).toBe('3');
  });

  test('an idle link moves to the worker that needs it', async () => {
    const to = await start({ runtime });
    const holders: RawClient[] = [];
    for (let i = 0; i < CAP; i++) holders.push(await arrive(to, 1));
    for (const holder of holders) await holder.query('BEGIN');
    for (const holder of holders) await holder.query('COMMIT');
    expect(await backendsOf(cluster.primary)).toHaveLength(CAP);
    const other = await arrive(to, 2);
    const askedMs = performance.now();
    expect(await ask(other, 'SELECT 2')).toBe('2');
    // Milliseconds, and a login to PostgreSQL; machines that run tests are slow.
    expect(performance.now() - askedMs).toBeLessThan(1000);
  });

  test('the cap holds under churn while workers die', async () => {
    const to = await start({ runtime, workers: 3 });
    const untilMs = performance.now() + 3000;
    let served = 0;
    /** Its worker has died; the next connection finds another. */
    let cut = 0;
    const churn = async (): Promise<void> => {
      while (performance.now() < untilMs) {
        try {
          const { client } = await placeAt(to, () => true);
          try {
            for (let i = 0; i < 3; i++) await ask(client, 'SELECT pg_sleep(0.001)');
            served++;
          } finally {
            client.destroy();
          }
        } catch {
          cut++;
        }
      }
    };
    const churning = Array.from({ length: 16 }, churn);
    for (let killed = 0; killed < 3; killed++) {
      await waitFor(() => served > killed * 20 + 10, { what: 'some clients to be served' });
      const serving = (await workersOf(to)).filter(({ state }) => state === 'serving');
      process.kill(serving[killed % serving.length]?.pid ?? 0, 'SIGKILL');
    }
    await Promise.all(churning);
    expect(served).toBeGreaterThan(50);
    expect(cut).toBeLessThan(served);
  });
});
