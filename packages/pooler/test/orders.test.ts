import type { Link } from '../src/backend/link';
import { databaseName } from '../src/ports/names';
import { NOTHING_HELD } from '../src/ports/traffic-control';
import { HandTopology } from './kit/hand-topology';
import { query } from './kit/messages';
import { Rig } from './kit/rig';
import { databaseSettings } from './kit/settings';

const PAUSED = { ...NOTHING_HELD, paused: true };

/** Whether a promise has been kept by now. */
function watched<T>(promise: Promise<T>): { value: T | undefined; done: boolean } {
  const state: { value: T | undefined; done: boolean } = { value: undefined, done: false };
  void promise.then((value) => {
    state.value = value;
    state.done = true;
  });
  return state;
}

test('the links that clients have of one server are counted, those that nobody has are not', async () => {
  const app = { ...databaseSettings(), targetSessionAttrs: 'any' } as const;
  const topology = new HandTopology([{ port: 5432, role: 'primary' }]);
  const databases = new Map([[databaseName('app'), app]]);
  const rig = await Rig.open({ poolSize: 5, databases }, { topology });
  const [first] = await rig.holders(2);
  const count = (port = 5432, database = 'app') =>
    rig.pooler.orders.countLeases({
      ...{ databases: [databaseName(database)], host: 'db.test', port },
    });
  expect(await count()).toBe(2);
  expect(await count(5433)).toBe(0);
  expect(await count(5432, 'other')).toBe(0);
  first?.send(query('COMMIT'));
  await rig.settle();
  expect(await count()).toBe(1);
});

describe('PAUSE', () => {
  test('idle links are closed, and whoever comes then waits until RESUME', async () => {
    const rig = await Rig.open({ poolSize: 2 });
    const client = await rig.client();
    client.send(query('SELECT 1'));
    await rig.settle();
    await rig.pooler.orders.hold(PAUSED);
    const quiet = watched(rig.pooler.orders.untilQuiet(undefined));
    await rig.settle();
    expect(rig.server.open).toBe(0);
    expect(quiet).toEqual({ value: true, done: true });
    client.forget();
    client.send(query('SELECT 2'));
    await rig.settle();
    expect(client.tags).toBe('');
    expect(rig.server.open).toBe(0);
    await rig.pooler.orders.hold(NOTHING_HELD);
    await rig.settle();
    expect(client.tags).toBe('CZ');
  });

  test('a transaction that is open is waited for, and its link is closed then', async () => {
    const rig = await Rig.open({ poolSize: 2 });
    const client = await rig.client();
    client.send(query('BEGIN'));
    await rig.settle();
    await rig.pooler.orders.hold(PAUSED);
    const quiet = watched(rig.pooler.orders.untilQuiet(undefined));
    await rig.settle();
    expect(quiet.done).toBe(false);
    client.send(query('SELECT 1'), query('COMMIT'));
    await rig.settle();
    expect(client.tags).toBe('CZCZCZ');
    expect(quiet).toEqual({ value: true, done: true });
    expect(rig.server.open).toBe(0);
  });

  test('one that is resumed before it is quiet says so', async () => {
    const rig = await Rig.open({ poolSize: 2 });
    const client = await rig.client();
    client.send(query('BEGIN'));
    await rig.settle();
    await rig.pooler.orders.hold(PAUSED);
    const quiet = watched(rig.pooler.orders.untilQuiet(undefined));
    await rig.pooler.orders.hold(NOTHING_HELD);
    await rig.settle();
    expect(quiet).toEqual({ value: false, done: true });
  });

  test('of one database leaves the others alone, and holds for its pools to come', async () => {
    const rig = await Rig.open({ poolSize: 2 });
    await rig.pooler.orders.hold({ ...NOTHING_HELD, pausedDatabases: ['app'] });
    const client = rig.caller();
    await rig.settle();
    expect(client.tags).not.toContain('Z');
    await rig.pooler.orders.hold({ ...NOTHING_HELD, pausedDatabases: ['other'] });
    await rig.settle();
    expect(client.tags).toContain('Z');
  });
});

test('DISABLE lets nobody new in, and leaves who is there alone', async () => {
  const rig = await Rig.open();
  const before = await rig.client();
  await rig.pooler.orders.hold({ ...NOTHING_HELD, disabledDatabases: ['app'] });
  const refused = rig.caller();
  await rig.settle();
  expect(refused.errors.at(-1)).toMatchObject({
    code: '57P03',
    message: 'database "app" is disabled',
  });
  before.send(query('SELECT 1'));
  await rig.settle();
  expect(before.tags).toBe('CZ');
});

test('RECONNECT replaces idle links at once and the others when they are free', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const [busy, idle] = [await rig.client(), await rig.client()];
  busy.send(query('BEGIN'));
  idle.send(query('SELECT 1'));
  await rig.settle();
  const before = new Set<Link>(rig.pool().links);
  await rig.pooler.orders.reconnect(undefined);
  const renewed = watched(rig.pooler.orders.untilRenewed('app'));
  await rig.settle();
  expect(renewed.done).toBe(false);
  busy.send(query('COMMIT'));
  await rig.settle();
  expect(renewed.done).toBe(true);
  busy.send(query('SELECT 1'));
  await rig.settle();
  expect([...rig.pool().links].some((link) => before.has(link))).toBe(false);
});

test('KILL drops clients and links, whatever they do', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const [busy, idle] = [await rig.client(), await rig.client()];
  busy.send(query('BEGIN'));
  await rig.settle();
  await rig.pooler.orders.hold({ ...NOTHING_HELD, pausedDatabases: ['app'] });
  await rig.pooler.orders.kill('app');
  await rig.settle();
  for (const client of [busy, idle]) {
    expect(client.closed).toBe(true);
    expect(client.errors.at(-1)).toMatchObject({ code: '57P01', message: 'database removed' });
  }
  expect(rig.server.open).toBe(0);
});

test('KILL_CLIENT drops one client', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const [one, other] = [await rig.client(), await rig.client()];
  const [id] = rig.pooler.sessions.keys();
  expect(id).toBeDefined();
  if (id === undefined) return;
  expect(await rig.pooler.orders.killClient(id)).toBe(true);
  expect(await rig.pooler.orders.killClient(id)).toBe(false);
  await rig.settle();
  expect(one.errors.at(-1)).toMatchObject({ code: '57P01', message: 'admin forced disconnect' });
  expect(other.closed).toBe(false);
});

describe('a link that is being opened', () => {
  /** A pool whose only dial is under way, and a client that waits for it. */
  async function dialing(resolve?: (answer: () => void) => void) {
    const rig = await Rig.open(
      { poolSize: 1, serverConnectTimeoutMs: 15_000 },
      resolve === undefined
        ? {}
        : { resolver: { resolve: (_h, done) => resolve(() => done({ addresses: ['10.0.0.2'] })) } },
    );
    return rig;
  }

  test('in name resolution when KILL comes is given up, and the name may come later', async () => {
    const answers: (() => void)[] = [];
    const rig = await dialing((answer) => answers.push(answer));
    const client = rig.caller();
    await rig.settle();
    await rig.pooler.orders.hold({ ...NOTHING_HELD, pausedDatabases: ['app'] });
    await rig.pooler.orders.kill('app');
    await rig.pass(10);
    expect(client.closed).toBe(true);
    for (const answer of answers.splice(0)) answer();
    await rig.settle();
    expect(rig.server.dials + rig.server.open).toBe(0);
    await rig.pooler.orders.hold(NOTHING_HELD);
    const other = rig.caller();
    await rig.settle();
    for (const answer of answers.splice(0)) answer();
    await rig.settle();
    expect(other.tags).toContain('Z');
  });

  test('to a server that is silent when KILL comes is given up, and the next one is not', async () => {
    const rig = await dialing();
    rig.server.dialling = { kind: 'silence' };
    rig.caller();
    await rig.settle();
    await rig.pooler.orders.hold({ ...NOTHING_HELD, pausedDatabases: ['app'] });
    await rig.pooler.orders.kill('app');
    await rig.pass(10);
    rig.server.dialling = { kind: 'accept' };
    await rig.pooler.orders.hold(NOTHING_HELD);
    const other = rig.caller();
    await rig.pass(500);
    expect(other.tags).toContain('Z');
  });

  test('and fails while it is paused fails nobody who waits', async () => {
    const rig = await dialing();
    const client = await rig.client();
    const [link] = rig.pool().links;
    link?.close('test');
    await rig.settle();
    rig.server.dialling = { kind: 'silence' };
    client.send(query('SELECT 1'));
    await rig.settle();
    await rig.pooler.orders.hold(PAUSED);
    await rig.pass(20_000);
    expect(client.errors).toEqual([]);
    rig.server.dialling = { kind: 'accept' };
    await rig.pooler.orders.hold(NOTHING_HELD);
    await rig.pass(500);
    expect(client.tags).toBe('CZ');
  });
});

test('WAIT_CLOSE does not wait for a link that is for one client alone, unless it is to be renewed', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const client = await rig.client({ replication: 'database' });
  const before = watched(rig.pooler.orders.untilRenewed(undefined));
  await rig.settle();
  expect(before.done).toBe(true);
  await rig.pooler.orders.reconnect(undefined);
  const after = watched(rig.pooler.orders.untilRenewed(undefined));
  await rig.settle();
  expect(after.done).toBe(false);
  client.wire.arriveEnd();
  await rig.settle();
  expect(after.done).toBe(true);
});

test('a link for one client alone that logs in while it is paused is not handed out', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  await rig.client();
  const client = rig.caller({ replication: 'database' });
  await rig.pooler.orders.hold(PAUSED);
  await rig.settle();
  expect(client.tags).not.toContain('Z');
  expect(rig.server.open).toBe(0);
  await rig.pooler.orders.hold(NOTHING_HELD);
  await rig.settle();
  expect(client.tags).toContain('Z');
});

test('PAUSE is not held up by a client that has only used a sequence once', async () => {
  const rig = await Rig.open({ poolSize: 1, sequencePinTimeoutMs: 1000 });
  const client = await rig.client();
  client.send(query("SELECT nextval('s')"));
  await rig.settle();
  await rig.pooler.orders.hold(PAUSED);
  const quiet = watched(rig.pooler.orders.untilQuiet(undefined));
  await rig.pass(3000);
  expect(quiet.done).toBe(true);
});

describe('SUSPEND', () => {
  const SUSPENDED = { ...NOTHING_HELD, suspended: true };

  test('holds up what clients send, in transactions too, and nobody is too late for it', async () => {
    const rig = await Rig.open({
      poolSize: 2,
      idleTransactionTimeoutMs: 1000,
      clientIdleTimeoutMs: 1000,
    });
    const [busy, idle] = [await rig.client(), await rig.client()];
    busy.send(query('BEGIN'));
    await rig.settle();
    await rig.pooler.orders.hold(SUSPENDED);
    await rig.pooler.orders.untilFlushed();
    for (const client of [busy, idle]) {
      client.forget();
      client.send(query('SELECT 1'));
    }
    await rig.pass(5000);
    for (const client of [busy, idle]) expect(client.tags).toBe('');
    await rig.pooler.orders.hold(NOTHING_HELD);
    await rig.settle();
    for (const client of [busy, idle]) expect(client.tags).toBe('CZ');
  });

  test('leaves logins alone that have sent ahead what is for later', async () => {
    const rig = await Rig.open({ poolSize: 1 });
    rig.server.dialling = { kind: 'silence' };
    const client = rig.caller();
    client.send(query('SELECT 1'));
    await rig.settle();
    await rig.pooler.orders.hold(SUSPENDED);
    await rig.pooler.orders.hold(NOTHING_HELD);
    await rig.settle();
    expect(client.tags).not.toContain('Z');
    expect(client.errors).toEqual([]);
  });

  test('a statement that is held up can be canceled', async () => {
    const rig = await Rig.open({ poolSize: 1 });
    const client = await rig.client();
    await rig.pooler.orders.hold(SUSPENDED);
    client.send(query('SELECT 1'));
    await rig.settle();
    await rig.cancel(client);
    expect(client.sqlState).toBe('57014');
    await rig.pooler.orders.hold(NOTHING_HELD);
    await rig.settle();
    expect(client.tags).toBe('EZ');
  });

  test('who does not read for suspend_timeout is dropped', async () => {
    const rig = await Rig.open({ poolSize: 1, suspendTimeoutMs: 2000 });
    const client = await rig.client();
    client.wire.stall();
    client.send(query('SELECT 1'));
    await rig.settle();
    await rig.pooler.orders.hold(SUSPENDED);
    const flushed = watched(rig.pooler.orders.untilFlushed());
    await rig.pass(1000);
    expect(flushed.done).toBe(false);
    await rig.pass(2000);
    expect(flushed.done).toBe(true);
  });
});
