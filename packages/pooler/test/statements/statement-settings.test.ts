import { commandComplete, readyForQuery } from '@pgweir/protocol';
import {
  bind,
  bound,
  execute,
  extended,
  flush,
  parse,
  query,
  sync,
  terminate,
} from '../kit/messages';
import { Rig } from '../kit/rig';
import { poolerSettings } from '../kit/settings';
import type { TestClient } from '../kit/test-client';
import { counts, ON, views } from './counts';

test('sessions that exist begin to be measured by a reload, in the middle of anything, and end so', async () => {
  const off = poolerSettings({ ...ON, statementStats: false });
  const on = poolerSettings(ON);
  const rig = await Rig.open({ ...ON, statementStats: false });
  const client = await rig.client();
  client.send(parse('SELECT a', 'named'), sync());
  await rig.settle();
  client.send(extended('SELECT b'), flush());
  await rig.settle();
  rig.pooler.reload(on, { lookup: () => ({ kind: 'none' }) });
  client.send(bind(), execute(), sync());
  await rig.settle();
  expect(await counts(rig)).toEqual({});
  client.send(bound('named'), execute(), sync());
  await rig.settle();
  expect(await counts(rig)).toEqual({ 'SELECT a': [1, 0, 0, 0, 0] });
  rig.pooler.reload(off, { lookup: () => ({ kind: 'none' }) });
  expect(await counts(rig)).toEqual({});
  client.send(query('SELECT c'));
  await rig.settle();
  rig.pooler.reload(on, { lookup: () => ({ kind: 'none' }) });
  expect(await counts(rig)).toEqual({});
});

test('statement_stats is turned off and on while slow statements are logged: counts begin anew', async () => {
  const on = { ...ON, logMinDurationMs: 10_000 };
  const rig = await Rig.open(on);
  const client = await rig.client();
  client.send(query('SELECT a'));
  await rig.settle();
  for (const statementStats of [false, true]) {
    rig.pooler.reload(poolerSettings({ ...on, statementStats }), {
      lookup: () => ({ kind: 'none' }),
    });
    expect(await counts(rig)).toEqual({});
  }
  client.send(query('SELECT a'));
  await rig.settle();
  client.send(query('SELECT b'));
  await rig.settle();
  expect(await counts(rig)).toEqual({ 'SELECT a': [1, 0, 0, 0, 0], 'SELECT b': [1, 0, 0, 0, 0] });
});

describe('a statement under way when its session ends has failed, after as long as it took', () => {
  const slow = (rig: Rig) =>
    rig.log.lines.filter(({ message }) => message === 'slow statement').map(({ fields }) => fields);

  test.each([
    ['the client hangs up', (client: TestClient) => client.hangUp()],
    [
      'an operator kills it',
      (_: TestClient, { pooler }: Rig) => [...pooler.sessions.values()].at(-1)?.fail('killed'),
    ],
  ])('%s', async (_how, end) => {
    const rig = await Rig.open({ ...ON, logMinDurationMs: 100 });
    const client = await rig.client();
    rig.server.backend.answers = false;
    client.send(query("SELECT 'slow'"));
    await rig.pass(3000);
    end(client, rig);
    await rig.pass(1000);
    expect(rig.pooler.sessions.size).toBe(0);
    expect(await counts(rig)).toEqual({ 'SELECT ?': [1, 0, 1, 3000, 0] });
    expect(slow(rig)).toMatchObject([{ failed: true, server_ms: 3000, statement: 'SELECT ?' }]);
  });

  test('query_timeout', async () => {
    const rig = await Rig.open({ ...ON, logMinDurationMs: 100, queryTimeoutMs: 5000 });
    const client = await rig.client();
    rig.server.backend.answers = false;
    client.send(extended('SELECT a'), extended('SELECT b'), sync());
    await rig.pass(7000);
    expect(client.sqlState).toBe('57014');
    const known = await counts(rig);
    expect(Object.keys(known)).toEqual(['SELECT a']);
    expect(known['SELECT a']?.slice(0, 3)).toEqual([1, 0, 1]);
    expect(known['SELECT a']?.[3]).toBeGreaterThan(5000);
    expect(slow(rig)).toHaveLength(1);
  });

  test('one that ends behind the goodbye of its client has not failed', async () => {
    const rig = await Rig.open(ON);
    const client = await rig.client();
    rig.server.backend.answers = false;
    client.send(query('SELECT a'), terminate());
    await rig.pass(50);
    rig.server.backend.send(commandComplete('SELECT 1'), readyForQuery('I'));
    await rig.settle();
    expect(await counts(rig)).toEqual({ 'SELECT a': [1, 1, 0, 50, 0] });
  });
});

test('slow statements are logged without literals, with the part that was waiting', async () => {
  const rig = await Rig.open({ ...ON, statementStats: false, logMinDurationMs: 100 });
  const [holder] = await rig.holders(1);
  const client = await rig.client();
  client.send(query("SELECT 'secret'"));
  await rig.pass(150);
  holder?.send(query('COMMIT'));
  rig.server.backend.answers = false;
  await rig.settle();
  rig.server.backend.send(commandComplete('COMMIT'), readyForQuery('I'));
  await rig.pass(50);
  rig.server.backend.send(commandComplete('SELECT 1'), readyForQuery('I'));
  await rig.settle();
  const lines = rig.log.lines.filter(({ message }) => message === 'slow statement');
  expect(lines.at(-1)?.fields).toMatchObject({
    ...{ database: 'app', user: 'alice', address: expect.stringContaining('10.0.0.9') },
    ...{ duration_ms: 200, waited_ms: 150, waited_percent: 75, server_ms: 50, rows: 1 },
    statement: 'SELECT ?',
  });
  expect(JSON.stringify(rig.log.lines)).not.toContain('secret');
  expect(await views(rig)).toEqual([]);
});

test('log_min_duration: faster ones have no line, and many fill no disk', async () => {
  const rig = await Rig.open({ ...ON, statementStats: false, logMinDurationMs: 0 });
  const client = await rig.client();
  for (let at = 0; at < 100; at++) {
    client.send(query('SELECT 1'));
    await rig.settle();
  }
  await rig.pass(1000);
  const slow = rig.log.lines.filter(({ message }) => message.startsWith('slow statement'));
  expect(slow).toHaveLength(21);
  expect(slow.at(-1)?.fields).toEqual({ count: 80 });
  rig.pooler.reload(poolerSettings({ ...ON, logMinDurationMs: 5 }), {
    lookup: () => ({ kind: 'none' }),
  });
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(rig.log.lines.filter(({ message }) => message.startsWith('slow st'))).toHaveLength(21);
});

test('log_min_duration_literals: as they were sent, in the log alone', async () => {
  const on = { ...ON, logMinDurationMs: 0, logMinDurationLiterals: true };
  const rig = await Rig.open(on);
  const client = await rig.client();
  const sent = () =>
    rig.log.lines
      .splice(0)
      .filter(({ message }) => message === 'slow statement')
      .map(({ fields }) => fields?.statement_sent);
  client.send(query("SELECT 'mine'\n"), extended("INSERT INTO t VALUES ('ä')"), sync());
  client.send(parse("SELECT 'named'", 'x'), bound('x'), execute(), sync());
  await rig.settle();
  expect(sent()).toEqual(["SELECT 'mine'\n", "INSERT INTO t VALUES ('ä')", "SELECT 'named'"]);
  client.send(query(`SELECT '${'ä'.repeat(5000)}'`));
  await rig.settle();
  expect(sent()).toEqual([`SELECT '${'ä'.repeat(496)}…`]);
  for (const sql of ["ALTER ROLE a PASSWORD 'x'", "SELECT 1; ALTER ROLE a PASSWORD 'x'"])
    client.send(query(sql));
  await rig.settle();
  expect(sent()).toEqual([undefined, undefined]);
  expect(JSON.stringify(await views(rig))).not.toMatch(/mine|ä|named|'x'/);
  rig.pooler.reload(poolerSettings({ ...on, logMinDurationLiterals: false }), {
    lookup: () => ({ kind: 'none' }),
  });
  client.send(query("SELECT 'mine'"), bound('x'), execute(), sync());
  await rig.settle();
  expect(sent()).toEqual([undefined, undefined]);
});

test('statement_stats: what runs is counted, or nothing is', async () => {
  for (const statementStats of [true, false]) {
    const rig = await Rig.open({ ...ON, statementStats });
    const client = await rig.client();
    client.send(query('SELECT a'));
    await rig.settle();
    expect(Object.keys(await counts(rig))).toEqual(statementStats ? ['SELECT a'] : []);
  }
});

test('statement_stats_max is how many are counted by themselves', async () => {
  const rig = await Rig.open({ ...ON, statementStatsMax: 3 });
  const client = await rig.client();
  for (let at = 0; at < 10; at++) {
    client.send(query(`SELECT column${at}`));
    await rig.settle();
  }
  const known = await counts(rig);
  expect(Object.keys(known)).toHaveLength(4);
  expect(known['(others)']?.[0]).toBe(7);
});
