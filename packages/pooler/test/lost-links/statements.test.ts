import { query } from '../kit/messages';
import { heard, Stage, TWO } from './stage';

test('an idle client notices nothing', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  client.send(query('SELECT 1'));
  await stage.rig.settle();
  client.forget();
  await stage.failOver();
  expect(heard(client)).toBe('');
  client.send(query('SELECT 2'));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries.at(-1)).toBe('SELECT 2');
  expect(stage.counts).toEqual([0, 0, 0]);
});

test('a statement that waits goes to the promoted server, as soon as there is one', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await stage.kill();
  client.send(query('INSERT INTO t VALUES (1)'));
  await stage.rig.settle();
  await stage.hold();
  await stage.rig.pass(5000);
  expect(heard(client)).toBe('');
  await stage.promote();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual(['INSERT INTO t VALUES (1)']);
});

test('a read that is under way is run once more, and nobody sees it', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  await stage.rig.settle();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query('SELECT a FROM t'));
  await stage.rig.settle();
  await stage.failOver();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual(['SELECT a FROM t']);
  expect(stage.counts).toEqual([0, 1, 0]);
});

test('a read is not run a third time: it may be what kills the servers', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query('SELECT a FROM t'));
  await stage.rig.settle();
  await stage.kill();
  stage.rig.server.answersAtFirst = false;
  await stage.hold();
  await stage.promote();
  expect(heard(client)).toBe('');
  stage.at(TWO).crash();
  await stage.rig.settle();
  expect(heard(client)).toBe('E08006 ZI');
  expect(stage.counts).toEqual([0, 1, 1]);
});

test('with retry_reads off a read fails with 08006', async () => {
  const stage = await Stage.open({ retryReads: false });
  const client = await stage.rig.client();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query('SELECT a FROM t'));
  await stage.rig.settle();
  await stage.failOver();
  expect(heard(client)).toBe('E08006 ZI');
  expect(client.closed).toBe(false);
});

test.each([
  'INSERT INTO t VALUES (1)',
  'SELECT f()',
  'CALL p()',
  "COMMIT PREPARED 'x'",
  'COMMIT',
  'VACUUM t',
  'COPY t FROM STDIN',
  'BEGIN; INSERT INTO t VALUES (1); COMMIT',
  'SELECT 1; DELETE FROM t',
])('%s may have happened: 08007 with a hint, and it is not sent again', async (sql) => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query(sql));
  await stage.rig.settle();
  await stage.failOver();
  expect(heard(client)).toBe('E08007 ZI');
  expect(client.errors[0]?.hint).toContain('Find out');
  client.forget();
  client.send(query('SELECT 2'));
  await stage.rig.settle();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual(['SELECT 2']);
  expect(stage.counts).toEqual([0, 0, 1]);
});

test('a BEGIN that is under way begins on the other server', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query('BEGIN'));
  await stage.rig.settle();
  await stage.failOver();
  expect(heard(client)).toBe('C(BEGIN) ZT');
  expect(stage.at(TWO).queries).toEqual(['BEGIN']);
});

test('what is sent behind a statement that is lost waits for a server', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query('INSERT INTO t VALUES (1)'));
  await stage.rig.settle();
  await stage.kill();
  client.send(query('SELECT 2'));
  await stage.rig.settle();
  await stage.hold();
  expect(heard(client)).toBe('E08007 ZI');
  await stage.promote();
  expect(heard(client)).toBe('E08007 ZI C(SELECT 0) ZI');
});

test('half a message has reached the client: nothing can be put behind it, and it is closed', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query('SELECT a FROM t'));
  await stage.rig.settle();
  const [backend] = stage.rig.server.live;
  backend?.send(Buffer.from([0x44, 0, 0, 0, 20, 0, 1]));
  await stage.rig.settle();
  await stage.kill();
  expect(client.closed).toBe(true);
  expect(client.errors).toEqual([]);
  expect(stage.counts).toEqual([0, 0, 1]);
});

test('a database that does not follow roles has its clients closed, as ever', async () => {
  const stage = await Stage.open({}, { targetSessionAttrs: undefined });
  const client = await stage.rig.client();
  for (const backend of stage.rig.server.live) backend.answers = false;
  client.send(query('SELECT a FROM t'));
  await stage.rig.settle();
  for (const backend of stage.rig.server.live) backend.crash();
  await stage.rig.settle();
  expect(heard(client)).toBe('E08006');
  expect(client.errors[0]?.severity).toBe('FATAL');
  expect(client.closed).toBe(true);
});
