import {
  type Cluster,
  type Daemon,
  frontend,
  type RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { Collector, type ReceivedSpan } from './support/collector';
import { consoleRows, crew, RUNTIMES } from './support/crew';
import { enter, errorIn, ini, type PoolerOptions, pooler, value } from './support/stage';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = (number: number, flags = '01'): string =>
  `00-${TRACE}-00f067aa0ba902b${number}-${flags}`;
const comment = (number: number, flags = '01'): string =>
  `/*action='%2Forders',traceparent='${parent(number, flags)}'*/`;

let cluster: Cluster;
let collector: Collector;
const daemons: Daemon[] = [];
const clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster?.stop());

beforeEach(async () => {
  collector = await Collector.open();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const daemon of daemons.splice(0)) await daemon.stop('SIGKILL');
  collector.close();
});

function traced(settings: PoolerOptions['settings'] = {}): PoolerOptions {
  return {
    settings: { admin_users: 'app', trace_endpoint: collector.url, trace_sample: 0, ...settings },
  };
}

async function start(settings: PoolerOptions['settings'] = {}): Promise<Daemon> {
  const daemon = await pooler(cluster.primary, traced(settings));
  daemons.push(daemon);
  return daemon;
}

async function arrive(daemon: Daemon, who: Parameters<typeof enter>[1] = {}): Promise<RawClient> {
  const client = await enter(daemon, who);
  clients.push(client);
  return client;
}

/** All that has been sent when it has ended. */
async function spansOf(daemon: Daemon): Promise<readonly ReceivedSpan[]> {
  for (const client of clients.splice(0)) client.destroy();
  expect(await daemon.stop('SIGTERM')).toEqual({ code: 0, signal: null });
  return [...collector.spans].sort((a, b) => a.startedAtMs - b.startedAtMs);
}

const parentsOf = (spans: readonly ReceivedSpan[]): string =>
  spans.map(({ parentSpanId }) => parentSpanId.slice(-1) || '-').join('');

async function counts(daemon: Daemon): Promise<Readonly<Record<string, number>>> {
  const rows = await consoleRows(daemon, 'SHOW TRACES');
  return Object.fromEntries(rows.map(({ what, count }) => [what, Number(count)]));
}

test.each(RUNTIMES)(
  'on %s, with two workers, a span joins the trace of its caller and says where the time went',
  async (runtime) => {
    const daemon = await crew(cluster.primary, { runtime, ...traced({ default_pool_size: 2 }) });
    daemons.push(daemon);
    for (let number = 0; number < 6; number++) {
      const client = await arrive(daemon);
      await client.query(`BEGIN ${comment(number)}`);
      await client.query("SELECT 'my secret', pg_sleep(0.05)");
      await client.query('COMMIT');
      await client.query(`SELECT 1 ${comment(number, '00')}`);
      await client.query('SELECT 1');
    }
    const spans = await spansOf(daemon);
    expect(parentsOf(spans)).toBe('012345');
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
    for (const { attributes, durationMs, error, name, resource } of spans) {
      const {
        'pgweir.wait_ms': wait,
        'pgweir.server_ms': server,
        'pgweir.client_ms': own,
      } = attributes;
      expect(Math.abs(Number(wait) + Number(server) + Number(own) - durationMs)).toBeLessThan(1.5);
      expect(server).toBeGreaterThanOrEqual(50);
      expect({ name, error }).toEqual({ name: 'transaction app', error: undefined });
      expect(attributes).toMatchObject({
        'db.system.name': 'postgresql',
        'db.namespace': 'app',
        'server.address': '127.0.0.1',
        'server.port': cluster.primary.port,
        'network.peer.address': '127.0.0.1',
        'client.address': '127.0.0.1',
        'pgweir.user': 'app',
        'pgweir.statements': 3,
        'pgweir.pool_mode': 'transaction',
      });
      expect(resource).toMatchObject({ 'service.name': 'pgweir', 'service.version': '0.1.0' });
    }
    // Each worker sends its own.
    const workers = new Set(spans.map(({ resource }) => resource['pgweir.worker']));
    expect([...workers].every((worker) => typeof worker === 'number')).toBe(true);
    expect(collector.text).not.toMatch(/secret|pg_sleep|SELECT/);
  },
);

test('waits, errors and what no error is: bad traceparents, and what a savepoint makes up for', async () => {
  const daemon = await start({ trace_sample: 1, default_pool_size: 1 });
  const holder = await arrive(daemon);
  await holder.query('BEGIN');
  const client = await arrive(daemon);
  client.send(frontend.query(`SELECT 1 ${comment(1)}`));
  await holder.query('SELECT pg_sleep(0.3)');
  await holder.query(`COMMIT ${comment(2)}`);
  await client.until('Z');
  expect(errorIn(await client.query('SELECT 1/0'))?.C).toBe('22012');
  for (const sql of ['BEGIN', 'SAVEPOINT a', 'SELECT 1/0', 'ROLLBACK TO a', 'COMMIT'])
    await client.query(sql);
  for (const bad of [
    '00',
    parent(1).toUpperCase(),
    `${parent(1)}-x`,
    "'' OR 1=1",
    'x'.repeat(3000),
  ])
    expect(value(await client.query(`SELECT 7 /*traceparent='${bad}'*/`))).toBe('7');
  const spans = await spansOf(daemon);
  expect(parentsOf(spans)).toBe('21-------');
  const [, waited, ...others] = spans;
  // It is told from the time of PostgreSQL.
  expect(waited?.attributes['pgweir.wait_ms']).toBeGreaterThan(250);
  expect(waited?.attributes['pgweir.server_ms']).toBeLessThan(250);
  expect(waited?.events).toEqual(['pgweir.leased']);
  expect(others.map(({ error }) => error)).toEqual(['SQLSTATE 22012', ...Array(6).fill(undefined)]);
  expect(others[0]?.attributes).toMatchObject({ 'error.type': '22012' });
});

test.each(['session', 'transaction'])(
  'in %s mode pgweir.traceparent is a setting: of a startup packet, a session, a transaction',
  async (pool_mode) => {
    const daemon = await start({ pool_mode, default_pool_size: 1, trace_sample: 1 });
    const client = await arrive(daemon, {
      parameters: { options: `-c pgweir.traceparent=${parent(1)}` },
    });
    await client.query('SELECT 1');
    await client.query(`SET pgweir.traceparent = '${parent(2)}'`);
    await client.query('SELECT 1');
    await client.query('BEGIN');
    await client.query(`SET LOCAL pgweir.traceparent = '${parent(3)}'`);
    expect(value(await client.query('SHOW pgweir.traceparent'))).toBe(parent(3));
    await client.query('COMMIT');
    await client.query("SET pgweir.traceparent = ''");
    await client.query('SELECT 1');
    await client.query('RESET pgweir.traceparent');
    const after = value(await client.query('SHOW pgweir.traceparent'));
    if (pool_mode === 'transaction') {
      // It is nobody else's.
      const other = await arrive(daemon);
      await other.query('SELECT 1');
    }
    // Whatever it is then, SHOW and the span say the same.
    const ofReset = after === parent(1) ? '1' : '-';
    const ofOther = pool_mode === 'transaction' ? '-' : '';
    expect(parentsOf(await spansOf(daemon))).toBe(`123-${ofReset}${ofOther}`);
  },
);

test('a reload sends them elsewhere, with other headers, and turns them off', async () => {
  const daemon = await start({ trace_endpoint: '' });
  const client = await arrive(daemon);
  expect(await counts(daemon)).toEqual({});
  await client.query(`SELECT 1 ${comment(1)}`);
  const headers = 'authorization=Bearer%20hunter2, x-scope=a';
  const on = traced({ trace_headers: headers, trace_service_name: 'orders-db' });
  await daemon.reload(ini(cluster.primary, on));
  await client.query(`SELECT 1 ${comment(2)}`);
  await waitFor(() => collector.spans.length === 1, { what: 'a span' });
  expect(collector.headers[0]).toMatchObject({ authorization: 'Bearer hunter2', 'x-scope': 'a' });
  expect(collector.spans[0]?.resource['service.name']).toBe('orders-db');
  const shown = await consoleRows(daemon, 'SHOW CONFIG');
  expect(shown.find(({ key }) => key === 'trace_headers')?.value).toBe('***');
  const other = await Collector.open();
  try {
    await daemon.reload(ini(cluster.primary, traced({ trace_endpoint: other.url })));
    await client.query(`SELECT 1 ${comment(3)}`);
    await waitFor(() => other.spans.length === 1, { what: 'a span elsewhere' });
    await daemon.reload(ini(cluster.primary, traced({ trace_endpoint: '' })));
    await client.query(`SELECT 1 ${comment(4)}`);
    expect(parentsOf(await spansOf(daemon))).toBe('2');
    expect(parentsOf(other.spans)).toBe('3');
    expect(other.headers[0]?.authorization).toBeUndefined();
    expect(daemon.hasEnded).toBe(true);
  } finally {
    other.close();
  }
});

test.each([
  ['is not there', 'closed'],
  ['has an error', 500],
] as const)(
  'a collector that %s costs spans, which are counted, and nothing else',
  async (_, mood) => {
    const daemon = await start();
    if (mood === 'closed') collector.close();
    else collector.mood = mood;
    const client = await arrive(daemon);
    for (let number = 0; number < 9; number++)
      expect(value(await client.query(`SELECT ${number} ${comment(number)}`))).toBe(String(number));
    if (mood === 500) {
      await waitFor(async () => (await counts(daemon)).dropped === 9, { what: 'the count' });
      expect(await counts(daemon)).toEqual({ exported: 0, dropped: 9, over_limit: 0 });
      expect(daemon.log().match(/traces are lost/g)).toHaveLength(1);
    }
    expect(await spansOf(daemon)).toEqual([]);
  },
);

test('one that never answers is given no more than it can have, and holds up no end', async () => {
  collector.mood = 'silent';
  const daemon = await start({ trace_sample: 1, trace_max_per_second: 100_000 });
  const client = await arrive(daemon);
  const many = Buffer.concat(
    Array.from({ length: 500 }, (_, at) => frontend.query(`SELECT ${at}`)),
  );
  for (let round = 0; round < 6; round++) {
    client.send(many);
    for (let left = 500; left > 0; left--) await client.until('Z');
  }
  expect(await counts(daemon)).toEqual({ exported: 0, dropped: 3000 - 2048, over_limit: 0 });
  const startedAtMs = performance.now();
  expect(await spansOf(daemon)).toEqual([]);
  expect(performance.now() - startedAtMs).toBeLessThan(8000);
});
