import { commandComplete, readyForQuery } from '@pgweir/protocol';
import type { PoolerSettings } from '../../src/settings/settings';
import {
  bind,
  bound,
  copyData,
  copyDone,
  execute,
  extended,
  frame,
  parse,
  query,
  sync,
} from '../kit/messages';
import { Rig } from '../kit/rig';
import { counts, ON, views } from './counts';

const MODES: readonly (readonly [string, Partial<PoolerSettings>])[] = [
  ['where state is followed', { poolMode: 'transaction' }],
  ['in session mode', { poolMode: 'session' }],
  ['where state is not followed', { sessionState: 'leak', preparedStatementsMax: 0 }],
];

describe.each(MODES)('%s', (_mode, changes) => {
  test('a simple query is counted, with its rows and the time to its end', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    rig.server.backend.answers = false;
    client.send(query("SELECT 'secret'"));
    await rig.settle();
    await rig.pass(30);
    rig.server.backend.send(commandComplete('SELECT 12'), readyForQuery('I'));
    await rig.settle();
    expect(await counts(rig)).toEqual({ 'SELECT ?': [1, 12, 0, 30, 0] });
    expect(JSON.stringify(await views(rig))).not.toContain('secret');
  });

  test('statements of one text are one, with all their rows', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    rig.server.backend.answer = () =>
      Buffer.concat([
        commandComplete('INSERT 0 2'),
        commandComplete('UPDATE 3'),
        readyForQuery('I'),
      ]);
    client.send(query('INSERT INTO a VALUES (1); UPDATE a SET b = 2'));
    await rig.settle();
    expect(await counts(rig)).toEqual({
      'INSERT INTO a VALUES (?); UPDATE a SET b = ?': [1, 5, 0, 0, 0],
    });
  });

  test('what is prepared is counted when it is run, by its text', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    client.send(parse('SELECT $1, 5', 'named'), sync());
    await rig.settle();
    expect(await counts(rig)).toEqual({});
    for (let at = 0; at < 3; at++) {
      client.send(bound('named'), execute(), sync());
      await rig.settle();
    }
    client.send(extended('SELECT a'), sync());
    await rig.settle();
    expect(await counts(rig)).toEqual({
      'SELECT $1, ?': [3, 0, 0, 0, 0],
      'SELECT a': [1, 0, 0, 0, 0],
    });
  });

  test('messages may come in pieces of any size', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    const bytes = Buffer.concat([
      parse('SELECT b', 'named'),
      bound('named'),
      execute(),
      sync(),
      query('SELECT 1'),
      extended('SELECT c'),
      sync(),
    ]);
    for (const byte of bytes) {
      client.send(Buffer.from([byte]));
      await rig.settle();
    }
    expect(await counts(rig)).toEqual({
      'SELECT b': [1, 0, 0, 0, 0],
      'SELECT ?': [1, 0, 0, 0, 0],
      'SELECT c': [1, 0, 0, 0, 0],
    });
  });

  test('a statement of any length is counted', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    const long = `INSERT INTO t VALUES ('${'x'.repeat(200_000)}')`;
    client.send(query(long));
    await rig.settle();
    client.send(parse(long, 'named'), bound('named'), execute(), sync());
    await rig.settle();
    expect(await counts(rig)).toEqual({ 'INSERT INTO t VALUES (?…': [2, 0, 0, 0, 0] });
  });

  test('an error is counted for the statement that it is about, and what is skipped is not', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    client.send(query('fail'));
    await rig.settle();
    client.send(extended('SELECT a'), extended('fail'), extended('SELECT b'), sync());
    await rig.settle();
    client.send(query('SELECT c'));
    await rig.settle();
    expect(client.tags).toMatch(/Z$/);
    expect(await counts(rig)).toEqual({
      fail: [2, 0, 2, 0, 0],
      'SELECT a': [1, 0, 0, 0, 0],
      'SELECT c': [1, 0, 0, 0, 0],
    });
  });

  test('statements of a pipeline begin when the one in front has ended', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    rig.server.backend.answers = false;
    client.send(extended('SELECT a'), extended('SELECT b'), sync(), extended('SELECT c'), sync());
    await rig.settle();
    const { backend } = rig.server;
    const replies = (tag: string) => [frame('1'), frame('2'), commandComplete(tag)];
    await rig.pass(10);
    backend.send(...replies('SELECT 1'));
    await rig.pass(20);
    backend.send(...replies('SELECT 2'));
    await rig.pass(5);
    backend.send(readyForQuery('I'));
    await rig.pass(40);
    backend.send(...replies('SELECT 3'), readyForQuery('I'));
    await rig.settle();
    expect(await counts(rig)).toEqual({
      'SELECT a': [1, 1, 0, 10, 0],
      // With its commit.
      'SELECT b': [1, 2, 0, 25, 0],
      'SELECT c': [1, 3, 0, 40, 0],
    });
  });

  test('a COPY that reads its Sync keeps nothing from being counted', async () => {
    const rig = await Rig.open({ ...ON, ...changes });
    const client = await rig.client();
    client.send(extended('copy'), sync());
    await rig.settle();
    client.send(copyData('x'), copyDone(), sync());
    await rig.settle();
    client.send(query('SELECT a'));
    await rig.settle();
    expect(await counts(rig)).toMatchObject({ copy: [1, 1, 0, 0, 0], 'SELECT a': [1, 0, 0, 0, 0] });
  });
});

test('the wait for a link is charged to the statement that was first to wait', async () => {
  const rig = await Rig.open(ON);
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT a'), query('SELECT b'));
  await rig.pass(70);
  holder?.send(query('COMMIT'));
  await rig.settle();
  const known = await counts(rig);
  expect(known['SELECT a']).toEqual([1, 0, 0, 0, 70]);
  expect(known['SELECT b']).toEqual([1, 0, 0, 0, 0]);
});

test('what was canceled while it waited is not counted, and nobody is charged with its wait', async () => {
  const rig = await Rig.open(ON);
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT a'));
  await rig.pass(70);
  await rig.cancel(client);
  expect(client.sqlState).toBe('57014');
  holder?.send(query('COMMIT'));
  await rig.settle();
  client.send(query('SELECT b'));
  await rig.settle();
  const known = await counts(rig);
  expect(known['SELECT a']).toBeUndefined();
  expect(known['SELECT b']).toEqual([1, 0, 0, 0, 0]);
});

test('statements of our own are not counted', async () => {
  const rig = await Rig.open(ON);
  const one = await rig.client({ application_name: 'one' });
  const other = await rig.client({ application_name: 'other' });
  one.send(parse('SELECT a', 'named'), bound('named'), execute(), sync());
  await rig.settle();
  other.send(query('SELECT b'));
  await rig.settle();
  one.send(bound('named'), execute(), sync());
  await rig.settle();
  // The settings of each.
  expect(rig.server.backend.queries.length).toBeGreaterThan(2);
  expect(await counts(rig)).toMatchObject({
    'SELECT a': [2, 0, 0, 0, 0],
    'SELECT b': [1, 0, 0, 0, 0],
  });
  expect(await views(rig)).toHaveLength(2);
});

test('databases and users are told apart', async () => {
  const rig = await Rig.open(ON);
  for (const user of ['alice', 'bob']) {
    const client = await rig.client({ user });
    client.send(query('SELECT a'));
    await rig.settle();
    client.hangUp();
  }
  expect((await views(rig)).map(({ database, user, calls }) => [database, user, calls])).toEqual([
    ['app', 'alice', 1],
    ['app', 'bob', 1],
  ]);
});

test('what was waited for a link to prepare a statement counts for its first run', async () => {
  const rig = await Rig.open(ON);
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(parse('SELECT a', 'x'), sync());
  await rig.pass(500);
  holder?.send(query('COMMIT'));
  await rig.pass(200);
  for (let at = 0; at < 2; at++) {
    client.send(bound('x'), execute(), sync());
    await rig.settle();
  }
  expect(await counts(rig)).toMatchObject({ 'SELECT a': [2, 0, 0, 0, 500] });
});

test('a wait for what PostgreSQL then refuses to prepare is not charged to what follows', async () => {
  const rig = await Rig.open(ON);
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(bound('nothing'), sync());
  await rig.pass(500);
  holder?.send(query('COMMIT'));
  await rig.settle();
  client.send(query('SELECT b'));
  await rig.settle();
  expect(client.tags).toContain('E');
  expect((await counts(rig))['SELECT b']).toEqual([1, 0, 0, 0, 0]);
});

test('a text that goes out in two parts is one statement', async () => {
  const rig = await Rig.open(ON);
  const client = await rig.client();
  client.send(query('BEGIN'));
  await rig.settle();
  client.send(query('fail'));
  await rig.settle();
  const { backend } = rig.server;
  backend.answers = false;
  client.send(query('ROLLBACK; SET search_path = x; SELECT 5'));
  await rig.pass(10);
  backend.send(commandComplete('ROLLBACK'), readyForQuery('I'));
  await rig.pass(90);
  expect(backend.queries.at(-1)).toMatch(/^ *SET search_path = x; SELECT 5$/);
  backend.send(commandComplete('SET'), commandComplete('SELECT 1'), readyForQuery('I'));
  await rig.settle();
  expect(await counts(rig)).toEqual({
    BEGIN: [1, 0, 0, 0, 0],
    fail: [1, 0, 1, 0, 0],
    'ROLLBACK; SET search_path = ?; SELECT ?': [1, 1, 0, 100, 0],
  });
});

test('what is prepared in SQL is known by its name', async () => {
  const rig = await Rig.open(ON);
  const client = await rig.client();
  client.send(bound('of"sql'), execute(), sync());
  await rig.settle();
  expect(await counts(rig)).toEqual({ 'EXECUTE "of""sql"': [1, 0, 1, 0, 0] });
});

test('a pipeline that is too long is counted as far as it is told apart, and what follows again', async () => {
  const rig = await Rig.open({ ...ON, packetBytesMax: 10_000_000 });
  const client = await rig.client();
  const each = Buffer.concat([bind(), execute()]);
  client.send(parse('SELECT a'), ...new Array<Buffer>(3000).fill(each), sync());
  await rig.settle();
  client.send(query('SELECT b'));
  await rig.settle();
  const known = await counts(rig);
  expect(known['SELECT a']?.[0]).toBe(2048);
  expect(known['SELECT b']?.[0]).toBe(1);
});
