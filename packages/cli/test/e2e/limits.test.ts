import { type Cluster, type Daemon, frontend, type RawClient, startCluster } from '@pgweir/testkit';
import {
  ask,
  backendPid,
  enter,
  errorIn,
  type PoolerOptions,
  pooler,
  untilError,
  untilStops,
} from './support/stage';

let cluster: Cluster;
let daemon: Daemon | undefined;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await daemon?.stop();
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

describe('time limits', () => {
  async function hung(to: Daemon): Promise<RawClient> {
    const holder = await arrive(to);
    await holder.query('BEGIN');
    const client = await arrive(to);
    client.send(frontend.query('SELECT 1'));
    return client;
  }

  test('query_wait_timeout: 53300', async () => {
    const to = await start({ settings: { default_pool_size: 1, query_wait_timeout: 0.3 } });
    const client = await hung(to);
    expect(await untilError(client)).toBe('FATAL 53300 query_wait_timeout');
    await client.closed;
  });

  test('query_wait_notify: a NOTICE for a client that waits, once', async () => {
    const to = await start({
      settings: { default_pool_size: 1, query_wait_timeout: 1, query_wait_notify: 0.3 },
    });
    const client = await hung(to);
    await client.until('N');
    expect(await untilError(client)).toBe('FATAL 53300 query_wait_timeout');
    expect(client.messages.filter(({ tag }) => tag === 'N')).toHaveLength(1);
  });

  test('query_timeout: 57014, and the statement ends at the server too', async () => {
    const to = await start({ settings: { query_timeout: 0.3 } });
    const client = await arrive(to);
    client.send(frontend.query('SELECT pg_sleep(67)'));
    expect(await untilError(client)).toBe('FATAL 57014 query timeout');
    await untilStops(cluster.primary, 'pg_sleep(67)');
  });

  test('query_timeout while waiting: 57014', async () => {
    const to = await start({ settings: { default_pool_size: 1, query_timeout: 0.3 } });
    const client = await hung(to);
    expect(await untilError(client)).toBe('FATAL 57014 query_timeout');
  });

  test('idle_transaction_timeout: 25P03, and the transaction is rolled back', async () => {
    const to = await start({ settings: { idle_transaction_timeout: 0.3 } });
    const client = await arrive(to);
    await client.query('BEGIN; CREATE TABLE never ()');
    expect(await untilError(client)).toBe('FATAL 25P03 idle transaction timeout');
    expect(await ask(await arrive(to), "SELECT to_regclass('never')")).toBeNull();
  });

  test('transaction_timeout: 25P04, also for one that is busy all the time', async () => {
    const to = await start({ settings: { transaction_timeout: 0.4 } });
    const client = await arrive(to);
    client.send(frontend.query('BEGIN'));
    const over = untilError(client);
    const ended = over.then(() => true);
    while (!(await Promise.race([ended, client.flushed(frontend.query('SELECT 1'))]))) {
      await client.until('Z').catch((error: unknown) => error);
    }
    expect(await over).toBe('FATAL 25P04 transaction timeout');
  });

  test('client_idle_timeout: 57P05, and not in a transaction', async () => {
    const to = await start({ settings: { client_idle_timeout: 0.5 } });
    const [idle, busy] = [await arrive(to), await arrive(to)];
    await busy.query('BEGIN');
    await idle.query('SELECT 1');
    expect(await untilError(idle)).toBe('FATAL 57P05 client_idle_timeout');
    await idle.closed;
    expect(await ask(busy, 'SELECT 1')).toBe('1');
  });

  test('clients within their limits are left alone', async () => {
    const to = await start({
      settings: {
        query_timeout: 0.5,
        transaction_timeout: 0.5,
        idle_transaction_timeout: 0.5,
        client_idle_timeout: 0.5,
      },
    });
    const client = await arrive(to);
    const startedMs = performance.now();
    while (performance.now() - startedMs < 1300) {
      await client.query('BEGIN');
      expect(errorIn(await client.query('SELECT pg_sleep(0.1)'))).toBeUndefined();
      await client.query('COMMIT');
    }
  });
});

describe('pool modes', () => {
  test('statement mode refuses a transaction, and nothing of it stays', async () => {
    const to = await start({ settings: { pool_mode: 'statement', default_pool_size: 1 } });
    const client = await arrive(to);
    client.send(frontend.query('BEGIN'));
    expect(await untilError(client)).toBe(
      'FATAL 0A000 transaction blocks not allowed in statement pooling mode',
    );
    const next = await arrive(to);
    expect(await ask(next, 'SELECT 1')).toBe('1');
    expect(await ask(next, 'SELECT 1; SELECT 2')).toBe('1');
  });

  test('session mode leaves nothing of one client to the next', async () => {
    const to = await start({ settings: { pool_mode: 'session', default_pool_size: 1 } });
    const first = await arrive(to);
    const pid = await backendPid(first);
    await first.query(`
      SET work_mem = '9MB'; SET app.secret = 'mine'; CREATE TEMP TABLE mine ();
      SELECT pg_advisory_lock(7); LISTEN mine; PREPARE mine AS SELECT 1;
      SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY`);
    await first.query('DECLARE mine CURSOR WITH HOLD FOR SELECT 1');
    await first.end();
    const next = await arrive(to);
    expect(await backendPid(next)).toBe(pid);
    expect(await ask(next, 'SHOW work_mem')).toBe('4MB');
    expect(await ask(next, "SELECT current_setting('app.secret', true)")).toBeFalsy();
    expect(await ask(next, "SELECT to_regclass('pg_temp.mine')")).toBeNull();
    expect(await ask(next, 'SHOW transaction_read_only')).toBe('off');
    const left = `SELECT (SELECT count(*) FROM pg_prepared_statements)
      + (SELECT count(*) FROM pg_cursors)
      + (SELECT count(*) FROM pg_listening_channels())
      + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')`;
    expect(await ask(next, left)).toBe('0');
  });

  test('session mode: a client that vanishes in its transaction leaves nothing either', async () => {
    const to = await start({ settings: { pool_mode: 'session', default_pool_size: 1 } });
    const first = await arrive(to);
    await first.query("SET work_mem = '9MB'; BEGIN; CREATE TABLE vanished ()");
    first.destroy('reset');
    const next = await arrive(to);
    expect(await ask(next, 'SHOW work_mem')).toBe('4MB');
    expect(await ask(next, "SELECT to_regclass('vanished')")).toBeNull();
  });
});
