import type { Link } from '../src/backend/link';
import { NOTHING_HELD } from '../src/ports/traffic-control';
import { query } from './kit/messages';
import { Rig } from './kit/rig';

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
