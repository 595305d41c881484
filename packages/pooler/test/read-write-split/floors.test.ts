import { query } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { A, B, changed, ONE_REPLICA, PRIMARY, Stage } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';

/** Where a read of this client goes now. */
async function placeOf(stage: Stage, client: TestClient): Promise<'A' | 'B' | 'primary'> {
  const before = [stage.ran(A).length, stage.ran(B).length];
  client.send(query(READ));
  await stage.rig.settle();
  expect(client.tags.endsWith('CZ')).toBe(true);
  if (stage.ran(A).length > (before[0] ?? 0)) return 'A';
  return stage.ran(B).length > (before[1] ?? 0) ? 'B' : 'primary';
}

async function run(stage: Stage, client: TestClient, sql: string): Promise<void> {
  client.send(query(sql));
  await stage.rig.settle();
}

/** One replica, and samples that are told by hand. */
async function byHand(database = {}) {
  const stage = await Stage.open(database, {}, ONE_REPLICA);
  const [client, other] = await stage.rig.clients(2);
  if (client === undefined || other === undefined) throw new Error('no clients');
  stage.positions.answersAtOnce = false;
  return { stage, client, other, positions: stage.positions };
}

test('after a write reads stay on the primary until a sample covers it and it is replayed', async () => {
  const { stage, client, other, positions } = await byHand();
  expect(await placeOf(stage, client)).toBe('A');
  await run(stage, client, WRITE);
  // No sample has been asked for after the write.
  expect(await placeOf(stage, client)).toBe('primary');
  positions.primary = 200;
  positions.sample();
  positions.sample();
  expect(await placeOf(stage, client)).toBe('primary');
  // Who has not written need not wait.
  expect(await placeOf(stage, other)).toBe('A');
  positions.replayed.set(A, 199);
  positions.sample();
  positions.sample();
  expect(await placeOf(stage, client)).toBe('primary');
  positions.replayed.set(A, 1000);
  positions.sample();
  // The read before was the primary's: it is covered by the next one.
  positions.sample();
  expect(await placeOf(stage, client)).toBe('A');
});

test('a client that has just come in has no past: its first read leaves the primary without a sample', async () => {
  const { stage, positions } = await byHand();
  const { length } = positions.wanted;
  const [fresh, during] = [await stage.rig.client(), stage.rig.caller()];
  // A reload while it logs in makes it no older.
  await stage.reload({ hosts: ['db.test', 'db.test'], ports: [PRIMARY, A] });
  await stage.rig.settle();
  during.forget();
  expect(positions.wanted).toHaveLength(length);
  expect(await placeOf(stage, during)).toBe('A');
  expect(await placeOf(stage, fresh)).toBe('A');
});

test('a sample that was on its way during the write does not cover it', async () => {
  const { stage, client, positions } = await byHand();
  await run(stage, client, READ);
  const { length } = positions.wanted;
  await run(stage, client, WRITE);
  const covers = positions.wanted[length - 1]?.tick ?? 1;
  positions.tell({ covers, primary: 100 });
  expect(await placeOf(stage, client)).toBe('primary');
});

test.each([
  ['BEGIN', WRITE, 'COMMIT'],
  ['BEGIN', WRITE, 'ROLLBACK'],
  ['BEGIN', READ, 'COMMIT'],
])('whatever was run on the primary counts: %s, %s, %s', async (...statements) => {
  const { stage, client, positions } = await byHand();
  for (const sql of statements) await run(stage, client, sql);
  expect(await placeOf(stage, client)).toBe('primary');
  positions.primary = 200;
  positions.replayed.set(A, 200);
  positions.sample();
  positions.sample();
  expect(await placeOf(stage, client)).toBe('A');
});

test('reads never go back in time between replicas', async () => {
  const stage = await Stage.open({ replicaBalance: 'round-robin' });
  const client = await stage.rig.client();
  const { positions } = stage;
  positions.answersAtOnce = false;
  positions.primary = 200;
  positions.replayed.set(A, 200);
  positions.sample();
  const places = [await placeOf(stage, client), await placeOf(stage, client)];
  const first = places.includes('A') ? 'A' : 'B';
  // From the one that is ahead nothing leads to the other.
  positions.sample();
  positions.sample();
  for (let i = 0; i < 5; i++) {
    const next = await placeOf(stage, client);
    if (first === 'A') expect(next).not.toBe('B');
  }
  expect(first).toBe('A');
  const other = await stage.rig.client();
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) seen.push(await placeOf(stage, other));
  // What B has answered may be on A, but no sample says so yet.
  positions.sample();
  positions.sample();
  for (let i = 0; i < 6; i++) seen.push(await placeOf(stage, other));
  expect(seen.join(' ').replaceAll('primary', 'A')).toMatch(/^(B ?)*(A ?)+$/);
});

test('a lost link may have been a write that worked: its session reads from the primary', async () => {
  const { stage, client } = await byHand();
  await run(stage, client, READ);
  for (const backend of stage.rig.server.backends) backend.answers = false;
  client.send(query(WRITE));
  await stage.rig.settle();
  for (const backend of stage.rig.server.liveAt(5001)) backend.crash();
  await stage.rig.settle();
  expect(client.sqlState).toBe('08007');
  for (const backend of stage.rig.server.live) backend.answers = true;
  client.forget();
  expect(await placeOf(stage, client)).toBe('primary');
});

test('another primary: positions of the one before do not count', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await run(stage, client, WRITE);
  expect(await placeOf(stage, client)).not.toBe('primary');
  const { positions } = stage;
  positions.answersAtOnce = false;
  positions.epoch = 2;
  positions.primary = 500;
  positions.replayed.delete(B);
  positions.replayed.set(A, 499);
  const servers = changed(B, { role: 'primary' }).filter(({ port }) => port !== 5001);
  await stage.publish(servers, { epoch: 2, holding: false });
  positions.sample();
  const [onA] = [stage.ran(A).length];
  await run(stage, client, READ);
  expect(stage.ran(A)).toHaveLength(onA);
  positions.replayed.set(A, 500);
  positions.sample();
  positions.sample();
  await run(stage, client, READ);
  expect(stage.ran(A)).toHaveLength(onA + 1);
});

test('eventual: a read does not wait for what its session has written, only for the lag', async () => {
  const { stage, client, positions } = await byHand({
    consistency: 'eventual',
    maxReplicaLagMs: 100,
  });
  positions.primary = 10_000;
  await run(stage, client, WRITE);
  expect(await placeOf(stage, client)).toBe('A');
  positions.lagMs = 101;
  positions.sample();
  expect(await placeOf(stage, client)).toBe('primary');
});

test('global: what any session has written counts', async () => {
  const { stage, client, other, positions } = await byHand({ consistency: 'global' });
  positions.sample();
  expect(await placeOf(stage, other)).toBe('A');
  await run(stage, client, WRITE);
  expect(await placeOf(stage, other)).toBe('primary');
  positions.sample();
  positions.sample();
  positions.sample();
  expect(await placeOf(stage, other)).toBe('A');
});

test('a session that was there while the split was off has seen nobody knows what', async () => {
  const { stage, client, positions } = await byHand();
  expect(await placeOf(stage, client)).toBe('A');
  await stage.reload({ readWriteSplit: false, targetSessionAttrs: 'read-write' });
  await run(stage, client, WRITE);
  await stage.reload({});
  positions.tell({ covers: 1, primary: 100 });
  expect(await placeOf(stage, client)).toBe('primary');
  positions.primary = 200;
  positions.sample();
  positions.sample();
  expect(await placeOf(stage, client)).toBe('primary');
  positions.replayed.set(A, 200);
  positions.sample();
  positions.sample();
  expect(await placeOf(stage, client)).toBe('A');
});

test('nothing is known of the replicas: the primary', async () => {
  const { stage, client, positions } = await byHand();
  positions.tell({ replicas: [] });
  expect(await placeOf(stage, client)).toBe('primary');
});
