import {
  type Cluster,
  cancelPacket,
  type Daemon,
  frontend,
  Random,
  RawClient,
  rowValues,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import {
  ask,
  backendPid,
  backendsOf,
  enter,
  entry,
  errorIn,
  LOG_WITH_SQLSTATE,
  overruns,
  type PoolerOptions,
  pooler,
  refusal,
} from './support/stage';

/** PostgreSQL judges: its roles and databases allow not one connection more than ours. */
const CAP = 3;
let cluster: Cluster;
let daemon: Daemon | undefined;
let clients: RawClient[] = [];
let expectedOverruns = 0;

beforeAll(async () => {
  cluster = await startCluster({
    settings: LOG_WITH_SQLSTATE,
    users: [
      { name: 'app', connectionLimit: CAP },
      { name: 'ann' },
      { name: 'bob' },
      { name: 'owner', superuser: true },
    ],
    databases: [{ name: 'one' }, { name: 'two' }],
  });
  await cluster.primary.query(`ALTER DATABASE one CONNECTION LIMIT ${CAP}`);
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await daemon?.stop();
  expect((await overruns(cluster)).slice(expectedOverruns)).toEqual([]);
  await waitFor(async () => (await backendsOf(cluster.primary, 'app')).length === 0, {
    what: 'the backends to end',
  });
});

async function start(options: PoolerOptions): Promise<Daemon> {
  daemon = await pooler(cluster.primary, options);
  return daemon;
}

async function arrive(to: Daemon, who: Parameters<typeof enter>[1] = {}): Promise<RawClient> {
  const client = await enter(to, who);
  clients.push(client);
  return client;
}

/** Clients that hold one link each: in a transaction. */
async function hold(to: Daemon, count: number, who = {}): Promise<RawClient[]> {
  const holders: RawClient[] = [];
  for (let i = 0; i < count; i++) {
    const client = await arrive(to, who);
    await ask(client, 'BEGIN; SELECT 1');
    holders.push(client);
  }
  return holders;
}

async function afterMs(work: Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work;
  return performance.now() - startedMs;
}

/** One client of the churn; whatever happens to it, it leaves. */
async function churn(to: Daemon, random: Random): Promise<void> {
  const client = await RawClient.connect({ host: to.host, port: to.port });
  try {
    const { processId, cancelKey } = await client.login({ user: 'app', database: 'app' });
    switch (random.between(0, 5)) {
      case 0:
        await client.flushed(frontend.query('SELECT pg_sleep(5)'));
        client.destroy('reset');
        return;
      case 1:
        client.send(frontend.query('BEGIN; SELECT pg_sleep(0.01)'));
        await client.until('T');
        client.destroy();
        return;
      case 2: {
        client.send(frontend.query('SELECT pg_sleep(5)'));
        // As long as the statement has not begun, there is nothing to cancel.
        const done = client.until('Z');
        while (!(await settled(done))) {
          const cancel = await RawClient.connect({ host: to.host, port: to.port });
          cancel.send(cancelPacket(processId, cancelKey));
          await cancel.closed;
        }
        return;
      }
      case 3:
        client.send(frontend.run('SELECT pg_sleep(0.01)'));
        await client.until('T');
        client.destroy();
        return;
      default:
        await client.query('BEGIN');
        await client.query('SELECT pg_sleep(0.002)');
        await client.query('COMMIT');
        await client.end();
    }
  } catch (error) {
    if (!isExpected(error)) throw error;
  } finally {
    client.destroy();
  }
}

/** Backends are killed during the churn, so connections end. */
function isExpected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return /connection ended/.test(error.message) || /\((57P01|08006)\)/.test(error.message);
}

async function settled(work: Promise<unknown>): Promise<boolean> {
  const pause = new Promise<false>((resolve) => setTimeout(resolve, 20, false));
  const over = work.then(
    () => true,
    () => true,
  );
  return await Promise.race([over, pause]);
}

test('clients that are killed, cancelled or whose server process is terminated never push a pool over its size', async () => {
  const to = await start({ settings: { default_pool_size: CAP } });
  const seed = 20260712;
  let running = true;
  const worker = async (n: number): Promise<void> => {
    const random = new Random(seed + n);
    for (let i = 0; i < 6; i++) await churn(to, random);
  };
  const terminate = async (): Promise<void> => {
    while (running) {
      await cluster.primary.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE usename = 'app' ORDER BY random() LIMIT 1`,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const terminating = terminate();
  await Promise.all(Array.from({ length: 20 }, (_, n) => worker(n)));
  running = false;
  await terminating;
  // Nor does it get smaller: no permit is lost.
  const holders = await hold(to, CAP);
  const pids = new Set(await Promise.all(holders.map(backendPid)));
  expect(pids.size).toBe(CAP);
}, 60_000);

test('the reserve opens after reserve_pool_timeout, and no further', async () => {
  const settings = {
    default_pool_size: CAP - 1,
    reserve_pool_size: 1,
    reserve_pool_timeout: 0.5,
  };
  const to = await start({ settings });
  await hold(to, CAP - 1);
  const third = await arrive(to);
  const waitedMs = await afterMs(third.query('BEGIN'));
  expect(waitedMs).toBeGreaterThan(450);
  expect(waitedMs).toBeLessThan(3000);
  const fourth = await arrive(to);
  fourth.send(frontend.query('SELECT 4'));
  await expect(fourth.until('Z', { deadlineMs: 1500 })).rejects.toThrow('1500 ms passed');
  expect((await backendsOf(cluster.primary)).length).toBe(CAP);
  await third.query('COMMIT');
  await fourth.until('Z');
  expect(to.log()).toContain('taking connection from reserve_pool');
});

const ONE = (server: { readonly port: number }): string =>
  `one = host=127.0.0.1 port=${server.port}`;

test('max_db_connections: idle links of another user make room at once', async () => {
  const to = await start({
    databases: [ONE(cluster.primary)],
    names: ['ann', 'bob'],
    settings: { default_pool_size: CAP, max_db_connections: CAP },
  });
  const anns = await hold(to, CAP, { user: 'ann', database: 'one' });
  await Promise.all(anns.map((client) => client.query('COMMIT')));
  const bob = await arrive(to, { user: 'bob', database: 'one' });
  expect(await afterMs(ask(bob, 'SELECT 1'))).toBeLessThan(2000);
  // And back and forth, with more clients than room.
  const others = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      arrive(to, { user: i % 2 === 0 ? 'ann' : 'bob', database: 'one' }),
    ),
  );
  for (let round = 0; round < 5; round++) {
    await Promise.all(others.map((client) => ask(client, 'SELECT pg_sleep(0.002)')));
  }
});

test('max_db_connections: a busy pool does not starve another one', async () => {
  const to = await start({
    databases: [ONE(cluster.primary)],
    names: ['ann', 'bob'],
    settings: { default_pool_size: CAP, max_db_connections: CAP },
  });
  let running = true;
  const greedy = await Promise.all(
    Array.from({ length: CAP * 4 }, () => arrive(to, { user: 'ann', database: 'one' })),
  );
  const busy = greedy.map(async (client) => {
    while (running) await client.query('SELECT pg_sleep(0.005)');
  });
  try {
    const bob = await RawClient.connect({ host: to.host, port: to.port });
    clients.push(bob);
    await bob.login({ user: 'bob', database: 'one', deadlineMs: 5000 });
    for (let i = 0; i < 5; i++) await bob.query('SELECT 1', { deadlineMs: 5000 });
  } finally {
    running = false;
    await Promise.all(busy);
  }
});

test('max_user_connections: idle links to another database make room at once', async () => {
  const to = await start({
    databases: [entry(cluster.primary, 'app'), `two = host=127.0.0.1 port=${cluster.primary.port}`],
    settings: { default_pool_size: CAP, max_user_connections: CAP },
  });
  const holders = await hold(to, CAP);
  await Promise.all(holders.map((client) => client.query('COMMIT')));
  const other = await arrive(to, { database: 'two' });
  expect(await afterMs(ask(other, 'SELECT 1'))).toBeLessThan(2000);
  const more = await Promise.all(
    Array.from({ length: 10 }, (_, i) => arrive(to, { database: i % 2 === 0 ? 'app' : 'two' })),
  );
  for (let round = 0; round < 5; round++) {
    await Promise.all(more.map((client) => ask(client, 'SELECT pg_sleep(0.002)')));
  }
});

test('whoever waits longest is served first, and nobody is left out', async () => {
  const to = await start({ settings: { default_pool_size: 1, admin_users: 'app' } });
  const console = await arrive(to, { database: 'pgbouncer' });
  const all = await Promise.all(Array.from({ length: 20 }, () => arrive(to)));
  const [holder] = await hold(to, 1);
  const order: number[] = [];
  const waits: Promise<unknown>[] = [];
  for (const [i, client] of all.entries()) {
    await client.flushed(frontend.query('SELECT 1'));
    waits.push(client.until('Z').then(() => order.push(i)));
    await waitFor(async () => (await waitingClients(console)) === i + 1, {
      what: `${i + 1} waiting clients`,
    });
  }
  await holder?.query('COMMIT');
  await Promise.all(waits);
  expect(order).toEqual(all.map((_, i) => i));
});

async function waitingClients(console: RawClient): Promise<number> {
  const rows = (await console.query('SHOW POOLS')).filter(({ tag }) => tag === 'D').map(rowValues);
  return Number(rows.find(([database]) => database === 'app')?.[3]);
}

describe('client caps', () => {
  const busy = (what: string): string => `FATAL 53300 ${what}`;

  test('max_client_conn: as many as it says, whoever comes at once, and a place is free when one leaves', async () => {
    const to = await start({ settings: { max_client_conn: 50, default_pool_size: CAP } });
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, async () => {
        try {
          clients.push(await enter(to));
          return 'in';
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      }),
    );
    const refused = 'FATAL: no more connections allowed (max_client_conn) (53300)';
    expect([...new Set(outcomes)].sort()).toEqual([refused, 'in']);
    expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(50);
    expect(await refusal(to)).toBe(busy('no more connections allowed (max_client_conn)'));
    clients.pop()?.destroy('reset');
    await waitFor(async () => clients.push(await enter(to)), { what: 'a free place' });
  });

  test('max_db_client_connections holds for one database', async () => {
    const to = await start({
      databases: [
        entry(cluster.primary, 'app'),
        entry(cluster.primary, 'few', 'max_db_client_connections=2'),
      ],
      settings: { default_pool_size: 1 },
    });
    for (let i = 0; i < 2; i++) await arrive(to, { database: 'few' });
    expect(await refusal(to, { database: 'few' })).toBe(
      busy('client connections exceeded (max_db_client_connections)'),
    );
    await arrive(to);
    await clients[0]?.end();
    await waitFor(() => arrive(to, { database: 'few' }), { what: 'a free place' });
  });

  test('max_user_client_connections holds for one user', async () => {
    const to = await start({
      names: ['app', 'ann'],
      users: ['ann = max_user_client_connections=2'],
      settings: { default_pool_size: 1 },
    });
    for (let i = 0; i < 2; i++) await arrive(to, { user: 'ann' });
    expect(await refusal(to, { user: 'ann' })).toBe(
      busy('client connections exceeded (max_user_client_connections)'),
    );
    await arrive(to);
    await clients[0]?.end();
    await waitFor(() => arrive(to, { user: 'ann' }), { what: 'a free place' });
  });

  test('a link that PostgreSQL has no room for keeps its clients waiting, not failing', async () => {
    const to = await start({ settings: { default_pool_size: CAP + 2, query_wait_timeout: 20 } });
    await hold(to, CAP);
    const more = await arrive(to);
    more.send(frontend.query('SELECT 1'));
    await to.logged('too many connections for role');
    await clients[0]?.query('COMMIT');
    expect(errorIn(await more.until('Z'))).toBeUndefined();
    expectedOverruns = (await overruns(cluster)).length;
    expect(expectedOverruns).toBeGreaterThan(0);
  });
});
