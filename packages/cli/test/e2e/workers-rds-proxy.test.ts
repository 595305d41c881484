import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cluster,
  type Daemon,
  frontend,
  type RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { emfProblems } from '../support/emf-rules';
import { type CrewOptions, consoleRows, crew } from './support/crew';
import { ask, backendsOf, enter, entry, LOG_WITH_SQLSTATE, overruns } from './support/stage';

/** A third of what PostgreSQL allows, rounded down. PostgreSQL judges: the role may not have one more. */
const MAX_CONNECTIONS = 20;
const PERCENT = 33;
const CAP = 6;
const FEWER = 13;
const FEWER_CAP = 4;

let cluster: Cluster;
let daemon: Daemon | undefined;
let clients: RawClient[] = [];
let overrunsSeen = 0;

beforeAll(async () => {
  cluster = await startCluster({
    settings: { ...LOG_WITH_SQLSTATE, max_connections: String(MAX_CONNECTIONS) },
    users: [{ name: 'app', connectionLimit: CAP }],
  });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await daemon?.stop();
  daemon = undefined;
  await waitFor(async () => (await backendsOf(cluster.primary)).length === 0, {
    what: 'the backends to end',
  });
  const all = await overruns(cluster);
  const fresh = all.slice(overrunsSeen);
  overrunsSeen = all.length;
  expect(fresh).toEqual([]);
});

const databases = (): readonly string[] => [
  entry(cluster.primary, 'app'),
  entry(cluster.primary, 'other'),
];

async function start(options: CrewOptions): Promise<Daemon> {
  daemon = await crew(cluster.primary, { databases: databases(), ...options });
  return daemon;
}

/** Clients of both databases. */
async function arrive(to: Daemon, count: number): Promise<readonly RawClient[]> {
  const fresh = await Promise.all(
    Array.from({ length: count }, (_, at) =>
      enter(to, { database: at % 2 === 0 ? 'app' : 'other' }),
    ),
  );
  clients.push(...fresh);
  return fresh;
}

/** All of them work for a while. */
async function work(all: readonly RawClient[], rounds: number): Promise<void> {
  await Promise.all(
    all.map(async (client) => {
      for (let i = 0; i < rounds; i++) await ask(client, 'SELECT pg_sleep(0.005)');
    }),
  );
}

async function untilLinks(count: number): Promise<void> {
  await waitFor(async () => (await backendsOf(cluster.primary)).length === count, {
    what: `${count} links`,
    deadlineMs: 10_000,
  });
}

/** Each runtime, and each number of workers: what one does to the other is tried in `workers`. */
const CREWS = [
  { runtime: 'node', workers: 1 },
  { runtime: 'bun', workers: 2 },
] as const;

describe.each(CREWS)('on $runtime, workers = $workers', (of) => {
  const settings = { max_connections_percent: PERCENT, default_pool_size: 50 };

  test('max_connections_percent is never passed by all databases and workers together, and used in full', async () => {
    const to = await start({ ...of, settings });
    const all = await arrive(to, 30);
    await work(all, 10);
    await Promise.all(all.map((client) => client.flushed(frontend.query('SELECT pg_sleep(0.5)'))));
    await untilLinks(CAP);
    const [row] = await consoleRows(to, 'SHOW SERVER_LIMITS');
    expect(row).toMatchObject({
      server: `127.0.0.1:${cluster.primary.port}`,
      ...{ percent: String(PERCENT), max_connections: String(MAX_CONNECTIONS) },
      ...{ limit: String(CAP), connections: String(CAP) },
    });
    await Promise.all(all.map((client) => client.until('Z', { deadlineMs: 20_000 })));
  }, 60_000);

  test('a server that comes back with fewer connections gets fewer links, from the first one on', async () => {
    const to = await start({ ...of, settings });
    await work(await arrive(to, 20), 5);
    await cluster.primary.query(`ALTER ROLE app CONNECTION LIMIT ${FEWER_CAP}`);
    await cluster.primary.configure({ max_connections: String(FEWER) });
    try {
      await cluster.primary.restart();
      // Until it stopped the server had more connections than the role by then.
      overrunsSeen = (await overruns(cluster)).length;
      const again = await arrive(to, 20);
      await work(again, 5);
      const [row] = await consoleRows(to, 'SHOW SERVER_LIMITS');
      expect(row).toMatchObject({ max_connections: String(FEWER), limit: String(FEWER_CAP) });
    } finally {
      for (const client of clients) client.destroy();
      await to.stop();
      await cluster.primary.configure({ max_connections: String(MAX_CONNECTIONS) });
      await cluster.primary.restart();
      await cluster.primary.query(`ALTER ROLE app CONNECTION LIMIT ${CAP}`);
    }
  }, 60_000);

  test('a reload changes the part: links go down to it, and up again', async () => {
    const to = await start({ ...of, settings });
    const all = await arrive(to, 20);
    const config = to.configText();
    await work(all, 5);
    await to.reload(config.replace(/(max_connections_percent = )\d+/, '$115'));
    let running = true;
    const busy = all.map(async (client) => {
      while (running) await ask(client, 'SELECT pg_sleep(0.01)');
    });
    try {
      await untilLinks(3);
      await to.reload(config);
      await untilLinks(CAP);
    } finally {
      running = false;
      await Promise.all(busy);
    }
  }, 60_000);

  test('metrics_emf writes lines that CloudWatch takes, and that are true', async () => {
    const emf = { metrics_emf: 'on', metrics_emf_file: '{dir}/metrics.json', stats_period: 1 };
    const named = { metrics_emf_namespace: 'Shop/pgweir', metrics_emf_proxy_name: 'shop' };
    const to = await start({ ...of, settings: { ...settings, ...emf, ...named } });
    const all = await arrive(to, 10);
    await work(all, 7);
    await expect(enter(to, { user: 'nobody' })).rejects.toThrow();
    const [first] = all;
    await first?.query('CREATE TEMP TABLE t (a int)');
    await first?.query('BEGIN');
    for (const client of all.slice(7)) await client.end();
    const lines = (): readonly string[] =>
      readFileSync(join(to.dir, 'metrics.json'), 'utf8')
        .split('\n')
        .filter((line) => line !== '');
    const proxy = (): readonly Readonly<Record<string, number>>[] =>
      lines()
        .map((line) => JSON.parse(line))
        .filter(({ EndpointName, TargetGroup }) => (EndpointName ?? TargetGroup) === undefined);
    const total = (name: string) => proxy().reduce((sum, record) => sum + (record[name] ?? 0), 0);
    await waitFor(() => proxy().at(-1)?.ClientConnections === 7, {
      what: 'a period after all of that',
      deadlineMs: 10_000,
    });
    expect(lines().flatMap((line) => emfProblems(line))).toEqual([]);
    expect(JSON.parse(lines()[0] ?? '')._aws.CloudWatchMetrics[0].Namespace).toBe('Shop/pgweir');
    expect({
      queries: total('QueryRequests'),
      plain: total('QueryRequestsNoTLS'),
      received: total('ClientConnectionsReceived'),
      succeeded: total('ClientConnectionsSetupSucceeded'),
      failedAuth: total('ClientConnectionsSetupFailedAuth'),
      closed: total('ClientConnectionsClosed'),
      opened: total('DatabaseConnectionsSetupSucceeded'),
      failed: total('DatabaseConnectionsSetupFailed'),
    }).toEqual({
      ...{ queries: 72, plain: 72, received: 11, succeeded: 10, failedAuth: 1, closed: 4 },
      ...{ opened: total('DatabaseConnectionRequests'), failed: 0 },
    });
    expect(proxy().at(-1)).toMatchObject({
      ...{ ProxyName: 'shop', ClientConnectionsNoTLS: 7, ClientConnectionsTLS: 0 },
      ...{ DatabaseConnectionsCurrentlyBorrowed: 1, DatabaseConnectionsCurrentlyInTransaction: 1 },
      ...{ DatabaseConnectionsCurrentlySessionPinned: 1, MaxDatabaseConnectionsAllowed: CAP },
      DatabaseConnections: (await backendsOf(cluster.primary)).length,
    });
    const latencies = proxy().flatMap((record) => record.QueryDatabaseResponseLatency ?? []);
    expect(Math.max(...latencies)).toBeGreaterThan(4000);
  }, 60_000);
});

test('metrics go to standard output where no file is set', async () => {
  const settings = { metrics_emf: 'on', stats_period: 1 };
  const to = await start({ runtime: 'node', workers: 1, settings });
  await to.logged(/^\{"_aws":.*"ClientConnections":0/m);
});

test('the other names of settings: SHOW CONFIG shows both, and SET changes both', async () => {
  const settings = { connection_borrow_timeout: 7, init_query: 'SET work_mem = 12345' };
  const to = await start({ runtime: 'node', workers: 1, settings });
  const shown = async () => {
    const rows = await consoleRows(to, 'SHOW CONFIG');
    const shownAs = (name: string) => rows.find(({ key }) => key === name)?.value;
    return [shownAs('query_wait_timeout'), shownAs('connection_borrow_timeout')];
  };
  expect(await shown()).toEqual(['7', '7']);
  await consoleRows(to, 'SET query_wait_timeout = 9');
  expect(await shown()).toEqual(['9', '9']);
  await consoleRows(to, 'SET connection_borrow_timeout = 11');
  expect(await shown()).toEqual(['11', '11']);
  const [client] = await arrive(to, 1);
  if (client !== undefined) expect(await ask(client, 'SHOW work_mem')).toBe('12345kB');
});
