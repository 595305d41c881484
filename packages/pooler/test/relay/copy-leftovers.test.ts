import { errorResponse, readyForQuery } from '@pgweir/protocol';
import { copyData, copyInResponse, query } from '../kit/messages';
import { Rig } from '../kit/rig';

const BIG = copyData('1'.repeat(100_000));
const FAILED = Buffer.concat([
  errorResponse({ severity: 'ERROR', code: '22P02', message: 'bad' }),
  readyForQuery('I'),
]);

/** A COPY has failed while a big frame is on its way, and its server does not take the rest. */
async function leftovers() {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answer = (sql) => (sql.startsWith('copy') ? copyInResponse() : undefined);
  client.send(query('copy t from stdin'));
  await rig.settle();
  client.send(copyData('notanumber\n'), BIG.subarray(0, 100));
  await rig.settle();
  backend.send(FAILED);
  await rig.settle();
  expect(client.tags).toBe('GEZ');
  client.forget();
  backend.wire.stall();
  client.send(BIG.subarray(100));
  await rig.settle();
  expect(backend.wire.congested).toBe(true);
  return { rig, client, backend };
}

test('after the leftovers of a failed COPY the client is served when its server reads again', async () => {
  const { rig, client, backend } = await leftovers();
  client.send(query('SELECT 42'));
  await rig.settle();
  backend.wire.unstall();
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(client.wire.paused).toBe(false);
});

test('a client that leaves while leftovers of its COPY are on their way is noticed', async () => {
  const { rig, client, backend } = await leftovers();
  client.hangUp();
  await rig.settle();
  expect(rig.pooler.sessions.size).toBe(0);
  backend.wire.unstall();
  await rig.settle();
  const next = await rig.client();
  next.send(query('SELECT 1'));
  await rig.settle();
  expect(next.tags).toBe('CZ');
});

test('a client that leaves after the leftovers have gone is noticed', async () => {
  const { rig, client, backend } = await leftovers();
  backend.wire.unstall();
  await rig.settle();
  client.hangUp();
  await rig.settle();
  expect(rig.pooler.sessions.size).toBe(0);
  expect(rig.pool().idleCount).toBe(1);
});

test('the next client of a link with leftovers is served once they have gone', async () => {
  const { rig, backend } = await leftovers();
  const next = await rig.client();
  next.send(query('SELECT 1'));
  await rig.settle();
  backend.wire.unstall();
  await rig.settle();
  expect(next.tags).toBe('CZ');
  expect(next.wire.paused).toBe(false);
  expect(backend.tags).toBe('QddQ');
});
