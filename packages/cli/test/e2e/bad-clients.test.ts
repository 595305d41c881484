import { readFileSync } from 'node:fs';
import {
  type Cluster,
  type Daemon,
  frame,
  frontend,
  Random,
  RawClient,
  startCluster,
  startupPacket,
  waitFor,
} from '@pgweir/testkit';
import { Bystander } from './support/bystander';
import { ask, backendPid, enter, LOG_WITH_SQLSTATE, overruns, pooler } from './support/stage';

const PASSWORD = 'secret';
const LOGIN = { user: 'app', database: 'app', password: PASSWORD };
const LINKS = 3;
let cluster: Cluster;
let daemon: Daemon;
let bystander: Bystander;

beforeAll(async () => {
  cluster = await startCluster({
    settings: LOG_WITH_SQLSTATE,
    users: [{ name: 'app', connectionLimit: LINKS }],
  });
  const settings = {
    auth_type: 'scram-sha-256',
    max_packet_size: 100_000,
    max_client_conn: 100,
    default_pool_size: LINKS,
  };
  daemon = await pooler(cluster.primary, { settings });
  daemon.write('userlist.txt', `"app" "${PASSWORD}"\n`);
  await daemon.reload();
});

afterAll(async () => {
  await daemon.stop();
  await cluster.stop();
});

beforeEach(async () => {
  bystander = await Bystander.enter(daemon, { password: PASSWORD });
});

/** After every test: nobody was disturbed, no link is lost, and PostgreSQL was never asked for more. */
afterEach(async () => {
  await bystander.leave();
  const holders = await Promise.all(
    Array.from({ length: LINKS }, () => enter(daemon, { password: PASSWORD })),
  );
  await Promise.all(holders.map((client) => client.query('BEGIN')));
  const pids = new Set(await Promise.all(holders.map(backendPid)));
  expect(pids.size).toBe(LINKS);
  for (const client of holders) client.destroy();
  expect(await overruns(cluster)).toEqual([]);
});

async function dial(): Promise<RawClient> {
  return await RawClient.connect({ host: daemon.host, port: daemon.port });
}

/** Resident memory of the daemon, MB. */
function memory(): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Runs `one` `count` times, at most twenty at a time. */
async function many(count: number, one: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

/** Sends what it is asked to until `bytesMax` of it, then vanishes. */
async function vanishAfter(bytesMax: number, act: (client: RawClient) => Promise<unknown>) {
  const client = await dial();
  const send = client.send.bind(client);
  let left = bytesMax;
  const cutting = (...parts: readonly Buffer[]): void => {
    const bytes = Buffer.concat(parts);
    send(bytes.subarray(0, left));
    left -= bytes.length;
    if (left <= 0) client.destroy(bytesMax % 2 === 0 ? 'reset' : 'close');
  };
  Object.assign(client, { send: cutting });
  await act(client).catch((error: unknown) => error);
  client.destroy();
}

test('clients that vanish at any byte of a login disturb nobody', async () => {
  let whole = 0;
  const client = await dial();
  const send = client.send.bind(client);
  Object.assign(client, {
    send: (bytes: Buffer) => {
      whole += bytes.length;
      send(bytes);
    },
  });
  await client.login(LOGIN);
  await client.end();
  expect(whole).toBeGreaterThan(100);
  await many(whole, (cut) => vanishAfter(cut + 1, (victim) => victim.login(LOGIN)));
}, 60_000);

test('clients that vanish at any byte of a query disturb nobody', async () => {
  const exchange = Buffer.concat([
    frontend.query('BEGIN'),
    frontend.run('SELECT 1'),
    frontend.sync(),
    frontend.query('SELECT 2; SELECT 3'),
    frontend.query('COPY (SELECT 1) TO STDOUT'),
  ]);
  await many(exchange.length, async (cut) => {
    const client = await enter(daemon, { password: PASSWORD });
    await client.flushed(exchange.subarray(0, cut + 1));
    client.destroy(cut % 2 === 0 ? 'reset' : 'close');
  });
}, 60_000);

test('2,000 connections that say nothing keep nobody out', async () => {
  const silent: RawClient[] = [];
  try {
    await many(2000, async () => silent.push(await dial()));
    for (let i = 0; i < 5; i++) {
      const client = await enter(daemon, { password: PASSWORD });
      expect(await ask(client, 'SELECT 1')).toBe('1');
      await client.end();
    }
  } finally {
    for (const client of silent) client.destroy();
  }
}, 60_000);

/** Bytes without sense, or messages that make some. */
function nonsense(random: Random): Buffer {
  const bytes = Buffer.alloc(random.between(1, 300));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.between(0, 255);
  if (random.chance(0.3)) return bytes;
  const tag = random.pick([...'QPBDECSHFdcfpXR\0!']);
  const good = frame(tag, bytes);
  if (random.chance(0.5)) return good;
  // One byte of a good message changed.
  const at = random.between(0, good.length - 1);
  good[at] = random.between(0, 255);
  return good;
}

test('thousands of clients that send nonsense disturb nobody, and leave nothing behind', async () => {
  const seed = 20261122;
  const beforeLogin = async (n: number): Promise<void> => {
    const random = new Random(seed + n);
    const client = await dial();
    const hello = startupPacket(LOGIN);
    if (random.chance(0.5)) {
      hello[random.between(0, hello.length - 1)] = random.between(0, 255);
      client.send(hello);
      if (random.chance(0.5)) client.send(nonsense(random));
    } else client.send(nonsense(random));
    if (random.chance(0.5)) client.socket.end();
    await Promise.race([client.closed, new Promise((resolve) => setTimeout(resolve, 5))]);
    client.destroy();
  };
  const afterLogin = async (n: number): Promise<void> => {
    const random = new Random(seed - n);
    const client = await enter(daemon, { password: PASSWORD });
    for (let i = random.between(1, 5); i > 0 && !client.isClosed; i--) {
      await client.flushed(nonsense(random)).catch((error: unknown) => error);
      if (random.chance(0.3)) client.send(frontend.sync());
    }
    if (random.chance(0.5)) client.socket.end();
    await Promise.race([client.closed, new Promise((resolve) => setTimeout(resolve, 5))]);
    client.destroy();
  };
  await many(500, beforeLogin);
  await many(150, afterLogin);
  const before = memory();
  await many(2500, beforeLogin);
  await many(400, afterLogin);
  expect(memory() - before).toBeLessThan(50);
  expect(daemon.log()).not.toMatch(/invariant|XX000|internal error|\n\s+at /);
}, 120_000);

test('clients that do not read their results hold no memory', async () => {
  const before = memory();
  const slow = await Promise.all(
    Array.from({ length: LINKS - 1 }, () => enter(daemon, { password: PASSWORD })),
  );
  for (const client of slow) {
    client.pause();
    client.send(frontend.query("SELECT repeat('x', 100000) FROM generate_series(1, 3000)"));
  }
  const served = bystander.served;
  await waitFor(() => bystander.served > served + 50, { what: 'the bystander to go on' });
  expect(memory() - before).toBeLessThan(50);
  for (const client of slow) client.destroy();
}, 60_000);
