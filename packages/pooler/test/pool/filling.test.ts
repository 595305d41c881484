import { databaseName, userName } from '../../src/ports/names';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';

test('a cold pool dials in parallel up to pool_size, and not more', async () => {
  const rig = await Rig.open({ poolSize: 5 });
  const clients = await rig.clients(20);
  expect(rig.server.dials).toBe(1);
  rig.server.dialling = { kind: 'mute' };
  for (const client of clients) client.send(query('hang'));
  await rig.settle();
  expect(rig.server.dials).toBe(5);
  expect(rig.pool().supply.dialing).toBe(4);
  rig.server.dialling = { kind: 'accept' };
  for (const backend of rig.server.live.slice(1)) backend.welcome();
  await rig.pass(5000);
  expect(rig.server.openMax).toBe(5);
  for (let i = 0; i < 20; i++) {
    for (const backend of rig.server.live) backend.finish();
    await rig.settle();
  }
  expect(clients.every(({ tags }) => tags === 'CZ')).toBe(true);
  expect(rig.server.openMax).toBe(5);
});

test('no more links are dialled than there are waiters', async () => {
  const rig = await Rig.open({ poolSize: 20 });
  const clients = await rig.clients(3);
  for (const client of clients) client.send(query('hang'));
  await rig.pass(2000);
  expect(rig.server.dials).toBe(3);
});

test('the first client of a pool opens one link, also when its settings are new', async () => {
  const rig = await Rig.open({ poolSize: 20 });
  await rig.client({ search_path: 'a', DateStyle: 'ISO' });
  await rig.pass(2000);
  expect(rig.server.dials).toBe(1);
});

test('pool_size 0 means no limit', async () => {
  const rig = await Rig.open({ poolSize: 0 });
  await rig.holders(30);
  expect(rig.server.open).toBe(30);
});

test('min_pool_size is kept while the pool has a client', async () => {
  const rig = await Rig.open({ poolSize: 5, minPoolSize: 3 });
  await rig.client();
  await rig.pass(1000);
  expect(rig.server.open).toBe(3);
  rig.server.live[0]?.terminate();
  await rig.pass(1000);
  expect(rig.server.open).toBe(3);
});

test('min_pool_size is kept without a client where the user is forced', async () => {
  const rig = await Rig.open({
    databases: new Map([
      [databaseName('app'), databaseSettings({ forcedUser: userName('bob'), minPoolSize: 2 })],
    ]),
  });
  await rig.pass(1000);
  expect(rig.server.open).toBe(2);
  expect(rig.server.live.map(({ parameters }) => parameters.get('user'))).toEqual(['bob', 'bob']);
});

test('min_pool_size never passes pool_size', async () => {
  const rig = await Rig.open({ poolSize: 2, minPoolSize: 5 });
  await rig.client();
  await rig.pass(5000);
  expect(rig.server.openMax).toBe(2);
});

test('the reserve opens when the oldest waiter has waited for reserve_pool_timeout', async () => {
  const rig = await Rig.open({ poolSize: 1, reservePoolSize: 2, reservePoolTimeoutMs: 3000 });
  await rig.holders(1);
  const waiters = await rig.clients(4);
  for (const waiter of waiters) waiter.send(query('hang'));
  await rig.pass(2900);
  expect(rig.server.open).toBe(1);
  await rig.pass(1000);
  expect(rig.server.open).toBe(3);
  expect(rig.log.count('taking connection from reserve_pool')).toBe(1);
  await rig.pass(10_000);
  expect(rig.server.openMax).toBe(3);
});

test('a link that closes while clients wait is replaced at once', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  rig.server.backend.terminate();
  await rig.settle();
  expect(holder?.sqlState).toBe('57P01');
  expect(client.tags).toBe('CZ');
  expect(rig.server.dials).toBe(2);
});

test('a new link waits until PostgreSQL has closed its side of the old one', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  rig.server.closesOnGoodbye = false;
  const [old] = rig.server.live;
  holder?.send(query('stuck'));
  await rig.settle();
  holder?.hangUp();
  await rig.pass(6000);
  expect(old?.saidGoodbye).toBe(true);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(20_000);
  expect(rig.server.dials).toBe(1);
  expect(rig.log.count('server has not closed its side yet')).toBe(1);
  old?.close();
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.openMax).toBe(1);
});

test('a slow goodbye of PostgreSQL is worth a log line after ten seconds, not before', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  rig.server.closesOnGoodbye = false;
  holder?.send(query('stuck'));
  await rig.settle();
  holder?.hangUp();
  await rig.pass(6000);
  await rig.pass(8000);
  expect(rig.log.count('server has not closed its side yet')).toBe(0);
  await rig.pass(3000);
  expect(rig.log.count('server has not closed its side yet')).toBe(1);
});
