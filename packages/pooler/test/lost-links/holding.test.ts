import { commandComplete, readyForQuery } from '@pgweir/protocol';
import { query } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { FIRST_IS_PRIMARY, heard, ONE, Stage, TWO } from './stage';

async function asks(stage: Stage, client: TestClient, ...parts: Buffer[]): Promise<string> {
  client.forget();
  client.send(...parts);
  await stage.rig.settle();
  return heard(client);
}

describe('how long work waits for a server', () => {
  test('failover_hold_timeout ends it with 57P03', async () => {
    const stage = await Stage.open({ failoverHoldTimeoutMs: 8000 });
    const client = await stage.rig.client();
    await stage.kill();
    await stage.hold();
    expect(await asks(stage, client, query('SELECT 1'))).toBe('');
    await stage.rig.pass(7900);
    expect(heard(client)).toBe('');
    await stage.rig.pass(1000);
    expect(heard(client)).toBe('E57P03');
    expect(client.errors[0]?.message).toContain('failover_hold_timeout');
    expect(client.closed).toBe(true);
  });

  test('it is 30 seconds by itself', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await stage.kill();
    await stage.hold();
    await asks(stage, client, query('SELECT 1'));
    await stage.rig.pass(29_900);
    expect(heard(client)).toBe('');
    await stage.rig.pass(1000);
    expect(heard(client)).toBe('E57P03');
  });

  test('query_wait_timeout ends it, too, if it is shorter', async () => {
    const stage = await Stage.open({ queryWaitTimeoutMs: 3000 });
    const client = await stage.rig.client();
    await stage.kill();
    await stage.hold();
    await asks(stage, client, query('SELECT 1'));
    await stage.rig.pass(4000);
    expect(heard(client)).toBe('E57P03');
  });

  test('it is not for those who wait for links that others use', async () => {
    const stage = await Stage.open({ poolSize: 1, failoverHoldTimeoutMs: 1000 });
    const [holder, waiter] = await stage.rig.clients(2);
    if (holder === undefined || waiter === undefined) throw new Error('two clients');
    await asks(stage, holder, query('BEGIN'));
    await asks(stage, waiter, query('SELECT 1'));
    await stage.rig.pass(20_000);
    expect(heard(waiter)).toBe('');
    await asks(stage, holder, query('COMMIT'));
    expect(heard(waiter)).toBe('C(SELECT 0) ZI');
  });

  test('a primary that cannot be reached makes clients wait before anybody has noticed', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await stage.kill();
    expect(await asks(stage, client, query('SELECT 1'))).toBe('');
    await stage.rig.pass(3000);
    expect(heard(client)).toBe('');
    // It is back, and was never replaced.
    stage.rig.server.diallingPort.delete(ONE);
    await stage.rig.pass(1000);
    expect(heard(client)).toBe('C(SELECT 0) ZI');
  });

  test('and only until failover_hold_timeout', async () => {
    const stage = await Stage.open({ failoverHoldTimeoutMs: 2000 });
    const client = await stage.rig.client();
    await stage.kill();
    await asks(stage, client, query('SELECT 1'));
    await stage.rig.pass(3000);
    expect(heard(client)).toBe('E57P03');
  });

  test('a single server that cannot be reached is told of at once: nobody could take over', async () => {
    const stage = await Stage.open({}, { hosts: ['10.0.0.2'], ports: [ONE] });
    stage.topology.publish([{ host: '10.0.0.2', port: ONE, role: 'primary' }], {
      epoch: 1,
      holding: false,
    });
    const client = await stage.rig.client();
    await stage.kill();
    expect(await asks(stage, client, query('SELECT 1'))).toBe('E57P03');
  });

  test('a wrong password is told of at once, whoever may take over', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await stage.kill();
    const error = { severity: 'FATAL', code: '28P01', message: 'no' } as const;
    stage.rig.server.diallingPort.set(ONE, { kind: 'reject', error });
    expect(await asks(stage, client, query('SELECT 1'))).toBe('E28P01');
  });

  test('new clients wait for their login, too', async () => {
    const stage = await Stage.open();
    stage.rig.server.diallingPort.set(ONE, { kind: 'refuse' });
    const caller = stage.rig.caller();
    await stage.rig.pass(1000);
    await stage.hold();
    expect(caller.errors).toEqual([]);
    await stage.promote();
    expect(caller.tags).toMatch(/^R.*Z$/);
  });
});

test('a role that no server has, and none can get: 57P03 at once', async () => {
  const stage = await Stage.open({}, { targetSessionAttrs: 'standby' });
  const client = await stage.rig.client();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  stage.topology.publish([{ port: ONE, role: 'primary' }], { epoch: 1, holding: false });
  await stage.rig.settle();
  expect(await asks(stage, client, query('SELECT 1'))).toBe('E57P03');
  expect(client.errors[0]?.message).toContain('target_session_attrs');
});

test.each([
  ['read-write', ONE],
  ['primary', ONE],
  ['read-only', TWO],
  ['standby', TWO],
  ['prefer-standby', TWO],
] as const)('%s leads to the server that has that role', async (targetSessionAttrs, port) => {
  const stage = await Stage.open({}, { targetSessionAttrs });
  const client = await stage.rig.client();
  await asks(stage, client, query('SELECT 1'));
  expect(stage.rig.server.live).toEqual(stage.rig.server.liveAt(port));
});

test('prefer-standby takes the primary where there is no replica, and leaves it when there is one', async () => {
  const stage = await Stage.open({}, { targetSessionAttrs: 'prefer-standby' });
  stage.topology.publish(FIRST_IS_PRIMARY.slice(0, 1), { epoch: 1, holding: false });
  const client = await stage.rig.client();
  await asks(stage, client, query('BEGIN'));
  expect(stage.at(ONE).queries).toEqual(['BEGIN']);
  stage.topology.publish(FIRST_IS_PRIMARY, { epoch: 1, holding: false });
  await stage.rig.settle();
  // What it has begun it finishes there.
  expect(await asks(stage, client, query('COMMIT'))).toBe('C(COMMIT) ZI');
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  expect(stage.rig.server.liveAt(ONE)).toEqual([]);
  expect(stage.at(TWO).queries).toEqual(['SELECT 1']);
});

describe('a primary that lives on when another one is primary', () => {
  test('has its links closed at once, and nothing that it says counts any more', async () => {
    const stage = await Stage.open();
    const [writer, idle] = await stage.rig.clients(2);
    if (writer === undefined || idle === undefined) throw new Error('two clients');
    await asks(stage, idle, query('SELECT 1'));
    const old = stage.at(ONE);
    old.answers = false;
    await asks(stage, writer, query('INSERT INTO t VALUES (1)'));
    old.send(commandComplete('INSERT 0 1'), readyForQuery('I'));
    await stage.promote();
    expect(heard(writer)).toBe('E08007 ZI');
    expect(stage.rig.server.liveAt(ONE)).toEqual([]);
    expect(await asks(stage, writer, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
    expect(stage.at(TWO).queries).toEqual(['SELECT 1']);
  });

  test('a hung one keeps no place in the pool', async () => {
    const stage = await Stage.open({ poolSize: 1 });
    const client = await stage.rig.client();
    const old = stage.at(ONE);
    old.answers = false;
    stage.rig.server.closesOnGoodbye = false;
    await asks(stage, client, query('SELECT a FROM t'));
    await stage.hold();
    await stage.promote();
    expect(heard(client)).toBe('C(SELECT 0) ZI');
    expect(stage.rig.pool().links.size).toBe(1);
  });

  test('a login at it that is under way is given up', async () => {
    const stage = await Stage.open();
    stage.rig.server.diallingPort.set(ONE, { kind: 'mute' });
    const caller = stage.rig.caller();
    await stage.rig.settle();
    await stage.promote();
    expect(caller.tags).toMatch(/^R.*Z$/);
    expect(stage.rig.server.liveAt(ONE)).toEqual([]);
  });

  test('a client in a transaction on it loses that, and no more', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, query('BEGIN'));
    await stage.promote();
    expect(await asks(stage, client, query('INSERT INTO t VALUES (1)'))).toBe('E08006 ZE');
    expect(await asks(stage, client, query('ROLLBACK'))).toBe('C(ROLLBACK) ZI');
    expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
    expect(stage.at(TWO).queries).toEqual(['SELECT 1']);
  });
});

describe('a change that is planned', () => {
  test('transactions finish, new work waits, and nobody hears of an error', async () => {
    const stage = await Stage.open();
    const [busy, fresh] = await stage.rig.clients(2);
    if (busy === undefined || fresh === undefined) throw new Error('two clients');
    await asks(stage, busy, query('BEGIN'));
    stage.topology.publish(FIRST_IS_PRIMARY, { epoch: 1, holding: true });
    await stage.rig.settle();
    expect(await asks(stage, fresh, query('INSERT INTO t VALUES (2)'))).toBe('');
    expect(await asks(stage, busy, query('INSERT INTO t VALUES (1)'))).toBe('C(SELECT 0) ZT');
    expect(await asks(stage, busy, query('COMMIT'))).toBe('C(COMMIT) ZI');
    expect(await asks(stage, busy, query('INSERT INTO t VALUES (3)'))).toBe('');
    expect(stage.rig.pool().waiters.length).toBe(2);
    await stage.promote();
    expect(heard(fresh)).toBe('C(SELECT 0) ZI');
    expect(heard(busy)).toBe('C(SELECT 0) ZI');
    expect(stage.rig.server.liveAt(ONE)).toEqual([]);
  });

  test('is called off: what waits goes on where it was', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.topology.publish(FIRST_IS_PRIMARY, { epoch: 1, holding: true });
    expect(await asks(stage, client, query('SELECT 1'))).toBe('');
    const { dials } = stage.rig.server;
    stage.topology.publish(FIRST_IS_PRIMARY, { epoch: 1, holding: false });
    await stage.rig.settle();
    expect(heard(client)).toBe('C(SELECT 0) ZI');
    expect(stage.rig.server.dials).toBe(dials);
  });
});

test('one link is lost: idle ones are asked whether they live before anybody gets them', async () => {
  const stage = await Stage.open({ poolSize: 3 });
  const clients = await stage.rig.clients(3);
  for (const client of clients) client.send(query('BEGIN'));
  await stage.rig.settle();
  const [one, two, three] = clients;
  if (one === undefined || two === undefined || three === undefined) throw new Error('three');
  await asks(stage, two, query('COMMIT'));
  await asks(stage, three, query('COMMIT'));
  const [first, second, third] = stage.rig.server.liveAt(ONE);
  first?.crash();
  // These are dead as well, which has not come to be known.
  if (second === undefined || third === undefined) throw new Error('three backends');
  second.answers = false;
  third.answers = false;
  await stage.rig.settle();
  expect(await asks(stage, two, query('INSERT INTO t VALUES (1)'))).toBe('');
  second.crash();
  third.crash();
  await stage.rig.settle();
  expect(heard(two)).toBe('C(SELECT 0) ZI');
  expect([second.queries.at(-1), third.queries.at(-1)]).toEqual(['', '']);
});

test('a snapshot that says nothing new disturbs nobody', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await asks(stage, client, query('SELECT 1'));
  const { dials } = stage.rig.server;
  for (let i = 0; i < 5; i++) {
    stage.topology.publish(FIRST_IS_PRIMARY, { epoch: 1, holding: false });
    await stage.rig.settle();
  }
  expect(await asks(stage, client, query('SELECT 1'))).toBe('C(SELECT 0) ZI');
  expect(stage.rig.server.dials).toBe(dials);
});

test('a server that PostgreSQL is starting on is waited for', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await stage.kill();
  const error = { severity: 'FATAL', code: '57P03', message: 'starting up' } as const;
  stage.rig.server.diallingPort.set(ONE, { kind: 'reject', error });
  expect(await asks(stage, client, query('SELECT 1'))).toBe('');
  await stage.rig.pass(2000);
  stage.rig.server.diallingPort.delete(ONE);
  await stage.rig.pass(1000);
  expect(heard(client)).toBe('C(SELECT 0) ZI');
});

test('whoever stops the pooler leaves no subscription behind', async () => {
  const stage = await Stage.open();
  expect(stage.topology.subscribers).toBe(1);
  await stage.rig.stop();
  expect(stage.topology.subscribers).toBe(0);
});
