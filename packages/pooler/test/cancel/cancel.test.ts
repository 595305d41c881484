import { cancelRequestPacket } from '@pgweir/protocol';
import { extended, flush, parse, query, sync } from '../kit/messages';
import { Rig } from '../kit/rig';
import { UNWATCHED } from '../kit/settings';

test('a cancel request reaches the backend of its client, and only that', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const [first, second] = await rig.clients(2);
  first?.send(query('hang 1'));
  second?.send(query('hang 2'));
  await rig.settle();
  if (second === undefined) throw new Error('no client');
  const messenger = await rig.cancel(second);
  expect(messenger.closed).toBe(true);
  expect(messenger.output.length).toBe(0);
  expect(second.sqlState).toBe('57014');
  expect(second.tags).toBe('EZ');
  expect(first?.tags).toBe('');
  expect(rig.pool().idleCount).toBe(1);
});

test('the wrong key cancels nothing, in any byte of it', async () => {
  const rig = await Rig.open();
  const client = await rig.client({});
  client.send(query('hang'));
  await rig.settle();
  const { processId, key } = client.identity;
  for (let at = 0; at < key.length; at++) {
    const wrong = Buffer.from(key);
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    const messenger = rig.stranger();
    messenger.send(cancelRequestPacket(processId, wrong));
    await rig.settle();
    expect(messenger.closed).toBe(true);
  }
  expect(rig.server.cancels).toBe(0);
});

test('keys are short in protocol 3.0 and long in 3.2, and never the same', async () => {
  const rig = await Rig.open();
  const [old, another] = await rig.clients(2);
  const modern = rig.stranger();
  modern.start({ user: 'alice', database: 'app' }, 2);
  await rig.settle();
  expect(old?.identity.key.length).toBe(4);
  expect(modern.identity.key.length).toBe(32);
  expect(old?.identity.processId).not.toBe(another?.identity.processId);
});

test('failures of an address beyond twenty in ten seconds are not logged, and right keys heard', async () => {
  const rig = await Rig.open();
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  const { processId, key } = client.identity;
  const ask = async (secret: Buffer, host = '10.6.6.6'): Promise<void> => {
    const messenger = rig.stranger(host);
    messenger.send(cancelRequestPacket(processId, secret));
    await rig.settle();
    expect(messenger.closed).toBe(true);
    expect(messenger.output.length).toBe(0);
  };
  const wrong = Buffer.from('nope');
  for (let i = 0; i < 50; i++) await ask(wrong);
  expect(rig.server.cancels).toBe(0);
  expect(rig.log.count('too many failed cancel requests')).toBe(1);
  const logged = (): number =>
    rig.log.lines.filter(({ message }) => message === 'failed cancel request').length;
  expect(logged()).toBe(20);
  await ask(key);
  expect(rig.server.cancels).toBe(1);
  expect(client.sqlState).toBe('57014');
  await ask(wrong, '10.7.7.7');
  expect(logged()).toBe(21);
  await rig.pass(11_000);
  await ask(wrong);
  expect(logged()).toBe(22);
});

test('a cancel request for a client without a statement goes nowhere', async () => {
  const rig = await Rig.open();
  const client = await rig.client();
  const [holder] = await rig.holders(1);
  await rig.cancel(client);
  if (holder !== undefined) await rig.cancel(holder);
  expect(rig.server.cancels).toBe(0);
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

test('a link is not lent again while a cancel request for it is in flight', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [first, second] = await rig.clients(2);
  rig.server.answersCancels = false;
  first?.send(query('hang'));
  await rig.settle();
  second?.send(query('hang for second'));
  await rig.settle();
  if (first === undefined) throw new Error('no client');
  await rig.cancel(first);
  const { backend } = rig.server;
  backend.finish();
  await rig.settle();
  expect(first.tags).toBe('CZ');
  expect(second?.tags).toBe('');
  expect(backend.queries).toEqual(['hang']);
  rig.server.answerCancels();
  await rig.settle();
  expect(backend.queries).toEqual(['hang', 'hang for second']);
  expect(second?.tags).toBe('');
  backend.finish();
  await rig.settle();
  expect(second?.tags).toBe('CZ');
});

test('a cancel request not yet sent when the statement ends is not sent at all', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('hang'));
  await rig.settle();
  const { backend } = rig.server;
  const messenger = rig.stranger();
  const { processId, key } = client.identity;
  messenger.send(cancelRequestPacket(processId, key));
  backend.finish();
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.cancels).toBe(0);
  expect(rig.pool().idleCount).toBe(1);
  expect(messenger.closed).toBe(true);
});

test('a cancel request without an answer costs its link, not the next client', async () => {
  const rig = await Rig.open({ poolSize: 1, cancelWaitTimeoutMs: 5000 });
  const [first, second] = await rig.clients(2);
  rig.server.answersCancels = false;
  first?.send(query('hang'));
  await rig.settle();
  if (first === undefined) throw new Error('no client');
  await rig.cancel(first);
  const [old] = rig.server.live;
  old?.finish();
  await rig.pass(6000);
  second?.send(query('hang for second'));
  await rig.settle();
  // The request may still be in the queue of the postmaster: it must not hit the second client.
  expect(old?.queries).toEqual(['hang']);
  expect(rig.server.backend.queries).toEqual(['hang for second']);
});

test('a queued simple statement is cancelled with 57014 and ReadyForQuery', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  await rig.cancel(client);
  expect(client.tags).toBe('EZ');
  expect(client.sqlState).toBe('57014');
  expect(rig.pool().waiters.length).toBe(0);
  holder?.send(query('COMMIT'));
  client.send(query('SELECT 2'));
  await rig.settle();
  expect(client.tags).toBe('EZCZ');
  expect(rig.server.backend.queries).toEqual(['BEGIN', 'COMMIT', 'SELECT 2']);
});

test('the next statement in the pipeline of a cancelled one is queued and served', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'), query('SELECT 2'));
  await rig.settle();
  await rig.cancel(client);
  expect(client.tags).toBe('EZ');
  expect(rig.pool().waiters.length).toBe(1);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(client.tags).toBe('EZCZ');
  expect(rig.server.backend.queries.slice(2)).toEqual(['SELECT 2']);
});

test('a queued extended group is cancelled up to its Sync; the next is served', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(
    extended('SELECT 1'),
    flush(),
    parse('SELECT 1b'),
    sync(),
    extended('SELECT 2'),
    sync(),
  );
  await rig.settle();
  await rig.cancel(client);
  expect(client.tags).toBe('EZ');
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(client.tags).toBe('EZ12CZ');
  expect(rig.server.backend.tags).toBe('QQPBES');
});

test('a queued group whose Sync comes later, in pieces, is cancelled up to it', async () => {
  const rig = await Rig.open({ poolSize: 1, ...UNWATCHED });
  await rig.holders(1);
  const client = await rig.client();
  const bytes = Buffer.concat([extended('SELECT 1'), sync()]);
  client.send(bytes.subarray(0, 8));
  await rig.settle();
  await rig.cancel(client);
  expect(client.tags).toBe('E');
  for (const byte of bytes.subarray(8)) client.send(Buffer.of(byte));
  await rig.settle();
  expect(client.tags).toBe('EZ');
  expect(rig.pool().waiters.length).toBe(0);
});

test('a queued client that is cancelled twice loses one statement each time', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'), query('SELECT 2'));
  await rig.settle();
  await rig.cancel(client);
  await rig.cancel(client);
  expect(client.tags).toBe('EZEZ');
  expect(rig.pool().waiters.length).toBe(0);
});

test('the key of a client that has left is good for nothing', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [first, second] = await rig.clients(2);
  second?.send(query('hang'));
  first?.hangUp();
  await rig.settle();
  if (first === undefined) throw new Error('no client');
  await rig.cancel(first);
  expect(rig.server.cancels).toBe(0);
});
