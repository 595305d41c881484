import {
  type Cluster,
  cancelPacket,
  type Daemon,
  frontend,
  type LoginResult,
  Random,
  RawClient,
  type RawTarget,
  startCluster,
} from '@pgweir/testkit';
import { ask, entry, errorIn, pooler, untilError, untilRuns, untilStops } from './support/stage';

const SETTINGS = {
  default_pool_size: 1,
  client_tls_sslmode: 'allow',
  client_tls_cert_file: '{certs}/server.crt',
  client_tls_key_file: '{certs}/server.key',
  server_tls_sslmode: 'require',
};
const CANCELED = 'ERROR 57014 canceling statement due to user request';
let cluster: Cluster;
let daemon: Daemon;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ tls: true, users: [{ name: 'app' }] });
  const databases = [entry(cluster.primary, 'app'), entry(cluster.primary, 'wide', 'pool_size=5')];
  daemon = await pooler(cluster.primary, { settings: SETTINGS, databases });
});

afterAll(async () => {
  await daemon.stop();
  await cluster.stop();
});

afterEach(() => {
  for (const client of clients) client.destroy();
  clients = [];
});

interface Arrival {
  readonly client: RawClient;
  /** Sends a cancel request for `client` and waits until it has been dealt with. */
  cancel(): Promise<void>;
}

interface Way {
  readonly by?: 'tcp' | 'tls' | 'unix';
  readonly protocol?: '3.0' | '3.2';
  readonly database?: string;
}

async function dial({ by = 'tcp' }: Way): Promise<RawClient> {
  const { host, port, socketPath } = daemon;
  const target: RawTarget = by === 'unix' ? { path: socketPath } : { host, port };
  return await RawClient.connect(target, by === 'tls' ? { tls: { start: 'request' } } : {});
}

async function arrive(way: Way = {}): Promise<Arrival> {
  const client = await dial(way);
  clients.push(client);
  const { protocol = '3.0', database = 'app' } = way;
  const login = await client.login({ user: 'app', database, protocol });
  return { client, cancel: () => sendCancel(login, way) };
}

async function sendCancel(login: Pick<LoginResult, 'processId' | 'cancelKey'>, way: Way = {}) {
  const wire = await dial(way);
  wire.send(cancelPacket(login.processId, login.cancelKey));
  await wire.closed;
}

const WAYS: readonly Way[] = [
  { by: 'tcp', protocol: '3.0' },
  { by: 'tcp', protocol: '3.2' },
  { by: 'tls', protocol: '3.0' },
  { by: 'tls', protocol: '3.2' },
  { by: 'unix', protocol: '3.0' },
];

describe.each(WAYS)('over $by with protocol $protocol', (way) => {
  test.each([
    ['a simple query', frontend.query('SELECT pg_sleep(60)'), 'I'],
    [
      'an extended query',
      Buffer.concat([frontend.run('SELECT pg_sleep(60)'), frontend.sync()]),
      'I',
    ],
    ['a query in a transaction', frontend.query('BEGIN; SELECT pg_sleep(60)'), 'E'],
  ])('%s is cancelled and its client goes on', async (_, message, status) => {
    const { client, cancel } = await arrive(way);
    client.send(message);
    await untilRuns(cluster.primary, 'pg_sleep(60)');
    await cancel();
    expect(await untilError(client)).toBe(CANCELED);
    expect((await client.until('Z')).at(-1)?.body.toString()).toBe(status);
    await client.query('ROLLBACK');
    expect(await ask(client, 'SELECT 1')).toBe('1');
  });
});

describe('a client that waits for a link', () => {
  async function holder(): Promise<RawClient> {
    const { client } = await arrive();
    await client.query('BEGIN');
    return client;
  }

  test.each([
    ['a simple query', frontend.query('CREATE TABLE wrong ()')],
    ['an extended query', Buffer.concat([frontend.run('CREATE TABLE wrong ()'), frontend.sync()])],
  ])('gets 57014 for %s at once, and stays usable', async (_, message) => {
    const holding = await holder();
    const { client, cancel } = await arrive();
    await client.flushed(message);
    await cancelUntilGone(client, cancel);
    expect((await client.until('Z')).at(-1)?.body.toString()).toBe('I');
    await holding.query('COMMIT');
    expect(await ask(client, "SELECT to_regclass('wrong')")).toBeNull();
  });

  test('loses the statement it waits with, not those behind it', async () => {
    const holding = await holder();
    const { client, cancel } = await arrive();
    client.send(frontend.query("SELECT 'first'"), frontend.query("SELECT 'second'"));
    await cancelUntilGone(client, cancel);
    await client.until('Z');
    await holding.query('COMMIT');
    const messages = await client.until('Z');
    expect(errorIn(messages)).toBeUndefined();
    expect(messages.find(({ tag }) => tag === 'D')?.body.toString()).toContain('second');
  });

  /** The statement may still be on its way to the pooler when the first request comes. */
  async function cancelUntilGone(client: RawClient, cancel: () => Promise<void>): Promise<void> {
    const from = daemon.log().length;
    const gone = untilError(client);
    while (!daemon.log().slice(from).includes('queued statement canceled')) await cancel();
    expect(await gone).toBe(CANCELED);
  }
});

test('an idle client does not notice', async () => {
  const { client, cancel } = await arrive();
  await ask(client, 'SELECT 1');
  for (let i = 0; i < 5; i++) await cancel();
  expect(await ask(client, 'SELECT 2')).toBe('2');
  expect(daemon.log()).toContain('cancel request for idle client');
});

test('a client that is idle in its transaction does not notice', async () => {
  const { client, cancel } = await arrive();
  await client.query('BEGIN');
  for (let i = 0; i < 5; i++) await cancel();
  expect(await ask(client, 'SELECT 2')).toBe('2');
  await client.query('COMMIT');
});

test('storms of cancel requests never hit another client of the same link', async () => {
  const random = new Random(711);
  let running = true;
  let canceled = 0;
  const targets = await Promise.all(Array.from({ length: 3 }, () => arrive()));
  const target = async ({ client }: Arrival): Promise<void> => {
    while (running) {
      const error = errorIn(await client.query('SELECT pg_sleep(0.003)'));
      if (error === undefined) continue;
      expect(error.C).toBe('57014');
      canceled += 1;
    }
  };
  const storm = async ({ cancel }: Arrival): Promise<void> => {
    while (running) await cancel();
  };
  const bystanders = await Promise.all(Array.from({ length: 3 }, () => arrive()));
  const bystander = async ({ client }: Arrival): Promise<void> => {
    for (let i = 0; i < 150; i++) {
      const expected = random.hex();
      const messages = await client.query(`SELECT '${expected}' FROM pg_sleep(0.001)`);
      expect(errorIn(messages)).toBeUndefined();
      expect(messages.find(({ tag }) => tag === 'D')?.body.toString()).toContain(expected);
      client.forget();
    }
  };
  const noise = [...targets.map(target), ...targets.map(storm)];
  try {
    await Promise.all(bystanders.map(bystander));
  } finally {
    running = false;
    await Promise.all(noise);
  }
  expect(canceled).toBeGreaterThan(0);
}, 60_000);

test('many clients cancel their own statements at once, each of them only its own', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => arrive({ database: 'wide' })));
  const outcomes = all.map(async ({ client }) =>
    errorIn(await client.query('SELECT pg_sleep(60)')),
  );
  let left = all.length;
  const counted = outcomes.map((outcome) => outcome.finally(() => left--));
  while (left > 0) await Promise.all(all.map(({ cancel }) => cancel()));
  expect((await Promise.all(counted)).map((error) => error?.C)).toEqual(all.map(() => '57014'));
  await untilStops(cluster.primary, 'pg_sleep(60)');
});

test('wrong keys cancel nothing, and the right one from the same address is heard after them', async () => {
  const strict = await pooler(cluster.primary);
  const wires: RawClient[] = [];
  try {
    const client = await RawClient.connect({ host: strict.host, port: strict.port });
    wires.push(client);
    const { processId, cancelKey } = await client.login({ user: 'app', database: 'app' });
    client.send(frontend.query('SELECT pg_sleep(61)'));
    await untilRuns(cluster.primary, 'pg_sleep(61)');
    const send = async (id: number, key: Buffer): Promise<void> => {
      const wire = await RawClient.connect({ host: strict.host, port: strict.port });
      wires.push(wire);
      wire.send(cancelPacket(id, key));
      await wire.closed;
      expect(wire.messages).toEqual([]);
    };
    for (let i = 0; i < 15; i++) {
      const wrong = Buffer.from(cancelKey);
      wrong[i % 4] = ((wrong[i % 4] ?? 0) + 1 + i) & 0xff;
      await send(processId, wrong);
      await send(processId + 1 + i, cancelKey);
    }
    await untilRuns(cluster.primary, 'pg_sleep(61)');
    await send(processId, cancelKey.subarray(0, 4));
    expect(await untilError(client)).toBe(CANCELED);
    const lines = strict.log().split('\n');
    expect(lines.filter((line) => line.includes('LOG failed cancel request'))).toHaveLength(20);
    expect(
      lines.filter((line) => line.includes('WARNING too many failed cancel requests')),
    ).toHaveLength(1);
  } finally {
    for (const wire of wires) wire.destroy();
    await strict.stop();
  }
});
