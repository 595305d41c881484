import {
  type Cluster,
  type Daemon,
  frontend,
  RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { fatal, Gate } from './support/gate';
import {
  ask,
  backendPid,
  backendsOf,
  enter,
  entry,
  errorIn,
  type PoolerOptions,
  pooler,
  refusal,
  untilError,
  withClient,
} from './support/stage';

let cluster: Cluster;
let gate: Gate;
let daemon: Daemon | undefined;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }, { name: 'ann' }] });
  gate = await Gate.before(cluster.primary);
});

afterAll(async () => {
  await gate.close();
  await cluster.stop();
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  gate.mode = 'open';
  await daemon?.stop();
  await cluster.primary.start();
});

async function start(options: PoolerOptions = {}): Promise<Daemon> {
  daemon = await pooler(cluster.primary, options);
  return daemon;
}

async function arrive(to: Daemon, who: Parameters<typeof enter>[1] = {}): Promise<RawClient> {
  const client = await enter(to, who);
  clients.push(client);
  return client;
}

async function timed<T>(work: Promise<T>): Promise<{ readonly got: T; readonly ms: number }> {
  const startedMs = performance.now();
  const got = await work;
  return { got, ms: performance.now() - startedMs };
}

describe('a server that is down', () => {
  test('before the first login: clients fail at once with the reason, and are served once it is up', async () => {
    await cluster.primary.stop();
    const to = await start();
    for (let i = 0; i < 3; i++) {
      const { got, ms } = await timed(refusal(to));
      expect(got).toMatch(/^FATAL 57P03 .*ECONNREFUSED/);
      expect(ms).toBeLessThan(1500);
    }
    await cluster.primary.start();
    // The very next client: nobody gets a stale error.
    expect(await ask(await arrive(to), 'SELECT 1')).toBe('1');
  });

  test('before the first login: with many clients at once, none hangs and none is served', async () => {
    await cluster.primary.stop();
    const to = await start();
    const { got, ms } = await timed(Promise.all(Array.from({ length: 100 }, () => refusal(to))));
    for (const text of got) expect(text).toMatch(/^FATAL 57P03 /);
    expect(ms).toBeLessThan(5000);
  });

  test('a wrong database: clients get the error of PostgreSQL', async () => {
    const to = await start({
      databases: [`gone = host=127.0.0.1 port=${cluster.primary.port} dbname=nowhere`],
    });
    const { got, ms } = await timed(refusal(to, { database: 'gone' }));
    expect(got).toBe('FATAL 3D000 database "nowhere" does not exist');
    expect(ms).toBeLessThan(1500);
  });

  test('after logins: clients that are there fail with the reason and others come in when it is back', async () => {
    const to = await start();
    const first = await arrive(to);
    await ask(first, 'SELECT 1');
    await cluster.primary.stop();
    first.send(frontend.query('SELECT 2'));
    expect(await untilError(first)).toMatch(/^FATAL (57P03|08006|57P01) /);
    await first.closed;
    await cluster.primary.start();
    expect(await ask(await arrive(to), 'SELECT 1')).toBe('1');
  });

  test('restarts under load: every transaction is done or has failed, and the load goes on', async () => {
    const to = await start({ settings: { default_pool_size: 5 } });
    let running = true;
    let served = 0;
    const texts = new Set<string>();
    const worker = async (): Promise<void> => {
      while (running) {
        try {
          await withClient(to, async (client) => {
            while (running) {
              const error = errorIn(await client.query('SELECT pg_sleep(0.001)'));
              if (error !== undefined) throw new Error(`${error.C} ${error.M}`);
              served += 1;
              client.forget();
            }
          });
        } catch (error) {
          texts.add(error instanceof Error ? error.message : String(error));
        }
      }
    };
    const workers = Array.from({ length: 20 }, worker);
    try {
      for (let i = 0; i < 2; i++) {
        const before = served;
        await waitFor(() => served > before + 100, { what: 'the load to run' });
        await cluster.primary.restart();
      }
      const before = served;
      await waitFor(() => served > before + 100, { what: 'the load to run again' });
    } finally {
      running = false;
      await Promise.all(workers);
    }
    const expected = /57P01|57P03|08006|connection ended/;
    expect([...texts].filter((text) => !expected.test(text))).toEqual([]);
  }, 60_000);

  test('that is starting up keeps clients waiting until it is up', async () => {
    gate.mode = 'starting';
    const to = await start({ databases: [entry(gate, 'app')] });
    const client = await RawClient.connect({ host: to.host, port: to.port });
    clients.push(client);
    const entering = client.login({ user: 'app', database: 'app' });
    await waitFor(() => gate.accepted >= 3, { what: 'the third attempt' });
    expect(client.isClosed).toBe(false);
    gate.mode = 'open';
    await entering;
    expect(await ask(client, 'SELECT 1')).toBe('1');
    // The same for a client that is in already.
    gate.mode = 'starting';
    gate.cut();
    await to.logged('server closed the connection');
    const { accepted } = gate;
    client.send(frontend.query('SELECT 2'));
    await waitFor(() => gate.accepted >= accepted + 2, { what: 'another attempt' });
    gate.mode = 'open';
    expect(errorIn(await client.until('Z'))).toBeUndefined();
  });

  test('that does not answer: clients fail at server_connect_timeout, new ones soon', async () => {
    gate.mode = 'silent';
    const to = await start({
      databases: [entry(gate, 'app')],
      settings: { server_connect_timeout: 1.5 },
    });
    const { got, ms } = await timed(refusal(to));
    expect(got).toMatch(/^FATAL 57P03 .*timeout/);
    expect(ms).toBeLessThan(4000);
    gate.mode = 'open';
    gate.cut();
    expect(await ask(await arrive(to), 'SELECT 1')).toBe('1');
  });
});

describe('a server process that ends', () => {
  test('in a transaction: its client is told, the others notice nothing', async () => {
    const to = await start();
    const [victim, other] = [await arrive(to), await arrive(to)];
    await victim.query('BEGIN');
    await other.query('BEGIN');
    const pid = await backendPid(victim);
    await cluster.primary.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await untilError(victim)).toMatch(/^FATAL 57P01 terminating connection/);
    await victim.closed;
    expect(await ask(other, 'SELECT 1')).toBe('1');
    await other.query('COMMIT');
  });

  test('without a word in a transaction: its client gets 08006, the others notice nothing', async () => {
    const to = await start({
      databases: [entry(cluster.primary, 'app'), entry(gate, 'gated')],
    });
    const [victim, other] = [await arrive(to, { database: 'gated' }), await arrive(to)];
    for (const client of [victim, other]) await client.query('BEGIN');
    gate.cut();
    expect(await untilError(victim)).toBe('FATAL 08006 server conn crashed?');
    await victim.closed;
    expect(await ask(other, 'SELECT 1')).toBe('1');
  });

  test('and says so on an idle link: that link is not lent any more', async () => {
    const to = await start({
      databases: [entry(gate, 'app')],
      settings: { default_pool_size: 1, admin_users: 'app' },
    });
    const client = await arrive(to);
    const pid = await backendPid(client);
    const console = await arrive(to, { database: 'pgbouncer' });
    await gate.say(fatal('57P01', 'terminating connection due to administrator command'));
    // Answers of the console show that the pooler has read what was there before.
    for (let i = 0; i < 5; i++) await console.query('SHOW VERSION');
    expect(await backendPid(client)).not.toBe(pid);
  });

  test('crash of the whole server in a transaction: its client is told', async () => {
    const to = await start();
    const victim = await arrive(to);
    await victim.query('BEGIN');
    await cluster.primary.kill();
    expect(await untilError(victim)).toMatch(
      // A server process may live long enough to say so itself.
      /^FATAL (08006 server conn crashed\?|57P01 terminating connection due to unexpected post)/,
    );
    await victim.closed;
  });

  test('idle: no client notices', async () => {
    const to = await start();
    const client = await arrive(to);
    for (let i = 0; i < 5; i++) {
      const pid = await backendPid(client);
      await cluster.primary.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
      expect(await ask(client, 'SELECT 1')).toBe('1');
    }
  });
});

describe('links', () => {
  test('min_pool_size: links are there before anybody asks, and come again', async () => {
    const to = await start({
      databases: [entry(cluster.primary, 'app', 'user=ann')],
      settings: { min_pool_size: 3 },
    });
    const three = async (): Promise<number[] | false> => {
      const pids = await backendsOf(cluster.primary, 'ann');
      return pids.length === 3 && pids;
    };
    const pids = await waitFor(three, { what: 'three links' });
    await cluster.primary.query('SELECT pg_terminate_backend($1)', [pids[0]]);
    await waitFor(
      async () => (await three()) && !(await three()).toString().includes(`${pids[0]}`),
      {
        what: 'a new third link',
      },
    );
    expect(to.hasEnded).toBe(false);
  });

  test('server_idle_timeout closes what nobody uses, down to min_pool_size', async () => {
    const to = await start({ settings: { server_idle_timeout: 0.3, min_pool_size: 1 } });
    const busy = await Promise.all(Array.from({ length: 4 }, () => arrive(to)));
    await Promise.all(busy.map((client) => client.query('SELECT pg_sleep(0.1)')));
    expect((await backendsOf(cluster.primary)).length).toBeGreaterThan(1);
    await waitFor(async () => (await backendsOf(cluster.primary)).length === 1, {
      what: 'one link',
    });
    expect(to.log()).toContain('closing server connection because: server idle timeout');
  });

  test('server_lifetime replaces links that are in use, and no client notices', async () => {
    const to = await start({ settings: { server_lifetime: 0.5, default_pool_size: 2 } });
    const client = await arrive(to);
    const pid = await backendPid(client);
    await waitFor(async () => (await backendPid(client)) !== pid, { what: 'another link' });
    expect(to.log()).toContain('server lifetime over');
  });

  test('server_check_query runs before an idle link is lent, and a link that fails it is replaced', async () => {
    const to = await start({
      settings: {
        default_pool_size: 1,
        server_check_delay: 0,
        server_check_query: "select 1 / nullif(current_setting('app.sick', true), 'yes')::int",
      },
    });
    const client = await arrive(to);
    const pid = await backendPid(client);
    expect(await backendPid(client)).toBe(pid);
    await ask(client, "SELECT set_config('app.sick', 'broken', false)");
    // The same client: its next statement waits until what it has set is known and the link is idle.
    expect(await backendPid(client)).not.toBe(pid);
    expect(to.log()).toContain('check query failed');
  });

  test('connect_query runs once on every link, before anybody else', async () => {
    const to = await start({
      databases: [entry(cluster.primary, 'app', `connect_query='set app.greeting = ''hello'''`)],
    });
    const client = await arrive(to);
    expect(await ask(client, "SELECT current_setting('app.greeting')")).toBe('hello');
  });
});
