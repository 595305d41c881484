import { errorResponse, readyForQuery } from '@pgweir/protocol';
import type { DatabaseTimesView, MeasuredTime } from '../../src/ports/daemon-view';
import { countOf } from '../../src/stats/histogram';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import * as followed from '../lost-links/stage';
import * as split from '../read-write-split/stage';

const REFUSED = Buffer.concat([
  errorResponse({ severity: 'ERROR', code: '25006', message: 'read-only' }),
  readyForQuery('I'),
]);
const READ = 'SELECT a FROM t';

/** What the database `app` has measured: how often, and the sum, the longest in milliseconds. */
async function times({ pooler }: Rig): Promise<Partial<Record<MeasuredTime, readonly number[]>>> {
  const views: readonly DatabaseTimesView[] = (await pooler.snapshot([])).times;
  const seen = views.filter((view) => view.database === 'app' && countOf(view) > 0);
  return Object.fromEntries(
    seen.map((view) => [view.what, [countOf(view), view.sumUs / 1000, view.maxUs / 1000]]),
  );
}

test('a lease that is there at once is no wait, another one is as long as the link took', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder, waiter] = await rig.clients(2);
  holder?.send(query('BEGIN'));
  await rig.settle();
  waiter?.send(query('SELECT 1'));
  await rig.pass(250);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(await times(rig)).toEqual({ lease_wait: [2, 250, 250], transaction: [2, 250, 250] });
  await rig.stop();
});

test('waits are remembered when their pool is forgotten', async () => {
  const rig = await Rig.open({ poolSize: 1, serverIdleTimeoutMs: 1000, poolIdleTimeoutMs: 5000 });
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  client.hangUp();
  await rig.pass(60_000);
  expect(rig.pooler.everyPool()).toEqual([]);
  expect((await rig.pooler.snapshot([])).times).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ what: 'lease_wait', cumulative: new Array<number>(20).fill(1) }),
    ]),
  );
  await rig.stop();
});

test('what waits while there is no primary is held, and what is run again pauses its client', async () => {
  const stage = await followed.Stage.open();
  const [reader, late, idle] = await stage.rig.clients(3);
  if (reader === undefined || late === undefined || idle === undefined) throw new Error('none');
  for (const backend of stage.rig.server.live) backend.answers = false;
  reader.send(query(READ));
  await stage.rig.settle();
  await stage.kill();
  await stage.hold();
  await stage.rig.pass(2000);
  late.send(query('INSERT INTO t VALUES (1)'));
  await stage.rig.pass(1000);
  await stage.promote();
  const { failover_pause: pause, held } = await times(stage.rig);
  expect(pause).toEqual([1, 3001, 3001]);
  expect(held).toEqual([2, 4001, 3001]);
  idle.send(query('INSERT INTO t VALUES (2)'));
  await stage.rig.settle();
  expect((await times(stage.rig)).held).toEqual(held);
});

test('a primary that comes back before anybody has noticed has held work, too', async () => {
  const stage = await followed.Stage.open();
  const client = await stage.rig.client();
  await stage.kill();
  client.send(query('INSERT INTO t VALUES (1)'));
  await stage.rig.pass(3000);
  stage.rig.server.diallingPort.delete(followed.ONE);
  await stage.rig.pass(1000);
  const { failover_pause: pause, held } = await times(stage.rig);
  expect(pause).toBeUndefined();
  expect(held?.[0]).toBe(1);
  expect(held?.[2]).toBeGreaterThanOrEqual(3000);
});

test('who waits for others after there is a primary again is not held any more', async () => {
  const stage = await followed.Stage.open({ poolSize: 1 });
  const [holder, waiter] = await stage.rig.clients(2);
  await stage.kill();
  await stage.hold();
  holder?.send(query('BEGIN'));
  waiter?.send(query('INSERT INTO t VALUES (1)'));
  await stage.rig.pass(1000);
  await stage.promote();
  await stage.rig.pass(500);
  holder?.send(query('COMMIT'));
  await stage.rig.settle();
  const { held, lease_wait: wait } = await times(stage.rig);
  expect(held?.[0]).toBe(2);
  expect(held?.[2]).toBeLessThan(1100);
  expect(wait?.[2]).toBeGreaterThanOrEqual(1500);
});

test('a wait for a link that others use is not held', async () => {
  const stage = await followed.Stage.open({ poolSize: 1 });
  const [holder, waiter] = await stage.rig.clients(2);
  holder?.send(query('BEGIN'));
  await stage.rig.settle();
  waiter?.send(query('SELECT 1'));
  await stage.rig.pass(500);
  holder?.send(query('COMMIT'));
  await stage.rig.settle();
  expect((await times(stage.rig)).held).toBeUndefined();
});

test('a read waits for a replica that has caught up, and that is counted once', async () => {
  const { Stage, ALL, A, ONE_REPLICA } = split;
  const stage = await Stage.open({ replicaFallback: 'wait' }, {}, ALL.slice(0, 1));
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.pass(700);
  await stage.publish(ONE_REPLICA);
  await stage.rig.pass(400);
  expect(stage.ran(A)).toEqual([READ]);
  const { replica_wait: wait } = await times(stage.rig);
  expect(wait?.[0]).toBe(1);
  expect(wait?.[2]).toBeGreaterThanOrEqual(700);
  client.send(query(READ));
  await stage.rig.settle();
  expect((await times(stage.rig)).replica_wait).toEqual(wait);
});

test('a read that gives up waiting for a replica has waited, one that is cancelled has not', async () => {
  const stage = await split.Stage.open({ replicaFallback: 'wait' }, {}, split.ALL.slice(0, 1));
  const [client, other] = await stage.rig.clients(2);
  if (client === undefined || other === undefined) throw new Error('no clients');
  client.send(query(READ));
  await stage.rig.pass(300);
  await stage.rig.cancel(client);
  expect((await times(stage.rig)).replica_wait).toBeUndefined();
  other.send(query(READ));
  await stage.rig.pass(300);
  await stage.reload({ replicaFallback: 'primary' });
  await stage.rig.pass(100);
  expect(stage.onPrimary).toEqual([READ]);
  expect((await times(stage.rig)).replica_wait?.slice(0, 1)).toEqual([1]);
});

test('a refusal of a replica is no pause of a failover', async () => {
  const stage = await split.Stage.open();
  for (const port of [split.A, split.B])
    stage.at(port, (backend) => {
      backend.answer = (sql) => (sql === READ ? REFUSED : undefined);
    });
  const client = await stage.rig.client();
  client.send(query(READ));
  await stage.rig.settle();
  expect(stage.counts.rerouted).toBe(1);
  expect((await times(stage.rig)).failover_pause).toBeUndefined();
});

test('queries are measured one by one once somebody wants that, and what was measured stays', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const answered = async () => {
    client.send(query('SELECT 1'));
    await rig.settle();
    return (await times(rig)).query?.[0];
  };
  expect(await answered()).toBeUndefined();
  const { settings } = rig.pooler;
  rig.pooler.reload({ ...settings, measuresQueries: true }, rig.pooler.credentials);
  expect(await answered()).toBe(1);
  rig.pooler.reload({ ...settings, measuresQueries: false }, rig.pooler.credentials);
  expect(await answered()).toBeGreaterThanOrEqual(1);
  await rig.stop();
});
