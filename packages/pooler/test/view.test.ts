import { type SessionPin, sessionPin } from '../src/stats/session-pin';
import { query } from './kit/messages';
import { Rig } from './kit/rig';

test('a pinned client is in the picture with its reasons, its link and its age', async () => {
  const rig = await Rig.open();
  const [holder, other] = await rig.holders(2);
  const [session] = rig.pooler.sessions.values();
  if (session === undefined || holder === undefined || other === undefined) throw new Error('none');
  const pin = sessionPin(['temporary object'], {
    statement: "CREATE TEMP TABLE t AS SELECT 'secret'",
    nowMs: rig.clock.nowMs(),
  });
  Object.defineProperty(session, 'pin', { value: pin satisfies SessionPin });
  rig.clock.advance(1500);
  const { pins, pools } = await rig.pooler.snapshot(['clients', 'pins']);
  expect(pins).toEqual([
    {
      client: session.id,
      database: 'app',
      user: 'alice',
      address: '10.0.0.9',
      port: expect.any(Number),
      link: session.link?.id,
      reasons: ['temporary object'],
      statement: 'CREATE TEMP TABLE t AS SELECT ?',
      sinceMs: rig.clock.wallMs() - 1500,
    },
  ]);
  expect(pools).toMatchObject([{ linksActive: 2, linksPinned: 1 }]);
  for (const client of [holder, other]) client.send(query('COMMIT'));
  await rig.settle();
  expect((await rig.pooler.snapshot(['clients', 'pins'])).pins).toEqual([]);
  await rig.stop();
});

test('pins are counted by database and reason', async () => {
  const rig = await Rig.open();
  await rig.client();
  const [database] = rig.pooler.databases.values();
  for (const reason of ['listen', 'load', 'listen']) database?.counters.pinned(reason);
  const { stats, pinCounts } = await rig.pooler.snapshot(['clients', 'pins']);
  expect(pinCounts).toEqual([
    { database: 'app', reason: 'listen', count: 2 },
    { database: 'app', reason: 'load', count: 1 },
  ]);
  expect(stats).toMatchObject([{ database: 'app', logins: 1 }]);
  expect(stats[0]).not.toHaveProperty('pins');
  await rig.stop();
});

test('what is going on is in the picture before it has ended', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const waiter = await rig.client();
  waiter.send(query('SELECT 1'));
  await rig.settle();
  rig.clock.advance(2000);
  const { pools } = await rig.pooler.snapshot([]);
  expect(pools).toMatchObject([{ clientsWaiting: 1, waitingMs: 2000, waitMaxMs: 2000 }]);
  // The one who has the link is in a transaction and asks nothing.
  expect(pools).toMatchObject([{ inQueryMs: 0, inTransactionMs: 2000 }]);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect((await rig.pooler.snapshot([])).pools).toMatchObject([
    { waitingMs: 0, inQueryMs: 0, inTransactionMs: 0 },
  ]);
  await rig.stop();
});
