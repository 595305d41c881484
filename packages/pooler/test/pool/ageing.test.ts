import { query } from '../kit/messages';
import { Rig } from '../kit/rig';

async function idleLinks(rig: Rig, count: number): Promise<void> {
  for (const holder of await rig.holders(count)) holder.send(query('COMMIT'));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(count);
}

test('links older than server_lifetime are closed, but not all at once', async () => {
  const rig = await Rig.open({ poolSize: 4, serverLifetimeMs: 40_000 });
  await idleLinks(rig, 4);
  await rig.pass(39_000);
  expect(rig.server.open).toBe(4);
  const open: number[] = [];
  for (let i = 0; i < 4; i++) {
    await rig.pass(10_000);
    open.push(rig.server.open);
  }
  expect(open).toEqual([3, 2, 1, 0]);
});

test('a link that is in use is closed for its age when it comes back', async () => {
  const rig = await Rig.open({ poolSize: 1, serverLifetimeMs: 10_000 });
  const [holder] = await rig.holders(1);
  await rig.pass(20_000);
  expect(rig.server.open).toBe(1);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(holder?.tags).toBe('CZ');
  expect(rig.server.open).toBe(0);
});

test('links idle for server_idle_timeout are closed down to min_pool_size', async () => {
  const rig = await Rig.open({ poolSize: 4, minPoolSize: 1, serverIdleTimeoutMs: 10_000 });
  await idleLinks(rig, 4);
  await rig.pass(9500);
  expect(rig.server.open).toBe(4);
  await rig.pass(1500);
  expect(rig.server.open).toBe(1);
});

test('a link idle for server_check_delay is tested before it is lent', async () => {
  const rig = await Rig.open({ serverCheckQuery: 'SELECT check', serverCheckDelayMs: 30_000 });
  const client = await rig.client();
  await rig.pass(29_000);
  client.send(query('SELECT 1'));
  await rig.settle();
  await rig.pass(31_000);
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(rig.server.backends[0]?.queries).toEqual(['SELECT 1', 'SELECT check', 'SELECT 2']);
  expect(client.tags).toBe('CZCZ');
});

test('while an idle link is tested no other is dialled for its client', async () => {
  const rig = await Rig.open({ poolSize: 5, serverCheckQuery: 'SELECT check' });
  const client = await rig.client();
  await rig.pass(31_000);
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.dials).toBe(1);
});

test('a link that fails its test is closed, and the client gets another one', async () => {
  const rig = await Rig.open({ poolSize: 1, serverCheckQuery: 'fail' });
  const client = await rig.client();
  await rig.pass(31_000);
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.backends[0]?.queries).toEqual(['fail']);
  expect(rig.server.backends[1]?.queries).toEqual(['SELECT 2']);
});

test('a link whose test is not answered in time is closed; the client gets another', async () => {
  const rig = await Rig.open({ poolSize: 2, serverCheckQuery: 'stuck' });
  const client = await rig.client();
  await rig.pass(31_000);
  client.send(query('SELECT 2'));
  await rig.pass(16_000);
  expect(client.tags).toBe('CZ');
  expect(rig.server.backends[1]?.queries).toEqual(['SELECT 2']);
});

test('a link that dies during its test does not take its client along', async () => {
  const rig = await Rig.open({ poolSize: 1, serverCheckQuery: 'stuck' });
  const client = await rig.client();
  await rig.pass(31_000);
  client.send(query('SELECT 2'));
  await rig.settle();
  rig.server.backends[0]?.crash();
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

test('an empty check query is sent as an empty query', async () => {
  const rig = await Rig.open({ poolSize: 1, serverCheckQuery: '', serverCheckDelayMs: 0 });
  const client = await rig.client();
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(rig.server.backend.queries).toEqual(['', 'SELECT 2']);
});

test('the statements of our own have no deadline where server_connect_timeout is 0', async () => {
  const rig = await Rig.open({ poolSize: 1, serverCheckQuery: 'hang', serverConnectTimeoutMs: 0 });
  const client = await rig.client();
  await rig.pass(31_000);
  client.send(query('SELECT 2'));
  await rig.pass(60_000);
  expect(rig.server.dials).toBe(1);
  rig.server.backend.finish();
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

test('pool_size that shrinks closes links as they come back', async () => {
  const rig = await Rig.open({ poolSize: 3 });
  const holders = await rig.holders(3);
  rig.pooler.reload({ ...rig.pooler.settings, poolSize: 1 }, rig.pooler.credentials);
  for (const holder of holders) holder.send(query('COMMIT'));
  await rig.settle();
  expect(rig.server.open).toBe(1);
});
