import { commandComplete, dataRow, readyForQuery, rowDescription } from '@pgweir/protocol';
import fc from 'fast-check';
import { chunked, execute, extended, flush, frame, parse, query, sync } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard } from '../lost-links/stage';
import { A, B, bindTo, ONE_REPLICA, PRIMARY, Stage } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';

test('reads and writes in one chunk: one after the other, each where it belongs', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ), query(WRITE), query('SELECT b FROM t'));
  await stage.rig.settle();
  // Behind a read on a replica nothing goes out: it may see what has not been answered yet.
  expect(stage.rig.server.liveAt(PRIMARY).flatMap(({ queries }) => queries)).toEqual([]);
  expect(client.tags).toBe('');
  const replica = stage.only(A);
  replica.answers = true;
  replica.send(rowDescription([]), dataRow([]), commandComplete('SELECT 1'), readyForQuery('I'));
  await stage.rig.settle();
  expect(client.tags).toBe('TDCZCZCZ');
  expect(replica.queries).toEqual([READ]);
  expect(stage.onPrimary).toEqual([WRITE, 'SELECT b FROM t']);
});

test('a READ ONLY transaction and what follows it in one chunk', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN READ ONLY'), query(READ), query('COMMIT'), query(WRITE), query(READ));
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual(['BEGIN READ ONLY', READ, 'COMMIT']);
  expect(stage.onPrimary).toEqual([WRITE, READ]);
  expect(heard(client)).toBe(
    'C(BEGIN) ZT C(SELECT 0) ZT C(COMMIT) ZI C(SELECT 0) ZI C(SELECT 0) ZI',
  );
});

test('a Flush in a READ ONLY transaction: what follows its end is not sent to the replica', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN READ ONLY'));
  await stage.rig.settle();
  client.send(extended(READ), flush(), sync(), query('COMMIT'), query(WRITE));
  await stage.rig.settle();
  expect(stage.onReplicas).toEqual(['BEGIN READ ONLY', READ, 'COMMIT']);
  expect(stage.onPrimary).toEqual([WRITE]);
  expect(client.tags).toBe('CZ12CZCZCZ');
});

test('the answer to a Flush comes before the Sync, in a READ ONLY transaction too', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('BEGIN READ ONLY'));
  await stage.rig.settle();
  client.send(extended(READ), flush());
  await stage.rig.settle();
  expect(client.tags).toBe('CZ12C');
  client.send(sync(), query('COMMIT'), query(WRITE));
  await stage.rig.settle();
  expect(client.tags).toBe('CZ12CZCZCZ');
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('a client that does not read its answer is not given another one', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.wire.stall();
  client.send(query(READ), query(READ), query(WRITE));
  await stage.rig.settle();
  expect(client.tags).toBe('');
  expect(stage.onReplicas).toEqual([READ]);
  client.wire.unstall();
  await stage.rig.settle();
  expect(client.tags).toBe('CZCZCZ');
  expect(stage.onReplicas).toEqual([READ, READ]);
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('a client that closes behind a read: what it has sent is done, as by PostgreSQL', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  stage.at(B, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  client.hangUp();
  await stage.rig.settle();
  for (const backend of stage.rig.server.live)
    backend.send(commandComplete('SELECT 0'), readyForQuery('I'));
  await stage.rig.pass(10_000);
  expect(stage.onPrimary).toEqual([WRITE]);
  expect(client.closed).toBe(true);
  expect(stage.rig.pooler.sessions.size).toBe(0);
  expect(stage.database.replicas.all.map(({ outstanding }) => outstanding)).toEqual([0, 0]);
});

test.each([
  ['a message with an impossible length', Buffer.from([0x51, 0, 0, 0, 1])],
  ['a message that nobody knows', frame('?')],
])('%s behind a read: the read is answered, and then it is closed', async (_what, bytes) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query(READ), bytes);
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI E08P01');
  expect(client.closed).toBe(true);
});

test.each([1, 2, 3, 4, 5, 6, 7, 9, 14, 33])('chunks of %i bytes', async (size) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  const bytes = Buffer.concat([
    query(READ),
    query(WRITE),
    extended(READ),
    sync(),
    extended('DELETE FROM t'),
    sync(),
    query('SELECT b FROM t'),
  ]);
  for (const chunk of chunked(bytes, size)) {
    client.send(chunk);
    await stage.rig.settle();
  }
  expect(client.tags).toBe('CZCZ12CZ12CZCZ');
  expect(stage.onReplicas.toSorted()).toEqual([READ, READ, 'SELECT b FROM t']);
  expect(stage.onPrimary).toEqual([WRITE, 'DELETE FROM t']);
});

/** A group of messages, whether it must not be sent to a replica, and what its answer is. */
interface Group {
  readonly bytes: Buffer;
  readonly sql: string;
  readonly writes: boolean;
  readonly tags: string;
}

function groupOf(index: number, kind: number): Group {
  const read = `SELECT c${index} FROM t`;
  const write = `INSERT INTO t VALUES (${index})`;
  switch (kind) {
    case 0:
      return { bytes: query(read), sql: read, writes: false, tags: 'CZ' };
    case 1:
      return { bytes: query(write), sql: write, writes: true, tags: 'CZ' };
    case 2:
      return {
        bytes: Buffer.concat([extended(read), sync()]),
        sql: read,
        writes: false,
        tags: '12CZ',
      };
    case 3:
      return {
        bytes: Buffer.concat([extended(write), sync()]),
        sql: write,
        writes: true,
        tags: '12CZ',
      };
    case 4: {
      const bytes = Buffer.concat([extended(write), flush(), sync()]);
      return { bytes, sql: write, writes: true, tags: '12CZ' };
    }
    case 5: {
      const name = `s${index}`;
      const group = [parse(read, name), bindTo(name), execute(), sync()];
      return { bytes: Buffer.concat(group), sql: read, writes: false, tags: '12CZ' };
    }
    default: {
      const bytes = Buffer.concat([extended(read), flush(), sync()]);
      return { bytes, sql: read, writes: false, tags: '12CZ' };
    }
  }
}

/** Sends what is cut like this, sometimes waiting for what comes. */
async function sendCut(stage: Stage, client: TestClient, bytes: Buffer, cuts: readonly number[]) {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = cuts[i % cuts.length] ?? 1;
    client.send(bytes.subarray(at, at + Math.abs(size) + 1));
    at += Math.abs(size) + 1;
    if (size < 0) await stage.rig.settle();
  }
  await stage.rig.settle();
}

test('answers do not depend on chunks, no write is at a replica, and all is in order', async () => {
  const anyKinds = fc.array(fc.nat(6), { minLength: 1, maxLength: 10 });
  const anyCuts = fc.array(fc.integer({ min: -60, max: 60 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(anyKinds, anyCuts, async (kinds, cuts) => {
      const stage = await Stage.open();
      const client = await stage.rig.client();
      const groups = kinds.map((kind, index) => groupOf(index, kind));
      await sendCut(stage, client, Buffer.concat(groups.map(({ bytes }) => bytes)), cuts);
      expect(client.tags).toBe(groups.map(({ tags }) => tags).join(''));
      const writes = groups.filter(({ writes: is }) => is).map(({ sql }) => sql);
      expect(stage.onReplicas.filter((sql) => sql.startsWith('INSERT'))).toEqual([]);
      expect(stage.onPrimary.filter((sql) => sql.startsWith('INSERT'))).toEqual(writes);
      expect([...stage.onPrimary, ...stage.onReplicas].toSorted()).toEqual(
        groups.map(({ sql }) => sql).toSorted(),
      );
      await stage.rig.stop();
    }),
    { numRuns: 300 },
  );
}, 60_000);
