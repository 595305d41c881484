import { extended, parse, query, sync } from '../kit/messages';
import { asks, heard, ONE, ranAt, Stage, TWO } from './stage';

/** Calls, errors, and milliseconds of waiting of each statement that has run. */
async function counts(stage: Stage): Promise<Readonly<Record<string, readonly number[]>>> {
  const { statements } = await stage.rig.pooler.snapshot(['statements']);
  return Object.fromEntries(
    statements.map(({ statement, calls, errors, waitUs }) => [
      statement,
      [calls, errors, Math.round(waitUs / 1000)],
    ]),
  );
}

test('a statement that runs again on another server counts once, and the pause is a part of its wait', async () => {
  const stage = await Stage.open({ statementStats: true });
  const client = await stage.rig.client();
  stage.at(ONE).answers = false;
  await asks(stage, client, query('SELECT a FROM t'));
  await stage.kill();
  await stage.hold();
  await stage.rig.pass(400);
  await stage.promote();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
  expect(stage.at(TWO).queries).toEqual(['SELECT a FROM t']);
  expect(await counts(stage)).toEqual({ 'SELECT a FROM t': [1, 0, 401] });
});

test('one that is lost counts as an error, and nobody is charged with the time after it', async () => {
  const stage = await Stage.open({ statementStats: true });
  const client = await stage.rig.client();
  stage.at(ONE).answers = false;
  await asks(stage, client, query('INSERT INTO t VALUES (1)'));
  await stage.failOver();
  expect(heard(client)).toBe('E08007 ZI');
  await stage.rig.pass(300);
  await asks(stage, client, query('SELECT a FROM t'));
  expect(await counts(stage)).toEqual({
    'INSERT INTO t VALUES (?)': [1, 1, 0],
    'SELECT a FROM t': [1, 0, 0],
  });
});

test('what waits while there is no primary has waited', async () => {
  const stage = await Stage.open({ statementStats: true });
  const client = await stage.rig.client();
  await stage.kill();
  await stage.hold();
  await asks(stage, client, query('INSERT INTO t VALUES (1)'));
  await stage.rig.pass(250);
  await stage.promote();
  expect(heard(client)).toBe('C(SELECT 0) ZI');
  expect(await counts(stage)).toEqual({ 'INSERT INTO t VALUES (?)': [1, 0, 250] });
});

test('in a transaction that is lost the rest is answered by us, and is not counted', async () => {
  const stage = await Stage.open({ statementStats: true });
  const client = await stage.rig.client();
  await asks(stage, client, query('BEGIN'));
  stage.at(ONE).answers = false;
  await asks(stage, client, query('SELECT a FROM t'));
  await stage.failOver();
  await asks(stage, client, query('SELECT b FROM t'));
  await asks(stage, client, query('ROLLBACK'));
  await stage.rig.pass(300);
  await asks(stage, client, query('SELECT c FROM t'));
  const known = await counts(stage);
  expect(known['SELECT a FROM t']?.slice(0, 2)).toEqual([1, 1]);
  expect(known['SELECT b FROM t']).toBeUndefined();
  expect(known['SELECT c FROM t']).toEqual([1, 0, 0]);
});

test('of a lost pipeline what is lost counts once as an error, and what runs again once as such', async () => {
  const stage = await Stage.open({ statementStats: true });
  const client = await stage.rig.client();
  stage.at(ONE).answers = false;
  const groups = [
    ...[extended('SELECT a FROM t'), sync(), extended('INSERT INTO t VALUES (1)'), sync()],
    ...[parse('SELECT c FROM t', 'c'), sync(), extended('SELECT b FROM t'), sync()],
  ];
  await asks(stage, client, Buffer.concat(groups));
  await stage.kill();
  await stage.hold();
  await stage.rig.pass(100);
  await stage.promote();
  expect(heard(client)).toBe('1 2 C(SELECT 0) ZI E08007 ZI 1 ZI 1 2 C(SELECT 0) ZI');
  expect(ranAt(stage, TWO)).toEqual(['SELECT a FROM t', 'SELECT b FROM t']);
  expect(await counts(stage)).toEqual({
    'SELECT a FROM t': [1, 0, 101],
    'INSERT INTO t VALUES (?)': [1, 1, 0],
    'SELECT b FROM t': [1, 0, 0],
  });
});

test('what waited for another server, and is given up, has waited', async () => {
  const stage = await Stage.open({ statementStats: true });
  const client = await stage.rig.client();
  stage.at(ONE).answers = false;
  await asks(stage, client, query('SELECT a FROM t'));
  await stage.rig.pass(50);
  await stage.kill();
  await stage.hold();
  await stage.rig.pass(250);
  client.hangUp();
  await stage.rig.settle();
  const { statements } = await stage.rig.pooler.snapshot(['statements']);
  expect(statements).toMatchObject([{ calls: 1, errors: 1, times: { sumUs: 50_000 } }]);
  expect(statements[0]?.waitUs).toBe(251_000);
});
