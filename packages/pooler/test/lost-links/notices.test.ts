import { errorResponse, readyForQuery } from '@pgweir/protocol';
import { query } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { ONE, Stage, TWO } from './stage';

async function asks(stage: Stage, client: TestClient, text: string): Promise<void> {
  client.send(query(text));
  await stage.rig.settle();
}

/** A client whose next statement is answered with this SQLSTATE. */
async function erring(code: string, severity: 'ERROR' | 'FATAL', database = {}): Promise<Stage> {
  const stage = await Stage.open({}, database);
  const client = await stage.rig.client();
  const error = errorResponse({ severity, code, message: 'no' });
  const answer = severity === 'ERROR' ? Buffer.concat([error, readyForQuery('I')]) : error;
  const backends = [...stage.rig.server.live];
  for (const backend of backends) backend.answer = () => answer;
  await asks(stage, client, 'INSERT 1');
  if (severity === 'FATAL') for (const backend of backends) backend.crash();
  await stage.rig.settle();
  return stage;
}

test('links that are lost without a word, and connections that are refused, are told of', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await asks(stage, client, 'SELECT 1');
  await stage.kill();
  expect(stage.topology.notices).toEqual([`${ONE} lost`]);
  await asks(stage, client, 'SELECT 1');
  await stage.rig.pass(1);
  expect(stage.topology.notices).toEqual([`${ONE} lost`, `${ONE} refused`]);
});

test('the same is told at most ten times a second', async () => {
  const stage = await Stage.open({ poolSize: 20 });
  const clients = await stage.rig.clients(20);
  const [first] = clients;
  if (first === undefined) throw new Error('no client');
  for (const client of clients) client.send(query('BEGIN'));
  await stage.rig.settle();
  await stage.kill();
  expect(stage.topology.notices.filter((notice) => notice === `${ONE} lost`)).toHaveLength(1);
  for (const sql of ['ROLLBACK', 'SELECT 1']) await asks(stage, first, sql);
  await stage.rig.pass(2000);
  const refused = stage.topology.notices.filter((notice) => notice === `${ONE} refused`);
  expect(refused.length).toBeGreaterThan(2);
  expect(refused.length).toBeLessThanOrEqual(21);
});

test.each(['57P01', '57P02', '57P03'])(
  'a link that PostgreSQL ends with %s is told of',
  async (code) => {
    expect((await erring(code, 'FATAL')).topology.notices).toEqual([`${ONE} terminated`]);
  },
);

test.each(['57P05', '25P03'])(
  '%s is what its client has done, and nothing to tell',
  async (code) => {
    expect((await erring(code, 'FATAL')).topology.notices).toEqual([]);
  },
);

test('a write that the primary refuses is told of, and one on a replica is as it should be', async () => {
  expect((await erring('25006', 'ERROR')).topology.notices).toEqual([`${ONE} read-only`]);
  const standby = await erring('25006', 'ERROR', { targetSessionAttrs: 'standby' });
  expect(standby.rig.server.liveAt(TWO)).toHaveLength(1);
  expect(standby.topology.notices).toEqual([]);
});

test('a client that runs writes in read-only transactions makes no noise', async () => {
  const stage = await erring('25006', 'ERROR');
  const client = await stage.rig.client();
  for (let at = 0; at < 10; at++) await asks(stage, client, 'INSERT 1');
  expect(stage.topology.notices).toHaveLength(1);
});
