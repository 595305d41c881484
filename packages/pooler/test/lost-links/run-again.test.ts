import { Replay } from '../../src/frontend/replay';
import { databaseName } from '../../src/ports/names';
import {
  bound,
  describeStatement,
  execute,
  extended,
  flush,
  parse,
  query,
  sync,
} from '../kit/messages';
import { asks, heard, ONE, ranAt, Stage, TWO } from './stage';

describe('several statements are under way', () => {
  test('all reads are run once more, in order', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    await asks(stage, client, query('SELECT 1'), extended('SELECT a FROM t'), sync());
    await stage.failOver();
    expect(heard(client)).toBe('C(SELECT 0) ZI 1 2 C(SELECT 0) ZI');
    expect(stage.at(TWO).tags).toBe('QPBES');
  });

  test('an answer that has come is not asked for again', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    // The first answer, and nothing of the second.
    stage.at(ONE).diesAfter = 2;
    const answer = await asks(
      stage,
      client,
      query('SELECT 1'),
      query('SELECT 2'),
      query('SELECT 3'),
    );
    expect(answer).toBe('C(SELECT 0) ZI C(SELECT 0) ZI C(SELECT 0) ZI');
    expect(stage.at(ONE).queries).toEqual(['SELECT 2', 'SELECT 3']);
  });

  test('a write among them is not sent again; what reads runs once more, and all is answered in order', async () => {
    const stage = await Stage.open({ poolSize: 1 });
    const client = await stage.rig.client();
    stage.at(ONE).diesAfter = 2;
    const answer = await asks(
      stage,
      client,
      query('SELECT 1'),
      query('SELECT 2'),
      query('INSERT INTO t VALUES (1)'),
      extended('SELECT 3'),
      sync(),
    );
    expect(answer).toBe('C(SELECT 0) ZI C(SELECT 0) ZI E08007 ZI 1 2 C(SELECT 0) ZI');
    expect(await asks(stage, client, query('SELECT 4'))).toBe('C(SELECT 0) ZI');
    expect(ranAt(stage, ONE)).toEqual(['SELECT 2', 'SELECT 3', 'SELECT 4']);
    expect(stage.counts).toEqual([0, 1, 1]);
  });

  test('a statement that was prepared by what is lost is not taken for one of that name from before', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, extended('SELECT a FROM t'), sync());
    stage.at(ONE).answers = false;
    await asks(
      stage,
      client,
      ...[extended('INSERT INTO t VALUES (1)'), parse('SELECT b FROM t'), sync()],
      ...[bound(''), execute(), sync()],
    );
    await stage.failOver();
    expect(heard(client)).toMatch(/^E08007 ZI /);
    // Nothing of that name is there: PostgreSQL says so.
    expect(stage.at(TWO).tags).toBe('BES');
  });

  test('a transaction that begins behind a write that is lost begins on the other server', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    await asks(stage, client, query('INSERT INTO t VALUES (1)'), query('BEGIN'));
    await stage.failOver();
    expect(heard(client)).toBe('E08007 ZI C(BEGIN) ZT');
    expect(await asks(stage, client, query('COMMIT'))).toBe('C(COMMIT) ZI');
    expect(stage.at(TWO).queries).toEqual(['BEGIN', 'COMMIT']);
  });

  test('what the client says while reads run once more comes behind the errors', async () => {
    const stage = await Stage.open({ poolSize: 1 });
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    await asks(stage, client, query('SELECT 1'), query('SELECT 2'), query('DELETE FROM t'));
    await stage.kill();
    await stage.hold();
    expect(await asks(stage, client, query('SELECT 3'))).toBe('');
    stage.rig.server.answersAtFirst = false;
    await stage.promote();
    expect(await asks(stage, client, query('SELECT 4'))).toBe('');
    expect(stage.at(TWO).queries).toEqual(['SELECT 1']);
    stage.at(TWO).goOn();
    await stage.rig.settle();
    const done = 'C(SELECT 0) ZI';
    expect(heard(client)).toBe(`${done} ${done} E08007 ZI ${done} ${done}`);
    expect(stage.at(TWO).queries).toEqual(['SELECT 1', 'SELECT 2', 'SELECT 3', 'SELECT 4']);
  });

  test('a reload meanwhile holds as soon as all is answered', async () => {
    const stage = await Stage.open({ poolSize: 1 });
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    await asks(stage, client, query('SELECT 1'), query('DELETE FROM t'));
    await stage.kill();
    await stage.hold();
    stage.rig.server.answersAtFirst = false;
    await stage.promote();
    const { pooler } = stage.rig;
    const app = databaseName('app');
    const entry = pooler.settings.databases.get(app);
    if (entry === undefined) throw new Error('no entry');
    const databases = new Map([
      [app, { ...entry, retryReads: false, targetSessionAttrs: undefined }],
    ]);
    pooler.reload({ ...pooler.settings, databases }, { lookup: () => ({ kind: 'none' }) });
    await stage.rig.settle();
    const [session] = pooler.sessions.values();
    expect(session?.unanswered).toBeDefined();
    stage.at(TWO).goOn();
    await stage.rig.settle();
    expect(heard(client)).toBe('C(SELECT 0) ZI E08007 ZI');
    expect(session?.unanswered).toBeUndefined();
  });

  test('a transaction that is lost while others are still to be answered ends the session', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, query('BEGIN'));
    const [session] = stage.rig.pooler.sessions.values();
    if (session === undefined) throw new Error('no session');
    session.replay = new Replay({ reads: 1, lostBytes: 0, answer: () => undefined });
    client.forget();
    await stage.failOver();
    expect(heard(client)).toBe('E08006');
    expect(client.closed).toBe(true);
    expect(stage.rig.pooler.sessions.size).toBe(0);
    expect(stage.counts).toEqual([0, 0, 1]);
  });

  test('reads that are lost once more hear of it, and so do those behind them', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    await asks(stage, client, query('SELECT 1'), query('SELECT 2'), query('DELETE FROM t'));
    await stage.kill();
    await stage.hold();
    stage.rig.server.answersAtFirst = false;
    await stage.promote();
    stage.rig.server.answersAtFirst = true;
    stage.at(TWO).crash();
    await stage.rig.settle();
    expect(heard(client)).toBe('E08006 ZI C(SELECT 0) ZI E08007 ZI');
  });

  test('a read that waits to run once more can be canceled; what was lost is still told', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    await asks(stage, client, query('SELECT 1'), query('DELETE FROM t'), query('SELECT 2'));
    await stage.kill();
    await stage.hold();
    await stage.rig.cancel(client);
    await stage.rig.settle();
    expect(heard(client)).toBe('E57014 ZI E08007 ZI');
    await stage.promote();
    expect(heard(client)).toBe('E57014 ZI E08007 ZI C(SELECT 0) ZI');
  });

  test('what was kept behind them goes on afterwards, in the transaction that failed', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, query('BEGIN'));
    stage.at(ONE).answers = false;
    // A setting changes: what follows waits for the end of it.
    await asks(stage, client, query('SET work_mem TO 1'), query('SELECT 1'), query('COMMIT'));
    expect(stage.at(ONE).queries).toEqual(['BEGIN', 'SET work_mem TO 1']);
    await stage.failOver();
    expect(heard(client)).toBe('E08006 ZE E25P02 ZE C(ROLLBACK) ZI');
  });

  test('the beginning of a header has come with them', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    stage.at(ONE).answers = false;
    const last = query('SELECT 3');
    await asks(stage, client, query('SELECT 1'), last.subarray(0, 3));
    await stage.failOver();
    expect(heard(client)).toBe('C(SELECT 0) ZI');
    expect(await asks(stage, client, last.subarray(3))).toBe('C(SELECT 0) ZI');
    expect(stage.at(TWO).queries).toEqual(['SELECT 1', 'SELECT 3']);
  });
});

describe('a driver that prepares, asks for an answer by Flush, and goes on', () => {
  const prepares = (sql: string) => [parse(sql, 's'), describeStatement('s'), flush()];
  const runs = () => [bound('s'), execute(), sync()];

  test.each(['SELECT a FROM t', 'INSERT INTO t VALUES (1)'])(
    '%s: lost before it goes on, it is prepared elsewhere, and the driver hears of nothing',
    async (sql) => {
      const stage = await Stage.open();
      const client = await stage.rig.client();
      expect(await asks(stage, client, ...prepares(sql))).toBe('1 n');
      await stage.failOver();
      expect(heard(client)).toBe('1 n');
      expect(await asks(stage, client, ...runs())).toBe('2 C(SELECT 0) ZI');
      expect(stage.at(TWO).ran.map((one) => one.sql)).toEqual([sql]);
      expect(stage.counts).toEqual([1, 0, 0]);
    },
  );

  test('a read that has gone on runs once more, without what was answered', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, ...prepares('SELECT a FROM t'));
    stage.at(ONE).answers = false;
    expect(await asks(stage, client, ...runs())).toBe('');
    await stage.failOver();
    expect(heard(client)).toBe('2 C(SELECT 0) ZI');
    expect(stage.counts).toEqual([0, 1, 0]);
  });

  test('a write that has gone on may have happened', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, ...prepares('INSERT INTO t VALUES (1)'));
    stage.at(ONE).answers = false;
    await asks(stage, client, ...runs());
    await stage.failOver();
    expect(heard(client)).toBe('E08007 ZI');
    expect(ranAt(stage, TWO)).toEqual([]);
  });

  test('a portal that it has been told of is lost', async () => {
    const stage = await Stage.open();
    const client = await stage.rig.client();
    await asks(stage, client, parse('SELECT a FROM t', 's'), bound('s'), flush());
    await stage.failOver();
    expect(heard(client)).toContain('E08006');
    expect(await asks(stage, client, execute(), sync())).toBe('ZI');
  });
});
