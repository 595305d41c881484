import { userName } from '../src/ports/names';
import { NOTHING_HELD } from '../src/ports/traffic-control';
import { flush, parse, query } from './kit/messages';
import { Rig } from './kit/rig';
import { databaseSettings, NO_USER_SETTINGS } from './kit/settings';
import { Stage, TWO } from './lost-links/stage';

test('query_wait_timeout ends a wait with 53300', async () => {
  const rig = await Rig.open({ poolSize: 1, queryWaitTimeoutMs: 5000 });
  await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(4900);
  expect(client.errors).toEqual([]);
  await rig.pass(1000);
  expect(client.sqlState).toBe('53300');
  expect(client.errors[0]?.message).toBe('query_wait_timeout');
  expect(client.closed).toBe(true);
  expect(rig.pool().waiters.length).toBe(0);
  expect(rig.log.count('pooler error: query_wait_timeout')).toBe(1);
});

test('query_wait_notify tells a waiting client once for each wait', async () => {
  const rig = await Rig.open({ poolSize: 1, queryWaitNotifyMs: 2000 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(1900);
  expect(client.tags).toBe('');
  await rig.pass(10_000);
  expect(client.tags).toBe('N');
  holder?.send(query('COMMIT'));
  await rig.settle();
  holder?.send(query('BEGIN'));
  await rig.settle();
  client.forget();
  client.send(query('SELECT 2'));
  await rig.pass(5000);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(client.tags).toBe('NCZ');
  expect(client.notices[0]?.severity).toBe('NOTICE');
});

test('a client that is served at once gets no notice', async () => {
  const rig = await Rig.open({ queryWaitNotifyMs: 2000 });
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(5000);
  expect(client.tags).toBe('CZ');
});

test('a cancelled wait is over: the next one is told of again', async () => {
  const rig = await Rig.open({ poolSize: 1, queryWaitNotifyMs: 2000 });
  await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(3000);
  await rig.cancel(client);
  client.send(query('SELECT 2'));
  await rig.pass(3000);
  expect(client.tags).toBe('NEZN');
});

test('query_timeout ends a running statement with 57014 and cancels it', async () => {
  const rig = await Rig.open({ poolSize: 1, queryTimeoutMs: 5000 });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.pass(4900);
  expect(client.tags).toBe('');
  await rig.pass(1000);
  expect(client.sqlState).toBe('57014');
  expect(client.closed).toBe(true);
  expect(rig.server.cancels).toBe(1);
  expect(rig.pool().idleCount).toBe(1);
});

test('query_timeout counts the wait for a link too', async () => {
  const rig = await Rig.open({ poolSize: 1, queryTimeoutMs: 5000 });
  const [holder] = await rig.clients(2);
  holder?.send(query('BEGIN'));
  await rig.settle();
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(6000);
  expect(client.sqlState).toBe('57014');
  expect(holder?.errors).toEqual([]);
});

test('each statement of a pipeline has its own query_timeout', async () => {
  const rig = await Rig.open({ poolSize: 1, queryTimeoutMs: 5000 });
  const client = await rig.client();
  client.send(query('hang 1'), query('hang 2'));
  await rig.pass(4000);
  rig.server.backend.finish();
  await rig.pass(4000);
  expect(client.errors).toEqual([]);
  await rig.pass(2000);
  expect(client.sqlState).toBe('57014');
});

test('query_timeout holds for extended messages without a Sync', async () => {
  const rig = await Rig.open({ poolSize: 1, queryTimeoutMs: 5000 });
  const client = await rig.client();
  client.send(parse('SELECT 1'), flush());
  await rig.pass(6000);
  expect(client.sqlState).toBe('57014');
});

test('idle_transaction_timeout ends a client idle in its transaction with 25P03', async () => {
  const rig = await Rig.open({ poolSize: 1, idleTransactionTimeoutMs: 5000 });
  const [client] = await rig.holders(1);
  await rig.pass(3000);
  client?.send(query('SELECT 1'));
  await rig.pass(4900);
  expect(client?.errors).toEqual([]);
  await rig.pass(1000);
  expect(client?.sqlState).toBe('25P03');
  expect(rig.server.backend.queries.at(-1)).toBe('ROLLBACK');
  expect(rig.pool().idleCount).toBe(1);
});

test('a statement that runs is not an idle transaction', async () => {
  const rig = await Rig.open({ poolSize: 1, idleTransactionTimeoutMs: 5000 });
  const [client] = await rig.holders(1);
  client?.send(query('hang'));
  await rig.pass(20_000);
  expect(client?.errors).toEqual([]);
});

test('transaction_timeout ends a transaction that lasts too long with 25P04', async () => {
  const rig = await Rig.open({ poolSize: 1, transactionTimeoutMs: 5000 });
  const [client] = await rig.holders(1);
  for (let i = 0; i < 4; i++) {
    client?.send(query('SELECT 1'));
    await rig.pass(1000);
  }
  expect(client?.errors).toEqual([]);
  await rig.pass(2000);
  expect(client?.sqlState).toBe('25P04');
  expect(rig.pool().idleCount).toBe(1);
});

test('transaction_timeout starts anew with each transaction', async () => {
  const rig = await Rig.open({ poolSize: 1, transactionTimeoutMs: 5000 });
  const client = await rig.client();
  for (let i = 0; i < 4; i++) {
    client.send(query('BEGIN'));
    await rig.pass(3000);
    client.send(query('COMMIT'));
    await rig.settle();
  }
  expect(client.errors).toEqual([]);
});

test('client_idle_timeout ends a client that asks for nothing with 57P05', async () => {
  const rig = await Rig.open({ clientIdleTimeoutMs: 5000 });
  const client = await rig.client();
  await rig.pass(3000);
  client.send(query('SELECT 1'));
  await rig.pass(4900);
  expect(client.errors).toEqual([]);
  await rig.pass(1000);
  expect(client.sqlState).toBe('57P05');
});

test('client_idle_timeout leaves clients alone that wait, run or have a transaction', async () => {
  const rig = await Rig.open({ poolSize: 2, clientIdleTimeoutMs: 5000 });
  const [runner] = await rig.clients(1);
  runner?.send(query('hang'));
  const [holder] = await rig.holders(1);
  const waiter = await rig.client();
  waiter.send(query('SELECT 1'));
  await rig.pass(20_000);
  expect([runner?.errors, holder?.errors, waiter.errors]).toEqual([[], [], []]);
});

test('client_idle_timeout holds in session mode, where the client keeps its link', async () => {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'session', clientIdleTimeoutMs: 5000 });
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(6000);
  expect(client.sqlState).toBe('57P05');
  expect(rig.pool().idleCount).toBe(1);
});

test('client_login_timeout ends a client that never says who it is with 08P01', async () => {
  const rig = await Rig.open({ clientLoginTimeoutMs: 5000 });
  const silent = rig.stranger();
  const slow = rig.stranger();
  slow.send(Buffer.from([0, 0, 0]));
  await rig.pass(4900);
  expect([silent.closed, slow.closed]).toEqual([false, false]);
  await rig.pass(1000);
  expect([silent.sqlState, slow.sqlState]).toEqual(['08P01', '08P01']);
  expect(rig.pooler.sessions.size).toBe(0);
});

test('client_login_timeout ends a login that waits for the server with 57P03', async () => {
  const rig = await Rig.open({ clientLoginTimeoutMs: 5000 });
  rig.server.dialling = { kind: 'mute' };
  const client = rig.caller();
  await rig.pass(6000);
  expect(client.sqlState).toBe('57P03');
  expect(rig.pool().welcomeWaiters.size).toBe(0);
});

test('the timeouts of a user stand before the global ones', async () => {
  const rig = await Rig.open({
    queryTimeoutMs: 60_000,
    users: new Map([[userName('alice'), { ...NO_USER_SETTINGS, queryTimeoutMs: 2000 }]]),
  });
  const [alice, bob] = [await rig.client(), await rig.client({ user: 'bob' })];
  alice.send(query('hang'));
  bob.send(query('hang'));
  await rig.pass(5000);
  expect([alice.sqlState, bob.sqlState]).toEqual(['57014', undefined]);
});

test('nobody is timed out where every limit is 0', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const waiter = await rig.client();
  waiter.send(query('SELECT 1'));
  const idle = await rig.client();
  const silent = rig.stranger();
  await rig.pass(100_000);
  expect([holder, waiter, idle, silent].map((client) => client?.closed)).toEqual(
    Array(4).fill(false),
  );
});

test('a client in the middle of a row gets no error into it, only the end', async () => {
  const rig = await Rig.open({ poolSize: 1, queryTimeoutMs: 5000 });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  rig.server.backend.send(Buffer.from('44000000ff0001', 'hex'));
  await rig.pass(6000);
  expect(client.closed).toBe(true);
  expect(client.tags).toBe('');
  expect(client.output.includes('query timeout')).toBe(false);
});

test('a client that is told goodbye but stays is dropped after a while', async () => {
  const rig = await Rig.open({ clientIdleTimeoutMs: 1000 });
  const client = await rig.client();
  client.wire.peer = undefined;
  await rig.pass(2000);
  expect(client.wire.state).toBe('ended');
  await rig.pass(6000);
  expect(client.wire.state).toBe('closed');
  expect(rig.pooler.lingering.size).toBe(0);
});

test('a client that rests takes its state up again when it has something to say', async () => {
  const rig = await Rig.open({ poolMode: 'transaction' });
  const client = await rig.client();
  client.send(query('SELECT 1'), query('SELECT 2'));
  await rig.pass(1000);
  const [session] = rig.pooler.sessions.values();
  expect(session?.state).toBeDefined();
  await rig.pass(5000);
  expect(session?.state).toBeUndefined();
  client.send(parse('SELECT 2', 'named'));
  client.send(flush());
  await rig.pass(5000);
  expect(session?.state?.tracker.statements.own.count).toBe(1);
});

test('pool_idle_timeout forgets a pool without clients and links', async () => {
  const rig = await Rig.open({ serverIdleTimeoutMs: 1000, poolIdleTimeoutMs: 10_000 });
  const client = await rig.client();
  await rig.pass(60_000);
  expect(rig.server.open).toBe(0);
  expect(rig.pooler.pools.size).toBe(1);
  client.hangUp();
  await rig.pass(9000);
  expect(rig.pooler.pools.size).toBe(1);
  await rig.pass(2000);
  expect(rig.pooler.pools.size).toBe(0);
});

test('autodb_idle_timeout forgets a database that only the * entry knows, and no other', async () => {
  const rig = await Rig.open({
    fallbackDatabase: databaseSettings(),
    serverIdleTimeoutMs: 1000,
    autodbIdleTimeoutMs: 100_000,
  });
  const names = () => [...rig.pooler.databases.keys()];
  for (const database of ['app', 'made-up']) (await rig.client({ database })).hangUp();
  await rig.pass(90_000);
  expect(names()).toEqual(['app', 'made-up']);
  await rig.pass(20_000);
  expect(names()).toEqual(['app']);
});

test('clients that wait long for a link have one line when that begins, and one when it is over', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const [first, second] = await rig.clients(2);
  first?.send(query('SELECT 1'));
  second?.send(query('SELECT 2'));
  await rig.pass(900);
  expect(rig.log.count('wait for a link')).toBe(0);
  await rig.pass(5000);
  const begun = rig.log.lines.filter(({ message }) => message === 'clients wait for a link');
  expect(begun).toHaveLength(1);
  expect(begun[0]?.level).toBe('warn');
  expect(begun[0]?.fields).toMatchObject({ waiting: 2, links: 1 });
  holder?.send(query('COMMIT'));
  await rig.settle();
  await rig.pass(11_000);
  expect(rig.log.count('clients do not wait for a link any more')).toBe(1);
});

describe('what clients wait for something else is no shortage of links, and what follows is one', () => {
  const shortages = ({ log }: Rig) =>
    log.lines.filter(({ message }) => message === 'clients wait for a link');

  async function toldLater(rig: Rig): Promise<void> {
    await rig.pass(500);
    expect(shortages(rig)).toEqual([]);
    await rig.pass(1500);
    const [line, ...more] = shortages(rig);
    expect(more).toEqual([]);
    expect(line?.fields?.waited_ms).toBeLessThan(2000);
  }

  test.each([
    ['PAUSE', { ...NOTHING_HELD, paused: true }],
    ['SUSPEND', { ...NOTHING_HELD, suspended: true }],
  ])('%s', async (_command, held) => {
    const rig = await Rig.open({ poolSize: 1 });
    await rig.holders(1);
    const client = await rig.client();
    client.send(query('SELECT 1'));
    await rig.settle();
    await rig.pooler.orders.hold(held);
    await rig.pass(3000);
    await rig.pooler.orders.hold(NOTHING_HELD);
    await toldLater(rig);
  });

  test('a failover', async () => {
    const stage = await Stage.open({ poolSize: 1, poolMode: 'transaction' });
    const { rig } = stage;
    const client = await rig.client();
    await stage.kill();
    await stage.hold();
    client.send(query('SELECT a FROM t'));
    await rig.pass(3000);
    rig.server.diallingPort.set(TWO, { kind: 'mute' });
    await stage.promote();
    await toldLater(rig);
  });
});

test('a storm of wrong names fills no log: what is too much is counted', async () => {
  const rig = await Rig.open({});
  for (let count = 0; count < 260; count += 1) rig.caller({ database: 'missing' });
  await rig.settle();
  await rig.pass(11_000);
  const summary = rig.log.lines.find(({ message }) => message.includes('without a line for each'));
  // An error and an end for each of the first hundred.
  expect(summary?.fields).toEqual({ sqlstate: '3D000', count: 160 });
  expect(rig.log.count('pooler error: no such database')).toBe(100);
});
