import { commandComplete, errorResponse, readyForQuery } from '@pgweir/protocol';
import { query } from '../kit/messages';
import { heard } from '../lost-links/stage';
import { A, ALL, B, changed, ONE_REPLICA, PRIMARY, Stage } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';
const REFUSES = { kind: 'refuse' } as const;
const ANSWERED = 'C(SELECT 0) ZI';

test('a replica that cannot be dialled: the primary answers at once, and it is tried again', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.rig.server.diallingPort.set(A, REFUSES);
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED}`);
  expect(stage.onPrimary).toEqual([READ, WRITE]);
  expect(stage.counts.primary).toBe(1);
  stage.rig.server.diallingPort.delete(A);
  const { dials } = stage.rig.server;
  // Not by each read: its gate says when.
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.rig.server.dials).toBe(dials);
  await stage.rig.pass(250);
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.ran(A)).toEqual([READ]);
});

test('a replica that refuses our login is no reason to refuse a read', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  const error = { severity: 'FATAL' as const, code: '28P01', message: 'no' };
  stage.rig.server.diallingPort.set(A, { kind: 'reject', error });
  client.send(query(READ));
  await stage.rig.settle();
  client.send(query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED}`);
});

test('a replica that is full: the primary answers', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  const error = { severity: 'FATAL' as const, code: '53300', message: 'too many clients' };
  stage.rig.server.diallingPort.set(A, { kind: 'reject', error });
  client.send(query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe(ANSWERED);
});

test('with replica_fallback = wait a replica that cannot be dialled is waited for', async () => {
  const stage = await Stage.open({ replicaFallback: 'wait' }, {}, ONE_REPLICA);
  const [client, other] = await stage.rig.clients(2);
  stage.slowDown();
  stage.rig.server.diallingPort.set(A, REFUSES);
  client?.send(query(READ), query(WRITE));
  other?.send(query(READ));
  await stage.rig.pass(5000);
  expect(client?.tags).toBe('');
  expect(other?.tags).toBe('');
  stage.rig.server.diallingPort.delete(A);
  await stage.rig.pass(1000);
  expect(client?.tags).toBe('CZCZ');
  expect(other?.tags).toBe('CZ');
  expect(stage.ran(A)).toEqual([READ, READ]);
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('that wait is bounded by query_wait_timeout', async () => {
  const stage = await Stage.open(
    { replicaFallback: 'wait' },
    { queryWaitTimeoutMs: 3000 },
    ONE_REPLICA,
  );
  const client = await stage.rig.client();
  stage.slowDown();
  stage.rig.server.diallingPort.set(A, REFUSES);
  client.send(query(READ));
  await stage.rig.pass(2900);
  expect(client.tags).toBe('');
  await stage.rig.pass(1000);
  expect(client.sqlState).toBe('53300');
});

test('the time that dials have taken counts, too', async () => {
  const times = { queryWaitTimeoutMs: 3000, serverConnectTimeoutMs: 2000 };
  const stage = await Stage.open({ replicaFallback: 'wait' }, times, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.slowDown();
  stage.rig.server.diallingPort.set(A, { kind: 'silence' });
  client.send(query(READ));
  await stage.rig.pass(2900);
  expect(client.tags).toBe('');
  await stage.rig.pass(600);
  expect(client.sqlState).toBe('53300');
});

test('and while another replica can be dialled that one is taken', async () => {
  const stage = await Stage.open({ replicaFallback: 'wait' });
  const client = await stage.rig.client();
  stage.rig.server.diallingPort.set(A, REFUSES);
  for (let i = 0; i < 4; i++) {
    client.send(query(READ));
    await stage.rig.settle();
  }
  expect(client.tags).toBe('CZCZCZCZ');
  expect(stage.ran(B)).toHaveLength(4);
});

test('a replica that says nothing to whoever dials, until it is known to be down', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.rig.server.diallingPort.set(A, { kind: 'silence' });
  client.send(query(READ));
  await stage.rig.pass(1000);
  expect(client.tags).toBe('');
  await stage.publish(changed(A, { outOfService: 'down' }).slice(0, 2));
  expect(heard(client)).toBe(ANSWERED);
  expect(stage.onPrimary).toEqual([READ]);
});

describe.each([
  ['is banned', changed(A, { outOfService: 'banned' })],
  ['leaves the list', ALL.filter(({ port }) => port !== A)],
  [
    'is promoted',
    changed(A, { role: 'primary' }).map((s) =>
      s.port === PRIMARY ? { ...s, role: 'unknown' as const, outOfService: 'down' } : s,
    ),
  ],
])('a replica that %s', (what, servers) => {
  const epoch = what === 'is promoted' ? 2 : 1;
  const without = { epoch, holding: false };

  test('has its idle links closed, and gets no reads any more', async () => {
    const stage = await Stage.open({}, {}, ALL);
    const [client, other] = await stage.rig.clients(2);
    if (client === undefined || other === undefined) throw new Error('no clients');
    for (const one of [client, other, client, other]) {
      one.send(query(READ));
      await stage.rig.settle();
    }
    expect(stage.rig.server.liveAt(A)).toHaveLength(1);
    stage.positions.epoch = epoch;
    await stage.publish(servers, without);
    await stage.rig.pass(1);
    const before = stage.ran(A).length;
    expect(stage.rig.server.liveAt(A)).toHaveLength(0);
    for (let i = 0; i < 4; i++) {
      client.send(query(READ));
      await stage.rig.pass(1);
    }
    expect(heard(client)).toBe(Array(6).fill(ANSWERED).join(' '));
    const toA = stage.ran(A).length - before;
    // As primary it may.
    if (what !== 'is promoted') expect(toA).toBe(0);
    expect(stage.rig.pool().replicaPools.size).toBe(2);
    await stage.rig.pass(70_000);
    const known = [...stage.rig.pool().replicaPools.keys()].map(({ endpoint }) => endpoint.port);
    expect(known).not.toContain(A);
  });

  test('a read that is under way ends with an answer', async () => {
    const stage = await Stage.open({}, {}, ONE_REPLICA);
    const client = await stage.rig.client();
    stage.at(A, (backend) => {
      backend.answers = false;
    });
    client.send(query(READ), query(WRITE));
    await stage.rig.settle();
    const replica = stage.only(A);
    stage.positions.epoch = epoch;
    await stage.publish(
      servers.filter(({ port }) => port !== B),
      without,
    );
    replica.answers = true;
    replica.send(commandComplete('SELECT 0'), readyForQuery('I'));
    stage.at(A, (backend) => {
      backend.answers = true;
    });
    await stage.rig.pass(1);
    expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED}`);
    expect(replica.queries).toEqual([READ]);
    expect(replica.closed).toBe(true);
  });
});

test.each([
  ['crashes', (stage: Stage) => stage.only(A).crash()],
  ['is shut down', (stage: Stage) => stage.only(A).terminate()],
])('a replica %s under a read: the primary runs it, and all that follows', async (_how, end) => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ), query(WRITE), query(READ));
  await stage.rig.settle();
  end(stage);
  await stage.rig.settle();
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED} ${ANSWERED}`);
  expect(stage.onPrimary).toEqual([READ, WRITE, READ]);
  expect(stage.database.counters.retried).toBe(1);
});

test('a replica crashes under a read that has begun to answer: 08006', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  stage.only(A).send(commandComplete('SELECT 0'));
  await stage.rig.settle();
  stage.only(A).crash();
  await stage.rig.settle();
  expect(heard(client)).toBe(`C(SELECT 0) E08006 ZI ${ANSWERED}`);
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('a replica crashes within a READ ONLY transaction: it is lost, and the client hears so', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  client.send(query('BEGIN READ ONLY'));
  await stage.rig.settle();
  stage.only(A).crash();
  await stage.rig.settle();
  client.send(query(READ), query('ROLLBACK'), query(WRITE), query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe(`C(BEGIN) ZT E08006 ZE C(ROLLBACK) ZI ${ANSWERED} ${ANSWERED}`);
  expect(stage.onPrimary.slice(0, 1)).toEqual([WRITE]);
});

test('without a primary replicas go on answering reads, and writes wait', async () => {
  const stage = await Stage.open({}, {}, ALL);
  const client = await stage.rig.client();
  const writer = await stage.rig.client();
  const down = changed(PRIMARY, { role: 'unknown', outOfService: 'down' });
  stage.rig.server.diallingPort.set(PRIMARY, REFUSES);
  for (const backend of stage.rig.server.liveAt(PRIMARY)) backend.crash();
  await stage.publish(down, { epoch: 1, holding: true });
  writer.send(query(WRITE), query(READ));
  client.send(query(READ));
  await stage.rig.settle();
  expect(heard(client)).toBe(ANSWERED);
  expect(stage.onReplicas).toEqual([READ]);
  expect(writer.tags).toBe('');
  stage.positions.epoch = 2;
  const promoted = changed(B, { role: 'primary' }).filter(({ port }) => port !== PRIMARY);
  await stage.publish(promoted, { epoch: 2, holding: false });
  await stage.rig.pass(1);
  expect(heard(writer)).toBe(`${ANSWERED} ${ANSWERED}`);
  expect(stage.ran(B).slice(-2)).toEqual([WRITE, READ]);
  expect(stage.ran(A).filter((sql) => sql === WRITE)).toEqual([]);
});

test('the primary is lost while a read is under way on a replica', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ));
  await stage.rig.settle();
  stage.rig.server.diallingPort.set(PRIMARY, REFUSES);
  for (const backend of stage.rig.server.liveAt(PRIMARY)) backend.crash();
  const down = changed(PRIMARY, { role: 'unknown', outOfService: 'down' });
  await stage.publish(down.slice(0, 2), { epoch: 1, holding: true });
  stage.only(A).send(commandComplete('SELECT 0'), readyForQuery('I'));
  await stage.rig.settle();
  expect(heard(client)).toBe(ANSWERED);
});

test('primary and replicas are all gone: a read waits for the primary, and then 57P03', async () => {
  const stage = await Stage.open({}, { failoverHoldTimeoutMs: 3000 }, ONE_REPLICA);
  const client = await stage.rig.client();
  for (const port of [PRIMARY, A]) stage.rig.server.diallingPort.set(port, REFUSES);
  for (const backend of stage.rig.server.live) backend.crash();
  const none = ALL.slice(0, 2).map((s) => ({
    ...s,
    role: 'unknown' as const,
    outOfService: 'down',
  }));
  await stage.publish(none, { epoch: 1, holding: true });
  client.send(query(READ));
  await stage.rig.pass(2500);
  expect(client.tags).toBe('');
  await stage.rig.pass(1500);
  expect(client.sqlState).toBe('57P03');
});

test('a replica that PostgreSQL calls read-only is asked for nothing while it is not proven', async () => {
  const stage = await Stage.open({}, {}, changed(A, { outOfService: 'not proven yet' }));
  const client = await stage.rig.client();
  for (let i = 0; i < 4; i++) {
    client.send(query(READ));
    await stage.rig.settle();
  }
  expect(stage.ran(A)).toEqual([]);
  expect(stage.ran(B)).toHaveLength(4);
});

test('an error that ends the connection, sent to a read: the primary runs it', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ));
  await stage.rig.settle();
  const message = 'terminating connection due to conflict with recovery';
  stage.only(A).send(errorResponse({ severity: 'FATAL', code: '40001', message }));
  stage.only(A).close();
  await stage.rig.settle();
  expect(heard(client)).toBe(ANSWERED);
});
