import { commandComplete, dataRow, readyForQuery } from '@pgweir/protocol';
import { copyData, copyDone, query } from '../kit/messages';
import { Rig } from '../kit/rig';

const DONE = Buffer.concat([commandComplete('SELECT 1'), readyForQuery('I')]);

test('a client that stops reading pauses its server, and only until it reads again', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  client.send(query('SELECT 1'));
  await rig.settle();
  client.wire.stall();
  backend.send(dataRow(['1']));
  await rig.settle();
  expect(backend.wire.paused).toBe(true);
  const writes = client.wire.writes.length;
  backend.send(dataRow(['2']));
  await rig.settle();
  expect(client.wire.writes.length).toBe(writes);
  client.wire.unstall();
  await rig.settle();
  expect(backend.wire.paused).toBe(false);
  backend.send(DONE);
  await rig.settle();
  expect(client.tags).toBe('DDCZ');
});

test('a server that stops reading pauses its client, and only until it reads again', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('copy t FROM STDIN'));
  await rig.settle();
  const { backend } = rig.server;
  backend.wire.stall();
  client.send(copyData('one\n'));
  await rig.settle();
  expect(client.wire.paused).toBe(true);
  const writes = backend.wire.writes.length;
  client.send(copyData('two\n'), copyDone());
  await rig.settle();
  expect(backend.wire.writes.length).toBe(writes);
  backend.wire.unstall();
  await rig.settle();
  expect(client.wire.paused).toBe(false);
  expect(backend.tags).toBe('Qddc');
  expect(client.tags).toBe('GCZ');
});

test('a link goes back to the pool unpaused, however slow its client was', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [slow, other] = await rig.clients(2);
  const { backend } = rig.server;
  backend.answer = () => DONE;
  slow?.wire.stall();
  slow?.send(query('SELECT 1'));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(1);
  expect(backend.wire.paused).toBe(false);
  other?.send(query('SELECT 2'));
  await rig.settle();
  expect(other?.tags).toBe('CZ');
});

test('a client that does not read its last answer gets no new one, and no link', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  rig.server.backend.answer = () => DONE;
  client.wire.stall();
  client.send(query('SELECT 1'));
  await rig.settle();
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(rig.server.backend.queries).toEqual(['SELECT 1']);
  expect(client.wire.paused).toBe(true);
  client.wire.unstall();
  await rig.settle();
  expect(rig.server.backend.queries).toEqual(['SELECT 1', 'SELECT 2']);
  expect(client.tags).toBe('CZCZ');
  expect(client.wire.paused).toBe(false);
});

test('a waiting client is read a little further, then paused, and loses nothing', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.wire.paused).toBe(false);
  for (let i = 0; i < 40; i++) client.send(query('x'.repeat(1000)));
  await rig.settle();
  expect(client.wire.paused).toBe(true);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(client.tags).toBe('CZ'.repeat(41));
  expect(client.wire.paused).toBe(false);
});

test('a client that leaves while it does not read sets its link free', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const { backend } = rig.server;
  client.wire.stall();
  client.send(query('hang'));
  await rig.settle();
  backend.send(dataRow(['1']));
  await rig.settle();
  expect(backend.wire.paused).toBe(true);
  client.wire.close(new Error('read ECONNRESET'));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(1);
  expect(rig.server.cancels).toBe(1);
});

test('what we ask ourselves behind a slow client’s answer is read, whether it goes on reading or leaves', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [slow, other] = await rig.clients(2);
  const { backend } = rig.server;
  backend.answer = (sql) => (sql.startsWith('LISTEN') ? DONE : undefined);
  slow?.wire.stall();
  slow?.send(query('LISTEN news'));
  await rig.settle();
  expect(backend.queries.at(-1)).toContain('pg_listening_channels');
  expect(backend.wire.paused).toBe(false);
  slow?.hangUp();
  other?.send(query('SELECT 1'));
  await rig.settle();
  expect(other?.tags).toBe('CZ');
});
