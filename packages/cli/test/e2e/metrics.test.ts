import { connect } from 'node:net';
import {
  type Cluster,
  cancelPacket,
  type Daemon,
  RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { seriesIn } from '../metrics/prometheus/stage';
import { consoleRows, crew, placeAt, type Runtime, untilGone, workersOf } from './support/crew';
import { fetchFrom, httpPort } from './support/http';
import { testWith } from './support/programs';
import { scrapeConfigs, startPrometheus } from './support/prometheus';
import { ask, enter, errorIn, refusal, withClient } from './support/stage';

let cluster: Cluster;
let daemon: Daemon | undefined;

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

async function start(runtime: Runtime, workers: number): Promise<Daemon> {
  const settings = { metrics_addr: '127.0.0.1:0', log_connections: 0, log_disconnections: 0 };
  daemon = await crew(cluster.primary, { runtime, workers, settings });
  return daemon;
}

async function scrape(from: Daemon): Promise<ReadonlyMap<string, number>> {
  const { status, body, headers } = await fetchFrom(httpPort(from), '/metrics');
  expect([status, headers['content-type']]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  return seriesIn(body);
}

/** Waits for a scrape that is of now. */
async function until(from: Daemon, series: string, value: number): Promise<void> {
  await waitFor(async () => ((await scrape(from)).get(series) ?? 0) >= value, { what: series });
}

const APP = '{database="app"}';

describe.each<[Runtime, number]>([
  ['node', 1],
  ['bun', 2],
])('on %s with workers = %i', (runtime, workers) => {
  test('under load the metrics add up with SHOW STATS', async () => {
    const to = await start(runtime, workers);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        withClient(to, async (client) => {
          for (let at = 0; at < 20; at++) {
            await ask(client, 'SELECT 1');
            if (at % 5 === 0) await scrape(to);
          }
          expect(errorIn(await client.query('SELECT 1/0'))?.C).toBe('22012');
        }),
      ),
    );
    await until(to, `pgweir_queries_total${APP}`, 168);
    const values = await scrape(to);
    const [row] = (await consoleRows(to, 'SHOW STATS')).filter(
      ({ database }) => database === 'app',
    );
    expect(values.get(`pgweir_queries_total${APP}`)).toBe(Number(row?.total_query_count));
    expect(values.get(`pgweir_transactions_total${APP}`)).toBe(Number(row?.total_xact_count));
    expect(values.get(`pgweir_received_bytes_total${APP}`)).toBe(Number(row?.total_received));
    expect(values.get(`pgweir_sent_bytes_total${APP}`)).toBe(Number(row?.total_sent));
    expect(values.get(`pgweir_query_seconds_count${APP}`)).toBe(168);
    expect(values.get(`pgweir_wait_seconds_count${APP}`)).toBe(
      values.get('pgweir_pool_leases_total{database="app",user="app"}'),
    );
    expect(values.get('pgweir_errors_total{sqlstate="22012",source="server"}')).toBe(8);
    expect(values.get('pgweir_logins_total{method="trust",result="ok"}')).toBeGreaterThanOrEqual(8);
    const processes = workers === 1 ? ['daemon'] : ['supervisor', 'worker-0', 'worker-1'];
    for (const process of processes) {
      const of = `{process="${process}"}`;
      expect(values.get(`pgweir_process_resident_memory_bytes${of}`)).toBeGreaterThan(1e7);
      expect(values.get(`pgweir_process_open_fds${of}`)).toBeGreaterThan(3);
      expect(values.get(`pgweir_event_loop_delay_seconds_count${of}`)).toBeGreaterThan(0);
      expect(
        values.get(`pgweir_process_cpu_seconds_total{process="${process}",mode="user"}`),
      ).toBeGreaterThan(0);
    }
    expect(values.get('pgweir_workers{state="serving"}')).toBe(workers === 1 ? undefined : 2);
    expect(values.get('pgweir_ready')).toBe(1);
  });
});

describe.each<[Runtime, number]>([
  ['node', 2],
  ['bun', 1],
])('on %s with workers = %i', (runtime, workers) => {
  test('errors of ours, cancel requests and refused reloads are counted', async () => {
    const to = await start(runtime, workers);
    expect(await refusal(to, { database: 'nowhere' })).toContain('3D000');
    expect(await refusal(to, { user: 'nobody' })).toContain('28');
    const courier = await RawClient.connect({ host: to.host, port: to.port });
    courier.send(cancelPacket(4711, Buffer.alloc(4)));
    await courier.closed;
    await to.reload(`${to.configText()}\nlisten_port = nonsense\n`, 'RELOAD failed');
    await until(to, 'pgweir_cancel_requests_unknown_total', 1);
    const values = await scrape(to);
    expect(values.get('pgweir_errors_total{sqlstate="3D000",source="pgweir"}')).toBe(1);
    expect(values.get('pgweir_logins_total{method="trust",result="failed"}')).toBe(1);
    expect(values.get('pgweir_cancel_requests_total')).toBe(1);
    expect(values.get('pgweir_config_reload_failed')).toBe(1);
  });
});

test.each<Runtime>(['node', 'bun'])(
  'on %s: whatever http clients do, traffic goes on',
  async (runtime) => {
    const to = await start(runtime, 1);
    const port = httpPort(to);
    const client = await enter(to);
    const bad = [
      '\x00garbage\r\n\r\n',
      `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
      'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100),
      `POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n${'x'.repeat(100_000)}`,
      '',
    ];
    const sockets = Array.from({ length: 200 }, (_, at) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => socket.destroy());
      socket.write(bad[at % bad.length] ?? '');
      // Nobody reads what it is sent.
      return socket.pause();
    });
    try {
      for (let at = 0; at < 50; at++) expect(await ask(client, 'SELECT 1')).toBe('1');
      expect(await withClient(to, (other) => ask(other, 'SELECT 2'))).toBe('2');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await waitFor(
      async () => {
        try {
          return (await fetchFrom(port, '/metrics')).status === 200;
        } catch {
          return false;
        }
      },
      { what: 'metrics for others' },
    );
    client.destroy();
  },
);

test('no counter falls when a worker is killed, and it is told that it was replaced', async () => {
  const to = await start('node', 2);
  const [first] = await workersOf(to);
  const { client } = await placeAt(to, (worker) => worker === first?.worker);
  for (let at = 0; at < 10; at++) await ask(client, 'SELECT 1');
  // A pool that is nowhere for some time begins anew; this one stays with the other worker.
  const other = await placeAt(to, (worker) => worker !== first?.worker);
  await ask(other.client, 'SELECT 1');
  await until(to, `pgweir_queries_total${APP}`, 11);
  const before = await scrape(to);
  let killed = first;
  // Scrapes go on all the time, also while nobody is in that place.
  for (const restarts of [1, 2]) {
    process.kill(killed?.pid ?? 0, 'SIGKILL');
    await untilGone([killed?.pid ?? 0]);
    await until(to, 'pgweir_worker_restarts_total', restarts);
    await until(to, 'pgweir_workers{state="serving"}', 2);
    killed = (await workersOf(to)).find(({ slot }) => slot === first?.slot);
  }
  expect((await scrape(to)).get('pgweir_worker_restarts_total')).toBe(2);
  await ask(other.client, 'SELECT 1');
  const after = await scrape(to);
  // Those of a process begin anew with it.
  const counters = [...before].filter(
    ([name]) => /_(total|count|bucket|sum)\b/.test(name) && !name.includes('process='),
  );
  expect(counters.length).toBeGreaterThan(50);
  const fallen = counters.filter(([name, value]) => (after.get(name) ?? 0) < value);
  expect(fallen.map(([name]) => name)).toEqual([]);
  other.client.destroy();
});

test('a worker that says nothing for one scrape has not done everything twice afterwards', async () => {
  const to = await start('node', 2);
  const [first] = await workersOf(to);
  const pid = first?.pid ?? 0;
  const { client } = await placeAt(to, (worker) => worker === first?.worker);
  for (let at = 0; at < 10; at++) await ask(client, 'SELECT 1');
  await until(to, `pgweir_queries_total${APP}`, 10);
  const leases = 'pgweir_pool_leases_total{database="app",user="app"}';
  const before = (await scrape(to)).get(leases);
  expect(before).toBeGreaterThanOrEqual(10);
  process.kill(pid, 'SIGSTOP');
  try {
    await until(to, 'pgweir_workers{state="not answering"}', 1);
    expect((await scrape(to)).get(leases)).toBe(before);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until(to, 'pgweir_workers{state="serving"}', 2);
  expect((await scrape(to)).get(leases)).toBe(before);
});

testWith('prometheus')('a Prometheus that scrapes it has its metrics', async () => {
  const to = await start('node', 1);
  await withClient(to, (client) => ask(client, 'SELECT 1'));
  const prometheus = await startPrometheus(scrapeConfigs(httpPort(to)));
  try {
    await waitFor(async () => (await prometheus.ask('pgweir_queries_total')) >= 1, {
      what: 'Prometheus to have seen the query',
      deadlineMs: 20_000,
    });
  } finally {
    await prometheus.stop();
  }
});
