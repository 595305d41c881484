import { type Cluster, type Daemon, startCluster, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import postgres from 'postgres';
import { crew, RUNTIMES, type Runtime } from './support/crew';
import { run, testWith } from './support/programs';
import { backendsOf } from './support/stage';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

const PLACES = RUNTIMES.flatMap((runtime) => [[runtime, 1] as const, [runtime, 2] as const]);

describe.each(PLACES)('on %s with %i worker(s)', (runtime: Runtime, workers) => {
  let daemon: Daemon;
  let console: Client;
  let clients: Client[] = [];

  beforeAll(async () => {
    daemon = await crew(cluster.primary, {
      runtime,
      workers,
      settings: { stats_users: 'reader', pool_mode: 'transaction', default_pool_size: 4 },
    });
    console = await enter('pgbouncer');
  });

  afterEach(async () => {
    await console.query('RESUME').catch(() => undefined);
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    clients = [];
  });

  afterAll(async () => {
    await console.end();
    await daemon.stop();
  });

  async function enter(database: string): Promise<Client> {
    const { host, port } = daemon;
    const client = new Client({ host, port, user: 'app', database });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** A client of the database, which leaves after the test. */
  async function arrive(): Promise<Client> {
    const client = await enter('app');
    clients.push(client);
    return client;
  }

  const rows = async (sql: string) => (await console.query(sql)).rows as Record<string, string>[];
  const pids = async () => await backendsOf(cluster.primary);

  test('pg reads it by the simple and by the extended protocol, with types', async () => {
    const simple = await console.query('SHOW DATABASES');
    const extended = await console.query({ text: 'SHOW DATABASES', values: [], name: 'databases' });
    expect(extended.rows).toEqual(simple.rows);
    expect(simple.rows).toContainEqual(
      expect.objectContaining({ name: 'pgbouncer', pool_size: 2, paused: 0 }),
    );
  });

  test('postgres.js reads it', async () => {
    const { host, port } = daemon;
    const sql = postgres({
      host,
      port,
      user: 'app',
      database: 'pgweir',
      max: 1,
      fetch_types: false,
    });
    try {
      const shown = await sql`SHOW POOLS`;
      expect(shown.map(({ database }) => database)).toContain('pgbouncer');
    } finally {
      await sql.end();
    }
  });

  testWith('psql')('psql reads every item that SHOW HELP names', async () => {
    const { host, port } = daemon;
    const help = await new Promise<string>((resolve) => {
      console.once('notice', ({ detail }) => resolve(detail ?? ''));
      void console.query('SHOW HELP');
    });
    const items = [...help.matchAll(/SHOW (\S+)/g)].flatMap(([, names = '']) => names.split('|'));
    expect(items.length).toBeGreaterThan(25);
    const args = items.flatMap((item) => ['-c', `SHOW ${item}`]);
    const target = ['-h', host, '-p', String(port), '-U', 'app', '-d', 'pgbouncer'];
    const { code, stderr } = await run('psql', ['-X', '-q', '-A', ...target, ...args]);
    expect([code, stderr.replace(/NOTICE[\s\S]*/, '')]).toEqual([0, '']);
  });

  test('clients, servers and pools are seen over all workers', async () => {
    const names = ['one', 'two', 'three', 'four'];
    for (const name of names) {
      const client = await arrive();
      await client.query(`SET application_name = '${name}'`);
      await client.query('BEGIN');
      await client.query({ text: 'SELECT 1', name: `statement of ${name}` });
    }
    const shown = await rows('SHOW CLIENTS');
    const ours = shown.filter(({ database }) => database === 'app');
    expect(ours).toHaveLength(names.length);
    expect(ours.every(({ state, link }) => state === 'active' && link !== '')).toBe(true);
    expect(ours.map((row) => Number(row.prepared_statements))).toEqual([1, 1, 1, 1]);
    const servers = await rows('SHOW SERVERS');
    const backends = await pids();
    for (const { link, ptr } of ours) {
      const server = servers.find((row) => row.ptr === link);
      expect(server).toMatchObject({ state: 'active', link: ptr });
      expect(backends).toContain(Number(server?.remote_pid));
    }
    expect(await rows('SHOW POOLS')).toContainEqual(
      expect.objectContaining({ database: 'app', user: 'app', cl_active: 4, sv_active: 4 }),
    );
    const [stats] = (await rows('SHOW STATS')).filter(({ database }) => database === 'app');
    expect(Number(stats?.total_client_parse_count)).toBeGreaterThanOrEqual(4);
    expect(Number(stats?.total_bind_count)).toBeGreaterThanOrEqual(4);
  });

  test('PAUSE waits for transactions, leaves no connection, and RESUME serves who waited', async () => {
    const [busy, idle] = [await arrive(), await arrive()];
    await busy.query('BEGIN');
    await idle.query('SELECT 1');
    let paused = false;
    const pause = console.query('PAUSE').then(() => {
      paused = true;
    });
    const other = await enter('pgbouncer');
    try {
      await waitFor(async () => (await pids()).length === 1, { what: 'idle links to be closed' });
      expect(paused).toBe(false);
      await busy.query('COMMIT');
      await pause;
      expect(await pids()).toEqual([]);
      await expect(other.query('PAUSE')).rejects.toThrow('already suspended/paused');
      expect((await other.query('SHOW STATE')).rows).toContainEqual({
        key: 'paused',
        value: 'yes',
      });
      const waiting = Promise.all([busy, idle].map((client) => client.query('SELECT 7 AS seven')));
      await waitFor(async () => (await other.query('SHOW QUEUE')).rows.length === 2, {
        what: 'both to wait',
      });
      expect(await pids()).toEqual([]);
      await other.query('RESUME');
      for (const { rows: answer } of await waiting) expect(answer).toEqual([{ seven: 7 }]);
      await expect(other.query('RESUME')).rejects.toThrow('pooler is not paused/suspended');
    } finally {
      await other.end();
    }
  });

  test('of one database PAUSE, KILL and DISABLE say what they cannot do', async () => {
    for (const [sql, message] of [
      ['PAUSE nosuch', 'no such database: nosuch'],
      ['PAUSE pgbouncer', 'cannot pause admin db: pgbouncer'],
      ['RESUME app', 'database app is not paused'],
      ['DISABLE nosuch', 'no such database: nosuch'],
      ['DISABLE pgbouncer', 'cannot disable admin db: pgbouncer'],
      ['KILL nosuch', 'no such database: nosuch'],
      ['RECONNECT nosuch', 'no such database: nosuch'],
      ['WAIT_CLOSE nosuch', 'no such database: nosuch'],
      ['KILL_CLIENT 999999999', 'client not found'],
    ] as const) {
      await expect(console.query(sql)).rejects.toThrow(message);
    }
  });

  test('KILL drops everybody of a database and leaves it paused', async () => {
    const client = await arrive();
    await client.query('BEGIN');
    const gone = new Promise((resolve) => client.once('end', resolve));
    await console.query('KILL app');
    await gone;
    await waitFor(async () => (await pids()).length === 0, { what: 'the links to be gone' });
    expect(await rows('SHOW DATABASES')).toContainEqual(
      expect.objectContaining({ name: 'app', paused: 1 }),
    );
    await console.query('RESUME app');
    const again = await arrive();
    expect((await again.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('DISABLE lets nobody in until ENABLE', async () => {
    await console.query('DISABLE app');
    await expect(arrive()).rejects.toThrow('database "app" is disabled');
    await console.query('ENABLE app');
    await arrive();
  });

  test('RECONNECT and WAIT_CLOSE replace every connection', async () => {
    const client = await arrive();
    await client.query('SELECT 1');
    const before = await pids();
    await console.query('RECONNECT');
    await console.query('WAIT_CLOSE app');
    await client.query('SELECT 1');
    expect((await pids()).some((pid) => before.includes(pid))).toBe(false);
  });

  test('KILL_CLIENT finds its client in whichever worker it is', async () => {
    const arrived = [await arrive(), await arrive(), await arrive()];
    for (const [at, client] of arrived.entries()) {
      await client.query(`SET application_name = 'victim ${at}'`);
      const [row] = (await rows('SHOW CLIENTS')).filter(
        ({ application_name }) => application_name === `victim ${at}`,
      );
      const error = new Promise<Error>((resolve) => client.once('error', resolve));
      await console.query(`KILL_CLIENT ${row?.id}`);
      expect((await error).message).toBe('admin forced disconnect');
    }
  });

  test('SUSPEND holds up what clients send until RESUME', async () => {
    const client = await arrive();
    await client.query('BEGIN');
    const other = await enter('pgbouncer');
    await other.query('SUSPEND');
    let answered = false;
    const answer = client.query('SELECT 5 AS five').then((result) => {
      answered = true;
      return result;
    });
    expect(await rows('SHOW STATE')).toContainEqual({ key: 'suspended', value: 'yes' });
    expect(answered).toBe(false);
    // Whoever has suspended is gone.
    await other.end();
    expect((await answer).rows).toEqual([{ five: 5 }]);
  });

  test('SET changes a setting everywhere until the next RELOAD', async () => {
    const shown = async () =>
      (await rows('SHOW CONFIG')).find(({ key }) => key === 'default_pool_size')?.value;
    await console.query('SET default_pool_size = 3');
    expect(await shown()).toBe('3');
    expect(await rows('SHOW DATABASES')).toContainEqual(
      expect.objectContaining({ name: 'app', pool_size: 3 }),
    );
    await expect(console.query('SET default_pool_size = many')).rejects.toThrow('SET failed');
    await expect(console.query('SET no_such_setting = 1')).rejects.toThrow('SET failed');
    expect(await shown()).toBe('3');
    await console.query('SET listen_port = 1');
    await console.query('RELOAD');
    expect(await shown()).toBe('4');
  });

  test('SIGUSR1 pauses, and SIGUSR2 goes on', async () => {
    const client = await arrive();
    await client.query('SELECT 1');
    daemon.kill('SIGUSR1');
    await waitFor(async () => (await pids()).length === 0, { what: 'the links to be gone' });
    const answer = client.query('SELECT 1 AS one');
    daemon.kill('SIGUSR2');
    expect((await answer).rows).toEqual([{ one: 1 }]);
  });
});
