import { commandComplete, dataRow, readyForQuery, rowDescription } from '@pgweir/protocol';
import type { PoolerSettings } from '../../src/settings/settings';
import {
  chunked,
  copyData,
  copyDone,
  copyInResponse,
  extended,
  flush,
  frame,
  parse,
  query,
  sync,
} from '../kit/messages';
import { Rig } from '../kit/rig';
import { UNWATCHED } from '../kit/settings';

/** A statement, an extended pipeline, a COPY and an empty body: what a client sends in one go. */
const DOWN = Buffer.concat([
  query('SELECT 1'),
  extended('SELECT 2'),
  flush(),
  sync(),
  query('copy t FROM STDIN'),
  copyData('one\n'),
  copyData(''),
  copyDone(),
  query(''),
]);

/** The answers to it, with rows, empty bodies and an asynchronous notice in the middle. */
const UP = Buffer.concat([
  rowDescription([{ name: 'a', typeOid: 25, typeLength: -1 }]),
  dataRow(['one']),
  dataRow([null]),
  commandComplete('SELECT 2'),
  readyForQuery('I'),
  frame('1'),
  frame('2'),
  frame('N', 'SNOTICE\0C00000\0Mhello\0\0'),
  commandComplete('SELECT 0'),
  readyForQuery('I'),
  copyInResponse(),
  commandComplete('COPY 1'),
  readyForQuery('I'),
  frame('I'),
  readyForQuery('I'),
]);

const DONE = Buffer.concat([commandComplete('SELECT 1'), readyForQuery('I')]);

const quietRig = (changes: Partial<PoolerSettings> = {}): Promise<Rig> =>
  Rig.open({ poolSize: 1, ...changes });

test('every chunking of what a client sends gives PostgreSQL the same bytes', async () => {
  for (let size = 1; size <= DOWN.length; size++) {
    const rig = await quietRig();
    const client = await rig.client();
    const { backend } = rig.server;
    backend.answers = false;
    for (const chunk of chunked(DOWN, size)) client.send(chunk);
    await rig.settle();
    expect(Buffer.concat(backend.chunks).equals(DOWN)).toBe(true);
  }
});

test('every chunking of what PostgreSQL sends gives the client the same bytes', async () => {
  for (let size = 1; size <= UP.length; size++) {
    const rig = await quietRig();
    const client = await rig.client();
    const { backend } = rig.server;
    backend.answers = false;
    client.send(DOWN);
    await rig.settle();
    const before = client.output.length;
    for (const chunk of chunked(UP, size)) backend.send(chunk);
    await rig.settle();
    expect(client.output.subarray(before).equals(UP)).toBe(true);
  }
});

test('two cuts anywhere, one of them inside a header, change nothing', async () => {
  const down = Buffer.concat([query('SELECT 1'), query('SELECT 22')]);
  const up = Buffer.concat([DONE, DONE]);
  for (let cut = 1; cut < down.length; cut++) {
    const rig = await quietRig();
    const client = await rig.client();
    const { backend } = rig.server;
    backend.answers = false;
    client.send(down.subarray(0, cut));
    await rig.settle();
    client.send(down.subarray(cut));
    await rig.settle();
    expect(Buffer.concat(backend.chunks).equals(down)).toBe(true);
    const upCut = Math.min(cut, up.length - 1);
    backend.send(up.subarray(0, upCut));
    await rig.settle();
    backend.send(up.subarray(upCut));
    await rig.settle();
    expect(client.tags).toBe('CZCZ');
    expect(rig.pool().idleCount).toBe(1);
  }
});

test('a chunk with many frames goes to PostgreSQL as one write', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  const { backend } = rig.server;
  const before = backend.wire.writes.length;
  client.send(...Array.from({ length: 100 }, () => parse('SELECT 1')), sync());
  await rig.settle();
  expect(backend.wire.writes.length - before).toBe(1);
});

test('a chunk with many frames goes to the client as one write', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  client.send(query('SELECT 1'));
  await rig.settle();
  const before = client.wire.writes.length;
  backend.send(...Array.from({ length: 100 }, (_, i) => dataRow([`${i}`])), DONE);
  await rig.settle();
  expect(client.wire.writes.length - before).toBe(1);
});

test('a pipeline of a thousand statements is one write down and one up', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  const before = [backend.wire.writes.length, client.wire.writes.length];
  client.send(...Array.from({ length: 1000 }, () => query('SELECT 1')));
  await rig.settle();
  backend.send(...Array.from({ length: 1000 }, () => DONE));
  await rig.settle();
  expect(backend.wire.writes.length - (before[0] ?? 0)).toBe(1);
  expect(client.wire.writes.length - (before[1] ?? 0)).toBe(1);
  expect(client.tags).toBe('CZ'.repeat(1000));
});

test('a message that is too large gets 08P01, whether its header is whole or cut', async () => {
  for (let cut = 1; cut <= 5; cut++) {
    const rig = await Rig.open({ packetBytesMax: 100 });
    const client = await rig.client();
    const bytes = frame('Q', Buffer.alloc(101));
    client.send(bytes.subarray(0, cut));
    await rig.settle();
    client.send(bytes.subarray(cut));
    await rig.settle();
    expect(client.sqlState).toBe('08P01');
    expect(client.closed).toBe(true);
    expect(rig.server.backend.tags).toBe('');
  }
});

test.each(['C', 'D', 'E', 'H', 'S', 'c', 'f'])(
  'message %s over the length that PostgreSQL allows it gets 08P01 and uses no link',
  async (tag) => {
    const rig = await Rig.open();
    const client = await rig.client();
    client.send(frame(tag, Buffer.alloc(9997)));
    await rig.settle();
    expect(client.sqlState).toBe('08P01');
    expect(rig.server.backend.received).toEqual([]);
    expect(rig.pool().idleCount).toBe(1);
  },
);

test('a Flush with a body gets 08P01, for PostgreSQL would skip what comes next', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(query('SELECT 1'), frame('H', 'x'));
  await rig.settle();
  expect(client.sqlState).toBe('08P01');
  expect(rig.server.backends[0]?.tags).toBe('Q');
});

test('a message of exactly max_packet_size passes', async () => {
  const rig = await Rig.open({ packetBytesMax: 100 });
  const client = await rig.client();
  client.send(query('x'.repeat(99)));
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

test.each([-1, 0, 3, -2_147_483_648, 2_147_483_647])(
  'a length of %d gets 08P01 and reaches nobody',
  async (length) => {
    const rig = await Rig.open();
    const client = await rig.client();
    const header = Buffer.from('5100000000', 'hex');
    header.writeInt32BE(length, 1);
    client.send(header, Buffer.from('garbage'));
    await rig.settle();
    expect(client.sqlState).toBe('08P01');
    expect(rig.server.backend.received).toEqual([]);
    expect(rig.log.count('pooler error')).toBe(1);
  },
);

test('every tag that a client may not send gets 08P01', async () => {
  const allowed = 'BCDEFHPQSXcdf';
  for (let code = 0; code < 256; code++) {
    const tag = String.fromCharCode(code);
    if (allowed.includes(tag)) continue;
    const rig = await Rig.open();
    const client = await rig.client();
    client.send(frame(tag));
    await rig.settle();
    expect(client.sqlState).toBe('08P01');
    expect(client.closed).toBe(true);
  }
});

test('copy messages without a lease are dropped, in pieces too, and cost no link', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  const leftovers = Buffer.concat([copyData('one\n'), copyDone(), flush(), copyData('two\n')]);
  for (const chunk of chunked(leftovers, 3)) client.send(chunk);
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(rig.server.backend.tags).toBe('Q');
  expect(client.tags).toBe('CZ');
});

test('copy messages that arrive behind a failed COPY do not keep the link', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  client.send(query('copy t FROM STDIN'));
  await rig.settle();
  backend.send(copyInResponse());
  await rig.settle();
  client.send(copyData('bad\n'));
  await rig.settle();
  backend.send(frame('E', 'SERROR\0VERROR\0C22P02\0Mbad\0\0'), readyForQuery('I'));
  await rig.settle();
  client.send(copyData('more\n'), copyDone());
  await rig.settle();
  expect(rig.pool().idleCount).toBe(1);
  expect(backend.tags).toBe('Qd');
});

test('a pipeline keeps its lease until the last ReadyForQuery', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  client.send(query('SELECT 1'), extended('SELECT 2'), sync(), query('SELECT 3'));
  await rig.settle();
  for (let i = 0; i < 2; i++) {
    backend.send(DONE);
    await rig.settle();
    expect(rig.pool().idleCount).toBe(0);
  }
  backend.send(DONE);
  await rig.settle();
  expect(rig.pool().idleCount).toBe(1);
});

test('Parse without Sync keeps the lease', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  client.send(query('SELECT 1'), parse('SELECT 2'), flush());
  await rig.settle();
  expect(client.tags).toBe('CZ1');
  expect(rig.pool().idleCount).toBe(0);
  client.send(sync());
  await rig.settle();
  expect(client.tags).toBe('CZ1Z');
  expect(rig.pool().idleCount).toBe(1);
});

test('a message that has only begun keeps the lease, where nobody looks at messages', async () => {
  const rig = await quietRig(UNWATCHED);
  const client = await rig.client();
  const next = query('SELECT 2');
  client.send(query('SELECT 1'), next.subarray(0, 7));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.pool().idleCount).toBe(0);
  client.send(next.subarray(7));
  await rig.settle();
  expect(client.tags).toBe('CZCZ');
  expect(rig.pool().idleCount).toBe(1);
});

test('a header that has only begun does not keep the lease', async () => {
  const rig = await quietRig();
  const client = await rig.client();
  const next = query('SELECT 2');
  client.send(query('SELECT 1'), next.subarray(0, 4));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(1);
  client.send(next.subarray(4));
  await rig.settle();
  expect(client.tags).toBe('CZCZ');
});

test('a transaction keeps its link, and another client gets another one', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  holder?.send(query('SELECT 2'), query('COMMIT'));
  await rig.settle();
  expect(rig.server.live.map(({ queries }) => queries)).toEqual([
    ['BEGIN', 'SELECT 2', 'COMMIT'],
    ['SELECT 1'],
  ]);
});
