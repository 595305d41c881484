import { parse, query, sync, terminate } from '../kit/messages';
import { Rig } from '../kit/rig';

async function scene(parameters: Readonly<Record<string, string>> = {}) {
  const rig = await Rig.open({ poolSize: 1, poolMode: 'transaction' });
  const client = await rig.client(parameters);
  const [session] = rig.pooler.sessions.values();
  if (session === undefined) throw new Error('no session');
  return { rig, client, session };
}

test.each(['SELECT 1', 'BEGIN', 'INSERT INTO t VALUES (1)', ''])(
  'nothing is made to follow a client that says %p',
  async (sql) => {
    const { rig, client, session } = await scene();
    client.send(query(sql));
    await rig.settle();
    expect(client.tags).toMatch(/Z$/);
    expect(session.state).toBeUndefined();
  },
);

test.each([
  ['SET work_mem = 1', query('SET work_mem = 1')],
  ['a Parse', Buffer.concat([parse('SELECT 1'), sync()])],
  ['two statements in one chunk', Buffer.concat([query('SELECT 1'), query('SELECT 2')])],
  ['the first half of a statement', query('SELECT 1').subarray(0, 8)],
  ['LISTEN behind a comment', query('/* c */ LISTEN a')],
])('%s is followed', async (_what, bytes) => {
  const { rig, client, session } = await scene();
  client.send(bytes);
  await rig.settle();
  expect(session.state).toBeDefined();
});

test('what is created may be temporary by the search path: it is followed', async () => {
  const { rig, client, session } = await scene();
  client.send(query('SET search_path = pg_temp'));
  await rig.settle();
  session.state = undefined;
  session.settings.begin({
    ...session.settings.profile,
    values: new Map([['search_path', 'pg_temp']]),
  });
  client.send(query('CREATE TABLE t (a int)'));
  await rig.settle();
  expect(session.state).toBeDefined();
});

test('a statement that finds no link is kept and sent once there is one', async () => {
  const { rig, client, session } = await scene();
  const [other] = await rig.holders(1);
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(session.phase).toBe('waiting');
  other?.send(query('COMMIT'));
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
  expect(session.state).toBeUndefined();
});

test('a goodbye makes nothing either', async () => {
  const { rig, client, session } = await scene();
  client.send(terminate());
  await rig.settle();
  expect(session.phase).toBe('closed');
  expect(session.state).toBeUndefined();
});

test('an answer to a Parse is not taken for one to plain statements in front of it', async () => {
  const { rig, client, session } = await scene();
  rig.server.backend.answers = true;
  client.send(query('BEGIN'));
  client.send(query('SELECT 1'));
  client.send(Buffer.concat([parse('SELECT 2', 'named'), sync()]));
  await rig.settle();
  expect(client.tags.match(/Z/g)).toHaveLength(3);
  expect(session.state?.tracker.statements.own.count).toBe(1);
});
