import { commandComplete, errorResponse, readyForQuery } from '@pgweir/protocol';
import { extended, query, sync } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard } from '../lost-links/stage';
import { A, ALL, ONE_REPLICA, PRIMARY, Stage, setTo } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';
const DONE = Buffer.concat([commandComplete('SELECT 0'), readyForQuery('I')]);
const REFUSED = Buffer.concat([
  errorResponse({
    severity: 'ERROR',
    code: '22023',
    message: 'invalid value for parameter',
  }),
  readyForQuery('I'),
]);

const ONLY_PRIMARY = ALL.slice(0, 1);

/** One replica with one link, which somebody keeps busy until `finish`. */
async function busy(): Promise<{ stage: Stage; holder: TestClient; client: TestClient }> {
  const stage = await Stage.open({ replicaPoolSize: 1 }, {}, ONE_REPLICA);
  const [holder, client] = await stage.rig.clients(2);
  if (holder === undefined || client === undefined) throw new Error('no clients');
  holder.send(query('BEGIN READ ONLY'));
  await stage.rig.settle();
  return { stage, holder, client };
}

test('a read waits for a link to the replica, and what follows it waits, too', async () => {
  const { stage, holder, client } = await busy();
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  expect(client.tags).toBe('');
  holder.send(query('COMMIT'));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI C(SELECT 0) ZI');
  expect(stage.ran(A)).toEqual(['BEGIN READ ONLY', 'COMMIT', READ]);
  expect(stage.onPrimary).toEqual([WRITE]);
});

test.each([
  ['simple', query(READ)],
  ['extended', Buffer.concat([extended(READ), sync()])],
])(
  "a %s read is cancelled while it waits: the write behind it is the primary's",
  async (_how, read) => {
    const { stage, holder, client } = await busy();
    client.send(read, query(WRITE));
    await stage.rig.settle();
    await stage.rig.cancel(client);
    expect(heard(client)).toBe('E57014 ZI C(SELECT 0) ZI');
    expect(stage.onPrimary).toEqual([WRITE]);
    holder.send(query('COMMIT'));
    await stage.rig.settle();
    expect(stage.ran(A)).toEqual(['BEGIN READ ONLY', 'COMMIT']);
  },
);

test('a read under way is cancelled on its replica', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  await stage.rig.cancel(client);
  expect(stage.rig.server.cancelRequests.map(({ processId }) => processId)).toEqual([
    stage.only(A).processId,
  ]);
  stage.only(A).send(DONE);
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI C(SELECT 0) ZI');
});

test('a client that leaves while its read waits is not waited for', async () => {
  const { stage, holder, client } = await busy();
  client.send(query(READ));
  await stage.rig.settle();
  client.hangUp();
  await stage.rig.settle();
  holder.send(query('COMMIT'));
  await stage.rig.settle();
  expect(stage.ran(A)).toEqual(['BEGIN READ ONLY', 'COMMIT']);
  holder.send(query(READ));
  await stage.rig.settle();
  expect(stage.ran(A)).toEqual(['BEGIN READ ONLY', 'COMMIT', READ]);
});

test('query_wait_timeout holds for a read that waits for a link to its replica', async () => {
  const stage = await Stage.open({ replicaPoolSize: 1 }, { queryWaitTimeoutMs: 1000 }, ONE_REPLICA);
  const [holder, client] = await stage.rig.clients(2);
  holder?.send(query('BEGIN READ ONLY'));
  await stage.rig.settle();
  client?.send(query(READ));
  await stage.rig.pass(2000);
  expect(client?.sqlState).toBe('53300');
  expect(client?.closed).toBe(true);
});

test('a replica whose link is refused its settings: the primary runs the read with them', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  await setTo(stage, client, 'a.b', 'c');
  client.forget();
  refuseSettings(stage);
  client.send(query(READ), query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI C(SELECT 0) ZI');
  expect(stage.onPrimary.filter((sql) => sql === READ)).toHaveLength(2);
  expect(stage.onReplicas.filter((sql) => sql === READ)).toEqual([]);
});

test('a link that has refused settings is lent to others as it was before', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const [client, other] = await stage.rig.clients(2);
  if (client === undefined || other === undefined) throw new Error('no clients');
  await setTo(stage, client, 'a.b', 'c');
  refuseSettings(stage);
  client.send(query(READ));
  await stage.rig.settle();
  other.send(query('SELECT b FROM t'));
  await stage.rig.settle();
  expect(heard(other)).toBe('C(SELECT 0) ZI');
  expect(stage.onReplicas.filter((sql) => sql.startsWith('SELECT b'))).toHaveLength(1);
});

test('a read is cancelled while the replica considers its settings, which it refuses', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  await setTo(stage, client, 'a.b', 'c');
  client.forget();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ));
  await stage.rig.settle();
  await stage.rig.cancel(client);
  stage.only(A).send(REFUSED);
  await stage.rig.settle();
  expect(heard(client)).toBe('E57014 ZI');
  // Nothing is left of it.
  client.forget();
  client.send(query(WRITE));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
});

function refuseSettings(stage: Stage): void {
  stage.at(A, (backend) => {
    backend.answer = (sql) => (sql.includes('set_config') ? REFUSED : undefined);
  });
}

describe('replica_fallback = wait', () => {
  const WAITS = { replicaFallback: 'wait' } as const;

  test('a read waits for a replica, however long that takes', async () => {
    const stage = await Stage.open(WAITS, {}, ONLY_PRIMARY);
    const client = await stage.rig.client();
    client.send(query(READ), query(WRITE));
    await stage.rig.pass(60_000);
    expect(client.tags).toBe('');
    await stage.publish(ONE_REPLICA);
    await stage.rig.pass(400);
    expect(heard(client)).toBe('C(SELECT 0) ZI C(SELECT 0) ZI');
    expect(stage.ran(A)).toEqual([READ]);
    expect(stage.onPrimary).toEqual([WRITE]);
  });

  test('a write waits for no replica', async () => {
    const stage = await Stage.open(WAITS, {}, ONLY_PRIMARY);
    const client = await stage.rig.client();
    client.send(query(WRITE));
    await stage.rig.settle();
    expect(heard(client)).toBe('C(SELECT 0) ZI');
  });

  test('query_wait_timeout ends it', async () => {
    const stage = await Stage.open(WAITS, { queryWaitTimeoutMs: 1000 }, ONLY_PRIMARY);
    const client = await stage.rig.client();
    client.send(query(READ));
    await stage.rig.pass(900);
    expect(client.tags).toBe('');
    await stage.rig.pass(600);
    expect(client.sqlState).toBe('53300');
    expect(client.closed).toBe(true);
    expect(stage.rig.pool().readWaiters.length).toBe(0);
  });

  test('a cancel ends it, and what follows goes on', async () => {
    const stage = await Stage.open(WAITS, {}, ONLY_PRIMARY);
    const client = await stage.rig.client();
    client.send(query(READ), query(WRITE));
    await stage.rig.settle();
    await stage.rig.cancel(client);
    expect(heard(client)).toBe('E57014 ZI C(SELECT 0) ZI');
    expect(stage.onPrimary).toEqual([WRITE]);
    expect(stage.rig.pool().readWaiters.length).toBe(0);
  });

  test('a client that leaves is forgotten', async () => {
    const stage = await Stage.open(WAITS, {}, ONLY_PRIMARY);
    const client = await stage.rig.client();
    client.send(query(READ));
    await stage.rig.settle();
    expect(stage.rig.pool().readWaiters.length).toBe(1);
    client.hangUp();
    await stage.rig.settle();
    expect(stage.rig.pool().readWaiters.length).toBe(0);
    expect(stage.rig.pooler.sessions.size).toBe(0);
  });

  test('a drain ends it', async () => {
    const stage = await Stage.open(WAITS, {}, ONLY_PRIMARY);
    const client = await stage.rig.client();
    client.send(query(READ));
    await stage.rig.settle();
    const drained = stage.rig.pooler.drain('links-closed');
    await stage.rig.pass(1000);
    await drained;
    expect(client.sqlState).toBe('57P01');
  });

  test('a read that comes during a drain is refused', async () => {
    const stage = await Stage.open(WAITS, {}, ONLY_PRIMARY);
    const client = await stage.rig.client();
    const drained = stage.rig.pooler.drain('links-closed');
    await stage.rig.pass(1000);
    await drained;
    client.send(query(READ));
    await stage.rig.pass(1000);
    expect(client.sqlState).toBe('57P01');
  });

  test('a replica that is behind is waited for until it has caught up', async () => {
    const stage = await Stage.open(WAITS, {}, ONE_REPLICA);
    const client = await stage.rig.client();
    stage.positions.primary = 200;
    client.send(query(WRITE));
    await stage.rig.settle();
    client.forget();
    stage.slowDown();
    client.send(query(READ));
    await stage.rig.pass(5000);
    expect(client.tags).toBe('');
    stage.positions.replayed.set(A, 200);
    await stage.rig.pass(20);
    expect(heard(client)).toBe('C(SELECT 0) ZI');
    expect(stage.ran(A)).toEqual([READ]);
  });

  test.each([
    ['replica_fallback is turned to primary', { replicaFallback: 'primary' }],
    ['read_write_split is turned off', { readWriteSplit: false, targetSessionAttrs: 'read-write' }],
    ['roles are followed no more', { readWriteSplit: false }],
  ] as const)('%s by a reload: the read goes to the primary', async (_what, settings) => {
    const stage = await Stage.open(WAITS, {}, ONLY_PRIMARY);
    const client = await stage.rig.client();
    client.send(query(READ), query(WRITE));
    await stage.rig.settle();
    await stage.reload(settings);
    await stage.rig.pass(1000);
    expect(heard(client)).toBe('C(SELECT 0) ZI C(SELECT 0) ZI');
    expect(stage.onPrimary).toEqual([READ, WRITE]);
    expect(stage.rig.pool().readWaiters.length).toBe(0);
  });
});

test('the split is turned off while a read waits for a link to a replica', async () => {
  const { stage, holder, client } = await busy();
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  await stage.reload({ readWriteSplit: false, targetSessionAttrs: 'read-write' });
  expect(heard(client)).toBe('C(SELECT 0) ZI C(SELECT 0) ZI');
  expect(stage.onPrimary).toEqual([READ, WRITE]);
  holder.send(query('COMMIT'));
  await stage.rig.settle();
  expect(stage.ran(A)).toEqual(['BEGIN READ ONLY', 'COMMIT']);
  expect(stage.rig.server.liveAt(A)).toEqual([]);
  expect(stage.rig.server.liveAt(PRIMARY)).not.toEqual([]);
});

test('reads that follow a write closely leave the primary again by waiting a moment', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  const { positions } = stage;
  positions.answersAtOnce = false;
  client.send(query(WRITE));
  await stage.rig.settle();
  for (let i = 0; i < 7; i++) {
    client.send(query(READ));
    await stage.rig.settle();
  }
  expect(stage.onReplicas).toEqual([]);
  expect(stage.counts.primary).toBe(7);
  client.forget();
  client.send(query(READ));
  await stage.rig.settle();
  expect(client.tags).toBe('');
  positions.sample();
  await stage.rig.settle();
  positions.sample();
  await stage.rig.settle();
  expect(client.tags).toBe('CZ');
  expect(stage.ran(A)).toEqual([READ]);
});

test('that moment is short: nobody tells anything, and the primary answers', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.positions.answersAtOnce = false;
  client.send(query(WRITE));
  await stage.rig.settle();
  for (let i = 0; i < 7; i++) {
    client.send(query(READ));
    await stage.rig.settle();
  }
  client.forget();
  client.send(query(READ), query(WRITE));
  await stage.rig.pass(19);
  expect(client.tags).toBe('');
  await stage.rig.pass(2);
  expect(client.tags).toBe('CZCZ');
  expect(stage.onReplicas).toEqual([]);
  expect(stage.rig.pool().readWaiters.length).toBe(0);
});
