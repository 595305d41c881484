import { commandComplete, readyForQuery } from '@pgweir/protocol';
import { databaseName } from '../../src/ports/names';
import { NOTHING_HELD } from '../../src/ports/traffic-control';
import { query } from '../kit/messages';
import { heard } from '../lost-links/stage';
import { A, B, ONE_REPLICA, PRIMARY, Stage } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';
const ANSWERED = 'C(SELECT 0) ZI';
const DONE = Buffer.concat([commandComplete('SELECT 0'), readyForQuery('I')]);
const PAUSED = { ...NOTHING_HELD, pausedDatabases: [databaseName('app')] };
const NO_SPLIT = { readWriteSplit: false, targetSessionAttrs: 'read-write' } as const;

/** A read is under way on the only replica, and a write and a read are kept behind it. */
async function amidst() {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  stage.at(A, (backend) => {
    backend.answers = false;
  });
  client.send(query(READ), query(WRITE), query(READ));
  await stage.rig.settle();
  const replica = stage.only(A);
  const finish = async (): Promise<void> => {
    stage.at(A, () => undefined);
    replica.send(DONE);
    await stage.rig.settle();
  };
  return { stage, client, finish, replica };
}

test('PAUSE lets a read on a replica finish, closes its link, and holds what follows', async () => {
  const { stage, client, finish } = await amidst();
  const { orders } = stage.rig.pooler;
  await orders.hold(PAUSED);
  let isQuiet = false;
  void orders.untilQuiet('app').then(() => {
    isQuiet = true;
  });
  await stage.rig.settle();
  expect(isQuiet).toBe(false);
  await finish();
  expect(heard(client)).toBe(ANSWERED);
  expect(isQuiet).toBe(true);
  expect(stage.rig.server.live).toEqual([]);
  await orders.hold(NOTHING_HELD);
  await stage.rig.settle();
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED} ${ANSWERED}`);
  expect(stage.onPrimary).toEqual([WRITE, READ]);
});

test('a read that comes during a PAUSE waits, and goes to a replica behind RESUME', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  const { orders } = stage.rig.pooler;
  await orders.hold(PAUSED);
  client.send(query(READ));
  await stage.rig.pass(1000);
  expect(client.tags).toBe('');
  await orders.hold(NOTHING_HELD);
  await stage.rig.settle();
  expect(heard(client)).toBe(ANSWERED);
  expect(stage.onReplicas).toEqual([READ]);
});

test('a replica leaves the list during a PAUSE: who waited for it is served by the primary', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.settle();
  const { orders } = stage.rig.pooler;
  await orders.hold(PAUSED);
  client.forget();
  client.send(query(READ), query(WRITE));
  await stage.rig.settle();
  await stage.publish(ONE_REPLICA.slice(0, 1));
  await orders.hold(NOTHING_HELD);
  await stage.rig.pass(500);
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED}`);
  expect(stage.onPrimary).toEqual([READ, WRITE]);
});

test('SUSPEND holds what is kept behind a read, too', async () => {
  const { stage, client, finish } = await amidst();
  const { orders } = stage.rig.pooler;
  await orders.hold({ ...NOTHING_HELD, suspended: true });
  await finish();
  expect(heard(client)).toBe(ANSWERED);
  expect(stage.onPrimary).toEqual([]);
  await orders.hold(NOTHING_HELD);
  await stage.rig.settle();
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED} ${ANSWERED}`);
});

test('KILL closes clients and links, those to replicas too', async () => {
  const { stage, client } = await amidst();
  await stage.rig.pooler.orders.kill('app');
  await stage.rig.settle();
  expect(client.closed).toBe(true);
  expect(stage.rig.server.live).toEqual([]);
  expect(stage.onPrimary).toEqual([]);
  expect(stage.database.replicas.all.map(({ outstanding }) => outstanding)).toEqual([0]);
});

test('RECONNECT renews links to replicas as they become free', async () => {
  const { stage, client, finish, replica } = await amidst();
  const { orders } = stage.rig.pooler;
  await orders.reconnect('app');
  let isRenewed = false;
  void orders.untilRenewed('app').then(() => {
    isRenewed = true;
  });
  await stage.rig.settle();
  expect(isRenewed).toBe(false);
  await finish();
  expect(replica.closed).toBe(true);
  expect(isRenewed).toBe(true);
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED} ${ANSWERED}`);
});

test("the split is turned off under a read: it ends, and the rest is the primary's", async () => {
  const { stage, client, finish, replica } = await amidst();
  await stage.reload(NO_SPLIT);
  await finish();
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED} ${ANSWERED}`);
  expect(replica.queries).toEqual([READ]);
  expect(replica.closed).toBe(true);
  expect(stage.onPrimary).toEqual([WRITE, READ]);
  client.send(query(READ));
  await stage.rig.pass(1000);
  expect(stage.rig.server.liveAt(A)).toEqual([]);
});

test('the split is turned off within a READ ONLY transaction, which goes on where it is', async () => {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  client.send(query('BEGIN READ ONLY'));
  await stage.rig.settle();
  await stage.reload(NO_SPLIT);
  client.send(query(READ), query('COMMIT'), query(WRITE), query(READ));
  await stage.rig.pass(1000);
  expect(stage.ran(A)).toEqual(['BEGIN READ ONLY', READ, 'COMMIT']);
  expect(stage.onPrimary).toEqual([WRITE, READ]);
  expect(stage.rig.server.liveAt(A)).toEqual([]);
});

test('the split is turned on: sessions that are there take part, from their next sample on', async () => {
  const stage = await Stage.open(NO_SPLIT);
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.onPrimary).toEqual([READ]);
  await stage.reload({});
  client.send(query(READ));
  await stage.rig.settle();
  stage.positions.sample();
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.onReplicas.at(-1)).toBe(READ);
  expect(heard(client)).toBe(`${ANSWERED} ${ANSWERED} ${ANSWERED}`);
});

test('off and on again, in the middle of reads, many times', async () => {
  const stage = await Stage.open();
  const clients = await stage.rig.clients(4);
  for (let round = 0; round < 20; round++) {
    for (const client of clients) client.send(query(READ), query(WRITE), query(READ));
    for (let i = 0; i < round % 5; i++) await stage.rig.tasks.settle();
    await stage.reload(round % 2 === 0 ? NO_SPLIT : {});
    if (round % 3 === 0) await stage.rig.pass(400);
  }
  await stage.rig.pass(1000);
  for (const client of clients) expect(client.tags).toBe('CZ'.repeat(60));
  expect(stage.onReplicas.filter((sql) => sql === WRITE)).toEqual([]);
  expect(stage.onPrimary.filter((sql) => sql === WRITE)).toHaveLength(80);
});

test('a database that is removed takes its links to replicas along', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.rig.server.live.length).toBeGreaterThan(0);
  stage.rig.pooler.reload(
    { ...stage.rig.pooler.settings, databases: new Map() },
    {
      lookup: () => ({ kind: 'none' }),
    },
  );
  await stage.rig.pass(1000);
  expect(client.closed).toBe(true);
  expect(stage.rig.server.live).toEqual([]);
  expect(stage.rig.pooler.everyPool()).toEqual([]);
  expect(stage.positions.isLeft).toBe(true);
});

test('a drain waits for reads on replicas, and closes their links', async () => {
  const { stage, client, finish } = await amidst();
  let isDrained = false;
  void stage.rig.pooler.drain('links-closed').then(() => {
    isDrained = true;
  });
  await stage.rig.settle();
  expect(isDrained).toBe(false);
  await finish();
  await stage.rig.pass(1000);
  expect(isDrained).toBe(true);
  expect(heard(client)).toBe(`${ANSWERED} E57P01`);
  expect(stage.rig.server.liveAt(PRIMARY)).toEqual([]);
  expect(stage.rig.server.liveAt(B)).toEqual([]);
});
