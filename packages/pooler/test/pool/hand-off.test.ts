import { query } from '../kit/messages';
import { Rig } from '../kit/rig';

test('a released link goes to the oldest waiter in the same call', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [first, second, third] = await rig.clients(3);
  first?.send(query('hang 1'));
  await rig.settle();
  second?.send(query('SELECT 2'));
  third?.send(query('SELECT 3'));
  await rig.settle();
  expect(rig.pool().waiters.length).toBe(2);
  const { backend } = rig.server;
  const { wire } = backend;
  const before = wire.writes.length;
  // The reply reaches the link directly: what is written to it now was written within that call.
  wire.handler.received(Buffer.from('430000000d53454c4543542031005a0000000549', 'hex'), 20);
  expect(wire.writes.slice(before).map((bytes) => bytes.toString('latin1', 5, 13))).toEqual([
    'SELECT 2',
  ]);
  expect(rig.pool().waiters.length).toBe(1);
});

test('waiters are served strictly in the order in which they came', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const clients = await rig.clients(20);
  const [holder] = await rig.holders(1);
  clients.forEach((client, i) => {
    client.send(query(`SELECT ${i}`));
  });
  await rig.settle();
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(rig.server.backend.queries.slice(-20)).toEqual(clients.map((_, i) => `SELECT ${i}`));
});

test('a client that comes when others wait does not overtake them', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const [first, second] = await rig.clients(2);
  first?.send(query('SELECT first'));
  await rig.settle();
  holder?.send(query('COMMIT'));
  second?.send(query('SELECT second'));
  await rig.settle();
  expect(rig.server.backend.queries.slice(-2)).toEqual(['SELECT first', 'SELECT second']);
});

test('the link that became idle last is lent first', async () => {
  const rig = await Rig.open({ poolSize: 3 });
  const holders = await rig.holders(3);
  for (const holder of holders) {
    holder.send(query('COMMIT'));
    await rig.settle();
  }
  const client = await rig.client();
  for (let i = 0; i < 3; i++) client.send(query('SELECT 1'));
  await rig.settle();
  expect(rig.server.live.map(({ queries }) => queries.length)).toEqual([2, 2, 5]);
});

test('server_round_robin lends the link that has been idle for longest', async () => {
  const rig = await Rig.open({ poolSize: 3, serverRoundRobin: true });
  const holders = await rig.holders(3);
  for (const holder of holders) {
    holder.send(query('COMMIT'));
    await rig.settle();
  }
  const client = await rig.client();
  for (let i = 0; i < 3; i++) {
    client.send(query('SELECT 1'));
    await rig.settle();
  }
  expect(rig.server.live.map(({ queries }) => queries.length)).toEqual([3, 3, 3]);
});

test('a waiter that hangs up leaves the queue, and the dial goes on for the next one', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [first, second] = await rig.clients(2);
  await rig.pass(400);
  for (const link of rig.pool().links) link.close('test');
  await rig.settle();
  rig.server.dialling = { kind: 'mute' };
  first?.send(query('SELECT 1'));
  second?.send(query('SELECT 2'));
  await rig.settle();
  expect(rig.pool().waiters.length).toBe(2);
  first?.hangUp();
  await rig.settle();
  expect(rig.pool().waiters.length).toBe(1);
  expect(rig.pool().supply.dialing).toBe(1);
  rig.server.backend.welcome();
  await rig.settle();
  expect(second?.tags).toBe('CZ');
  expect(rig.server.backend.queries).toEqual(['SELECT 2']);
  expect(rig.server.dials).toBe(2);
});

test('a link whose waiters have all left goes idle', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  rig.server.dialling = { kind: 'mute' };
  const caller = rig.caller();
  await rig.settle();
  caller.hangUp();
  await rig.settle();
  rig.server.backend.welcome();
  await rig.settle();
  expect(rig.pool().idleCount).toBe(1);
});

test('a client that hangs up while its link is handed over harms nobody else', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [first, second] = await rig.clients(2);
  const [holder] = await rig.holders(1);
  first?.send(query('SELECT 1'));
  second?.send(query('SELECT 2'));
  await rig.settle();
  holder?.send(query('COMMIT'));
  first?.hangUp();
  await rig.settle();
  expect(second?.tags).toBe('CZ');
  expect(rig.pool().idleCount).toBe(1);
});
