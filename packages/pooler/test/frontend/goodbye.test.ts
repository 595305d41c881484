import { copyDone, copyFail, extended, parse, query, sync, terminate } from '../kit/messages';
import { Rig } from '../kit/rig';
import { UNWATCHED } from '../kit/settings';

/** Nobody holds a link any more, and the link is good for the next client. */
async function expectLinkFree(rig: Rig): Promise<void> {
  await rig.pass(6000);
  const next = await rig.client();
  next.send(query('SELECT 2'));
  await rig.settle();
  expect(next.tags).toBe('CZ');
  expect(rig.pooler.sessions.size).toBe(1);
  expect(rig.pool().links.size).toBe(1);
}

test('a statement sent together with Terminate is finished, then the link is free', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('SELECT 1'), terminate());
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(client.closed).toBe(true);
  expect(rig.server.cancels).toBe(0);
  await expectLinkFree(rig);
});

test('a statement in two pieces, the second with Terminate, leaves the link free', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const bytes = Buffer.concat([query('SELECT 1'), terminate()]);
  client.send(bytes.subarray(0, 9));
  await rig.settle();
  client.send(bytes.subarray(9));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  await expectLinkFree(rig);
  expect(rig.server.dials).toBe(1);
});

test('Terminate behind extended messages without a Sync leaves the link free', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('hang'), parse('SELECT 1'), terminate());
  await rig.settle();
  rig.server.backend.finish();
  await expectLinkFree(rig);
});

test('Terminate behind a COPY that nobody feeds leaves the link free', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('copy t FROM STDIN'), terminate());
  await expectLinkFree(rig);
  expect(rig.server.backends[0]?.tags).toMatch(/^Qf/);
});

test('Terminate in an open transaction rolls back and leaves the link free', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('BEGIN'), terminate());
  await rig.settle();
  expect(rig.server.backend.queries).toEqual(['BEGIN', 'ROLLBACK']);
  await expectLinkFree(rig);
});

test('query_timeout holds for a statement whose client has said goodbye', async () => {
  const rig = await Rig.open({ poolSize: 1, queryTimeoutMs: 5000 });
  const client = await rig.client();
  client.send(query('hang'), terminate());
  await rig.pass(4000);
  expect(rig.server.cancels).toBe(0);
  await rig.pass(2000);
  expect(client.sqlState).toBe('57014');
  expect(rig.server.cancels).toBe(1);
  await expectLinkFree(rig);
});

test('a client that vanishes in mid-query is cancelled, and its link is reused', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('BEGIN'));
  await rig.settle();
  client.send(query('hang'));
  await rig.settle();
  client.hangUp();
  await rig.settle();
  expect(rig.server.cancels).toBe(1);
  expect(rig.server.backend.queries).toEqual(['BEGIN', 'hang', 'ROLLBACK']);
  await expectLinkFree(rig);
  expect(rig.server.dials).toBe(1);
});

test('a backend that does not heed the cancel request is closed in bounded time', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('stuck'));
  await rig.settle();
  client.hangUp();
  await rig.pass(4900);
  expect(rig.pool().links.size).toBe(1);
  expect(rig.server.backend.saidGoodbye).toBe(false);
  await rig.pass(1000);
  expect(rig.server.backend.saidGoodbye).toBe(true);
  expect(rig.budget.total).toBe(1);
  rig.server.backend.finish();
  await rig.settle();
  expect(rig.budget.total).toBe(0);
});

test('a cancel request that has no effect is not repeated in a circle', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('stuck'));
  await rig.settle();
  client.hangUp();
  await rig.pass(4000);
  expect(rig.server.cancels).toBeLessThan(10);
});

test('the cancel request of a client that leaves at once still reaches its statement', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  const messenger = rig.cancel(client);
  client.hangUp();
  await messenger;
  await rig.settle();
  expect(rig.server.cancels).toBe(1);
  expect(rig.pool().idleCount).toBe(1);
});

test('a client that leaves between Parse and Sync leaves a clean link', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(extended('SELECT 1'));
  await rig.settle();
  client.hangUp();
  await rig.settle();
  expect(rig.server.backend.tags).toBe('PBEPBES');
  expect(rig.pool().idleCount).toBe(1);
});

test('a client that leaves in the middle of a COPY fails it, and the link is reused', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('copy t FROM STDIN'));
  await rig.settle();
  client.hangUp();
  await rig.settle();
  expect(rig.server.backend.tags).toBe('Qf');
  expect(rig.pool().idleCount).toBe(1);
});

test('a client that leaves in the middle of a message costs the link', async () => {
  const rig = await Rig.open({ poolSize: 1, ...UNWATCHED });
  const client = await rig.client();
  client.send(query('SELECT 1').subarray(0, 9));
  await rig.settle();
  client.hangUp();
  await rig.settle();
  expect(rig.server.open).toBe(0);
  expect(rig.server.backends[0]?.tags).toBe('');
  expect(rig.budget.total).toBe(0);
});

test('what a client set just before it vanished is not seen by the next one', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  rig.server.backend.answers = false;
  client.send(query('SET search_path TO evil'));
  await rig.settle();
  client.hangUp();
  await rig.settle();
  const { backend } = rig.server;
  backend.answer = () => Buffer.from('430000000853455400' + '5a0000000549', 'hex');
  backend.answers = true;
  backend.wrote(Buffer.alloc(0));
  await rig.settle();
  const next = await rig.client();
  next.send(query('SELECT 1'));
  await rig.settle();
  expect(backend.queries.slice(-2)[0]).toContain('RESET ALL');
});

test('the clock of query_timeout starts anew for the next client of a recovered link', async () => {
  const rig = await Rig.open({ poolSize: 1, queryTimeoutMs: 10_000 });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  client.hangUp();
  await rig.pass(9000);
  const next = await rig.client();
  next.send(query('hang'));
  await rig.pass(5000);
  expect(next.sqlState).toBeUndefined();
  rig.server.backend.finish();
  await rig.settle();
  expect(next.tags).toBe('CZ');
});

test('what was sent in front of a bad message is not waited for longer than it takes', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('SELECT 1'), Buffer.from('HTTP/1.1 200 OK'));
  await rig.settle();
  expect(client.sqlState).toBe('08P01');
  expect(rig.pool().idleCount).toBe(1);
});

test('a Sync behind a blind COPY does not reach the next client as its own', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  client.send(query('copy t FROM STDIN'), copyDone());
  await rig.settle();
  backend.send(Buffer.from('4700000007000000', 'hex'));
  await rig.settle();
  client.send(sync());
  await rig.settle();
  backend.send(Buffer.from('430000000b434f50592031005a0000000549', 'hex'));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(0);
});

test('every statement of a pipeline whose client has vanished is cancelled', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  rig.server.answersCancels = false;
  client.send(query('hang 1'), query('hang 2'));
  await rig.settle();
  client.hangUp();
  await rig.settle();
  rig.server.answersCancels = true;
  rig.server.answerCancels();
  await rig.settle();
  expect(rig.server.cancels).toBe(2);
  expect(rig.pool().idleCount).toBe(1);
});

test('a link whose outstanding replies cannot be counted is closed, never pooled', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [client, next] = await rig.clients(2);
  client?.send(extended('copy t FROM STDIN'), sync());
  await rig.settle();
  client?.send(copyFail());
  await rig.settle();
  client?.send(sync());
  await rig.settle();
  expect(client?.tags).toBe('12GEZ');
  next?.send(query('SELECT 1'));
  await rig.settle();
  expect(next?.tags).toBe('');
  client?.hangUp();
  await rig.settle();
  expect(rig.server.backends[0]?.saidGoodbye).toBe(true);
  expect(next?.tags).toBe('CZ');
  expect(rig.server.dials).toBe(2);
});
