import { type Cluster, type Daemon, type RawClient, startCluster } from '@pgweir/testkit';
import pg from 'pg';
import { type CrewOptions, consoleRows, crew, placeAt, rowsOf } from './support/crew';
import { ask, enter, errorIn } from './support/stage';

let cluster: Cluster;
let daemon: Daemon | undefined;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }, { name: 'ann' }] });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await daemon?.stop();
});

async function start(options: CrewOptions): Promise<Daemon> {
  const settings = { statement_stats: 'on', stats_users: 'ann', ...options.settings };
  daemon = await crew(cluster.primary, { names: ['app', 'ann'], ...options, settings });
  return daemon;
}

async function arrive(to: Daemon, who: Parameters<typeof enter>[1] = {}): Promise<RawClient> {
  const client = await enter(to, who);
  clients.push(client);
  return client;
}

/** Calls, rows and errors of each statement. */
async function counts(of: Daemon): Promise<Readonly<Record<string, readonly number[]>>> {
  const rows = await consoleRows(of, 'SHOW STATEMENTS');
  return Object.fromEntries(
    rows.map((row) => [row.statement, [row.calls, row.rows, row.errors].map(Number)]),
  );
}

test('what drivers run is counted, with its rows, errors and times, and no literal is shown to anybody', async () => {
  const to = await start({ runtime: 'node', workers: 1 });
  const driver = new pg.Client({ host: to.host, port: to.port, user: 'app', database: 'app' });
  await driver.connect();
  for (let at = 0; at < 3; at++) {
    await driver.query({ name: 'some', text: 'SELECT * FROM generate_series(1, $1)', values: [4] });
  }
  await driver.query('SELECT $1::text', ['a']);
  await driver.query("SELECT pg_sleep(0.05), 'hidden-word'");
  await expect(driver.query('SELECT 1 / $1::int', [0])).rejects.toThrow('division by zero');
  await expect(driver.query("SELECT 'hidden-word', 1 / 0")).rejects.toThrow();
  await driver.end();
  expect(await counts(to)).toEqual({
    'SELECT * FROM generate_series(?, $1)': [3, 12, 0],
    'SELECT $1::text': [1, 1, 0],
    'SELECT pg_sleep(?), ?': [1, 1, 0],
    'SELECT ? / $1::int': [1, 0, 1],
    'SELECT ?, ? / ?': [1, 0, 1],
  });
  const reader = await arrive(to, { user: 'ann', database: 'pgweir' });
  const rows = await rowsOf(reader, 'SHOW STATEMENTS');
  const slept = rows.find(({ statement }) => statement === 'SELECT pg_sleep(?), ?');
  expect(slept).toMatchObject({ database: 'app', user: 'app' });
  for (const name of ['total_us', 'mean_us', 'max_us', 'p95_us'])
    expect(Number(slept?.[name])).toBeGreaterThan(45_000);
  expect(JSON.stringify(rows)).not.toContain('hidden-word');
  expect(errorIn(await reader.query('RESET STATEMENTS'))?.C).toBe('42501');
});

test('it is switched on and off while clients are connected, and what is slow is logged', async () => {
  const to = await start({ runtime: 'node', workers: 1, settings: { statement_stats: 'off' } });
  const client = await arrive(to);
  await ask(client, 'SELECT 1');
  expect(await counts(to)).toEqual({});
  await consoleRows(to, 'SET statement_stats = 1');
  await ask(client, 'SELECT 2');
  expect(await counts(to)).toEqual({ 'SELECT ?': [1, 1, 0] });
  await consoleRows(to, 'SET log_min_duration = 50ms');
  await ask(client, "SELECT 'hidden-word', pg_sleep(0.06)");
  await to.logged('slow statement');
  const line = to
    .log()
    .split('\n')
    .find((one) => one.includes('slow statement'));
  expect(line).toMatch(
    / database=app user=app address=127\.0\.0\.1:\d+ duration_ms=\d+\.?\d* waited_ms=/,
  );
  expect(line).toContain('statement="SELECT ?, pg_sleep(?)"');
  expect(to.log()).not.toContain('hidden-word');
  await consoleRows(to, 'SET statement_stats = 0');
  await ask(client, 'SELECT 3');
  expect(await counts(to)).toEqual({});
});

test('counts of several workers are one, of those that have been replaced, too', async () => {
  const to = await start({ runtime: 'bun' });
  for (const worker of [1, 2]) {
    const { client } = await placeAt(to, (number) => number === worker);
    clients.push(client);
    for (let at = 0; at < 3; at++) await ask(client, "SELECT 'a' || current_user");
  }
  const wanted = { 'SELECT ? || current_user': [6, 6, 0] };
  expect(await counts(to)).toMatchObject(wanted);
  for (const client of clients) client.destroy();
  await consoleRows(to, 'RELOAD WORKERS');
  expect(await counts(to)).toMatchObject(wanted);
  await consoleRows(to, 'RESET STATEMENTS');
  expect(await counts(to)).toEqual({});
  await ask(await arrive(to), "SELECT 'b' || current_user");
  expect(await counts(to)).toEqual({ 'SELECT ? || current_user': [1, 1, 0] });
});
