import { frontend, type RawClient, rowValues, waitFor } from '@pgweir/testkit';
import type { Client } from 'pg';
import {
  codeOf,
  SplitStage,
  serverOf,
  untilRawReadsAt,
  WHO,
  writesAndSees,
} from './support/split-stage';
import { errorIn, value } from './support/stage';

let stage: SplitStage;

beforeAll(async () => {
  stage = await SplitStage.open();
  await stage.primary.query(`
    CREATE FUNCTION setting(name text) RETURNS text LANGUAGE sql STABLE AS
      $$ SELECT current_setting(name, true) $$;
    CREATE SEQUENCE s; GRANT ALL ON s TO public;
    CREATE SCHEMA other; GRANT ALL ON SCHEMA other TO public;
    CREATE TABLE other.t AS SELECT 1 AS id, -1 AS a; GRANT ALL ON other.t TO public;
    CREATE ROLE reads; GRANT reads TO app`);
  await stage.replayed();
  await stage.start({ settings: { max_prepared_statements: 3 } });
});

afterAll(async () => {
  await stage?.clear();
  await stage?.close();
});
afterEach(() => stage.leave());

interface Answer {
  readonly port: number;
  readonly [column: string]: unknown;
}

/** The row of a read that names its server, when the replica has answered it. */
async function onReplica(client: Client, sql: string, values?: unknown[]): Promise<Answer> {
  return await waitFor(
    async () => {
      const [row] = (await client.query<Answer>(sql, values)).rows;
      return row?.port === stage.replica.port && row;
    },
    { what: `"${sql}" on the replica` },
  );
}

async function onPrimary(client: Client): Promise<void> {
  for (let i = 0; i < 3; i++) expect(await serverOf(client)).toBe(stage.primary.port);
}

describe('settings', () => {
  test.each([
    ["SET statement_timeout = '4321ms'", 'statement_timeout', '4321ms'],
    ["SET my.own = 'mine'", 'my.own', 'mine'],
    ["SELECT set_config('my.own', 'by function', false)", 'my.own', 'by function'],
    ["SET TIME ZONE 'Asia/Tokyo'", 'TimeZone', 'Asia/Tokyo'],
    ["BEGIN; SET work_mem = '5MB'; COMMIT", 'work_mem', '5MB'],
    ['SET ROLE reads', 'role', 'reads'],
    ["SET client_encoding = 'LATIN1'", 'client_encoding', 'LATIN1'],
    ["SET application_name = 'renamed'", 'application_name', 'renamed'],
  ])('%s is in force on the replica, and after RESET it is not', async (sql, name, expected) => {
    const [client, other] = [await stage.reader(), await stage.reader()];
    const read = `SELECT setting('${name}') AS value, whoami() AS port`;
    const { value: before } = await onReplica(client, read);
    await client.query(sql);
    expect(await onReplica(client, read)).toMatchObject({ value: expected });
    const seen = await onReplica(other, read);
    expect(seen.value ?? '').toBe(before ?? '');
    await client.query(`RESET ${name}`);
    expect((await onReplica(client, read)).value ?? '').toBe(before ?? '');
  });

  test('search_path says which table of the replica is read', async () => {
    const client = await stage.reader();
    const read = 'SELECT a, whoami() AS port FROM t WHERE id = 1';
    await onReplica(client, read);
    await client.query('SET search_path = other, public');
    expect(await onReplica(client, read)).toMatchObject({ a: -1 });
    await client.query('DISCARD ALL');
    expect((await onReplica(client, read)).a).not.toBe(-1);
  });

  test('SET LOCAL lasts for the READ ONLY transaction on the replica', async () => {
    const client = await stage.reader();
    await client.query('BEGIN READ ONLY');
    await client.query("SET LOCAL my.local = 'here'");
    await client.query('SAVEPOINT one');
    await client.query("SET LOCAL my.local = 'there'");
    const read = "SELECT setting('my.local') AS value, whoami() AS port";
    const at = stage.replica.port;
    expect((await client.query(read)).rows).toEqual([{ value: 'there', port: at }]);
    await client.query('ROLLBACK TO one');
    expect((await client.query(read)).rows).toEqual([{ value: 'here', port: at }]);
    await client.query('COMMIT');
    expect((await onReplica(client, read)).value ?? '').toBe('');
    expect((await client.query('SHOW transaction_read_only')).rows).toEqual([
      { transaction_read_only: 'off' },
    ]);
  });

  test('SET in a READ ONLY transaction on the replica holds on the primary, too', async () => {
    const client = await stage.reader();
    await client.query('BEGIN READ ONLY');
    await client.query("SET my.other = 'set there'");
    expect(await serverOf(client)).toBe(stage.replica.port);
    await client.query('COMMIT');
    await client.query('BEGIN');
    const read = "SELECT setting('my.other') AS value, whoami() AS port";
    const expected = { value: 'set there', port: stage.primary.port };
    expect((await client.query(read)).rows).toEqual([expected]);
    await client.query('COMMIT');
  });
});

test('a client that changes servers hears nothing of what they are', async () => {
  const client = await reads();
  client.forget();
  for (const sql of ['UPDATE t SET a = 3', WHO, 'BEGIN READ ONLY', WHO, 'COMMIT', WHO]) {
    await client.query(sql);
    if (sql.startsWith('UPDATE')) await untilRawReadsAt(client, stage.replica);
  }
  const news = client.messages.filter(({ tag }) => 'SNA'.includes(tag));
  expect(news.map(({ body }) => body.toString())).toEqual([]);
});

describe('transactions', () => {
  test.each([
    'BEGIN READ ONLY',
    'START TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ',
    'BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY',
  ])('%s runs on the replica to its end', async (begin) => {
    const client = await stage.reader();
    await client.query(begin);
    for (let i = 0; i < 3; i++) expect(await serverOf(client)).toBe(stage.replica.port);
    expect(await codeOf(client.query('UPDATE t SET a = 0'))).toBe('25006');
    expect(await codeOf(client.query(WHO))).toBe('25P02');
    await client.query('ROLLBACK');
    await writesAndSees(client, 5);
  });

  test.each([
    'BEGIN',
    'BEGIN; SET TRANSACTION READ ONLY',
    'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE',
  ])('%s runs on the primary', async (begin) => {
    const client = await stage.reader();
    await client.query(begin);
    await onPrimary(client);
    await client.query('COMMIT');
    await stage.untilReadsAt(client, stage.replica);
  });

  test('cursors in a READ ONLY transaction are on the replica, and gone with it', async () => {
    const client = await stage.reader();
    await client.query('BEGIN READ ONLY');
    await client.query('DECLARE c SCROLL CURSOR FOR SELECT n FROM generate_series(1, 10) AS s (n)');
    expect((await client.query('FETCH 2 FROM c')).rows).toEqual([{ n: 1 }, { n: 2 }]);
    await client.query('MOVE 5 IN c');
    expect((await client.query('FETCH BACKWARD 1 FROM c')).rows).toEqual([{ n: 6 }]);
    expect(await serverOf(client)).toBe(stage.replica.port);
    await client.query('COMMIT');
    expect(await codeOf(client.query('FETCH c'))).toBe('34000');
    await writesAndSees(client, 6);
  });

  test('a cursor WITH HOLD keeps its server until it is closed', async () => {
    const client = await stage.reader();
    await client.query('BEGIN READ ONLY');
    await client.query('DECLARE h CURSOR WITH HOLD FOR SELECT whoami() AS port');
    await client.query('COMMIT');
    expect((await client.query('FETCH h')).rows).toEqual([{ port: stage.replica.port }]);
    await client.query('CLOSE h');
    await writesAndSees(client, 7);
    await stage.untilReadsAt(client, stage.replica);
    await client.query('BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT whoami() AS port; COMMIT');
    await onPrimary(client);
    expect((await client.query('FETCH h')).rows).toEqual([{ port: stage.primary.port }]);
    await client.query('CLOSE ALL');
    await stage.untilReadsAt(client, stage.replica);
  });

  test('a portal is read in parts on the replica', async () => {
    const client = await reads();
    client.send(
      ...[frontend.query('BEGIN READ ONLY')],
      ...[frontend.parse('SELECT n, whoami() FROM generate_series(1, 5) AS s (n)')],
      ...[frontend.bind({ portal: 'p' }), frontend.execute(2, 'p'), frontend.sync()],
    );
    await client.until('Z');
    const first = await client.until('Z');
    expect(first.map(({ tag }) => tag).join('')).toBe('12DDsZ');
    client.send(frontend.execute(0, 'p'), frontend.sync(), frontend.query('COMMIT'));
    const second = await client.until('Z');
    expect(second.map(({ tag }) => tag).join('')).toBe('DDDCZ');
    const row = second.find(({ tag }) => tag === 'D');
    expect(row && rowValues(row)).toEqual(['3', `${stage.replica.port}`]);
    await client.until('Z');
  });
});

/** A client by hand that reads from the replica. */
async function reads(): Promise<RawClient> {
  const { client } = await stage.enterRaw();
  await untilRawReadsAt(client, stage.replica);
  return client;
}

test('who listens hears what others say, and reads from the replica', async () => {
  const [listener, speaker] = [await stage.reader(), await stage.reader()];
  const heard: (string | undefined)[] = [];
  listener.on('notification', ({ payload }) => heard.push(payload));
  await listener.query('LISTEN news');
  await stage.untilReadsAt(listener, stage.replica);
  await speaker.query("NOTIFY news, 'one'");
  await waitFor(() => heard.length === 1, { what: 'the first word' });
  await listener.query('BEGIN READ ONLY');
  expect(await serverOf(listener)).toBe(stage.replica.port);
  await speaker.query("SELECT pg_notify('news', 'two')");
  await listener.query('COMMIT');
  await waitFor(() => heard.length === 2, { what: 'the second word' });
  await listener.query("NOTIFY news, 'own'");
  await waitFor(() => heard.length === 3, { what: 'its own word' });
  expect(heard).toEqual(['one', 'two', 'own']);
  await listener.query('UNLISTEN *');
  await stage.untilReadsAt(listener, stage.replica);
});

describe('prepared statements', () => {
  const READ = 'SELECT $1::int AS given, whoami() AS port';

  test('of the protocol: the same name on both servers, more than a link keeps', async () => {
    const [client, other] = [await stage.reader(), await stage.reader()];
    const read = async (each: Client, name: string, given: number) =>
      (await each.query<Answer>({ name, text: `${READ}, '${name}' AS name`, values: [given] }))
        .rows[0];
    const names = ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7'];
    for (let turn = 0; turn < 3; turn++)
      for (const [at, name] of names.entries())
        for (const each of [client, other]) {
          const row = await read(each, name, at);
          expect(row).toMatchObject({ given: at, name });
          if (turn > 0) expect(row?.port).toBe(stage.replica.port);
        }
    await client.query('BEGIN');
    for (const [at, name] of names.entries())
      expect(await read(client, name, at)).toEqual({
        ...{ given: at, name, port: stage.primary.port },
      });
    await client.query('COMMIT');
    const write = { name: 'w', text: 'UPDATE t SET a = $1::int WHERE id = 1', values: [77] };
    await client.query(write);
    expect((await client.query('SELECT a FROM t WHERE id = 1')).rows).toEqual([{ a: 77 }]);
    await client.query({ ...write, values: [78] });
    expect((await client.query('SELECT a FROM t WHERE id = 1')).rows).toEqual([{ a: 78 }]);
    for (const [at, name] of names.entries())
      expect(await read(client, name, at)).toMatchObject({ given: at, name });
  });

  test.each([
    ['DEALLOCATE ALL', '26000'],
    ['DISCARD ALL', '26000'],
    ['DEALLOCATE p', '26000'],
  ])('%s is in force on both servers', async (sql, code) => {
    const client = await reads();
    client.send(frontend.parse(READ, 'p', [23]), frontend.sync());
    await client.until('Z');
    const use = async (): Promise<string> => {
      const parts = [frontend.bind({ statement: 'p', values: ['1'] }), frontend.execute()];
      client.send(...parts, frontend.sync());
      const messages = await client.until('Z');
      const row = messages.find(({ tag }) => tag === 'D');
      return errorIn(messages)?.C ?? (row && rowValues(row)[1]) ?? 'none';
    };
    await waitFor(async () => (await use()) === `${stage.replica.port}`, {
      what: 'the statement on the replica',
    });
    await client.query('BEGIN');
    expect(await use()).toBe(`${stage.primary.port}`);
    await client.query('COMMIT');
    expect(errorIn(await client.query(sql))).toBeUndefined();
    expect(await use()).toBe(code);
    await client.query('BEGIN READ ONLY');
    expect(await use()).toBe(code);
    await client.query('ROLLBACK');
    client.send(frontend.parse('SELECT 42', 'p'), frontend.sync());
    expect(errorIn(await client.until('Z'))).toBeUndefined();
    client.send(frontend.bind({ statement: 'p' }), frontend.execute(), frontend.sync());
    expect(value(await client.until('Z'))).toBe('42');
    client.send(frontend.close('S', 'p'), frontend.sync());
    await client.until('3');
    await client.until('Z');
    expect(await use()).toBe(code);
  });

  test('of SQL: PREPARE keeps the client where it was made until it is gone', async () => {
    const client = await stage.reader();
    await client.query(`PREPARE q (int) AS ${READ}`);
    for (let i = 0; i < 3; i++)
      expect((await client.query('EXECUTE q (3)')).rows).toEqual([
        { given: 3, port: stage.primary.port },
      ]);
    await onPrimary(client);
    await client.query('BEGIN READ ONLY');
    expect((await client.query('EXECUTE q (4)')).rows).toMatchObject([{ given: 4 }]);
    await client.query('COMMIT');
    await client.query('DISCARD ALL');
    expect(await codeOf(client.query('EXECUTE q (5)'))).toBe('26000');
    await stage.untilReadsAt(client, stage.replica);
    await client.query('BEGIN READ ONLY; PREPARE q AS SELECT whoami() AS port; COMMIT');
    expect((await client.query('EXECUTE q')).rows).toHaveLength(1);
    await client.query('DEALLOCATE q');
    await writesAndSees(client, 8);
  });

  test('of the protocol: EXECUTE of SQL knows them on both servers', async () => {
    const client = await stage.reader();
    const given = { name: 'known', text: READ, values: [1] };
    await waitFor(
      async () => (await client.query<Answer>(given)).rows[0]?.port === stage.replica.port,
      { what: 'the statement on the replica' },
    );
    await client.query('BEGIN READ ONLY');
    const [there] = (await client.query('EXECUTE known (2)')).rows;
    expect(there).toEqual({ given: 2, port: stage.replica.port });
    await client.query('COMMIT');
    const [here] = (await client.query('EXECUTE known (3)')).rows;
    expect(here).toEqual({ given: 3, port: stage.primary.port });
    expect((await client.query(given)).rows).toMatchObject([{ given: 1 }]);
  });

  test('a table that changes under a prepared read answers as PostgreSQL does, on whichever server', async () => {
    const client = await stage.reader();
    await client.query('CREATE TABLE changing AS SELECT 1 AS a');
    const read = { name: 'changing', text: 'SELECT *, whoami() AS port FROM changing', values: [] };
    await waitFor(
      async () => (await client.query<Answer>(read)).rows[0]?.port === stage.replica.port,
      { what: 'the new table on the replica' },
    );
    await client.query('ALTER TABLE changing ADD COLUMN b int DEFAULT 2');
    await stage.replayed();
    for (let i = 0; i < 30; i++) {
      const answer = await client
        .query<Answer>(read)
        .catch((error: { code: string }) => error.code);
      // What it refuses is the driver's to prepare anew.
      if (answer !== '0A000' && typeof answer !== 'string')
        expect(answer.rows).toMatchObject([{ a: 1, b: 2 }]);
      else expect(answer).toBe('0A000');
    }
    await client.query('DROP TABLE changing');
  });
});

describe('what keeps a client on the primary', () => {
  test.each([
    ['CREATE TEMP TABLE mine AS SELECT 9 AS a', 'SELECT a FROM mine', 'DROP TABLE mine'],
    [
      'SELECT pg_advisory_lock(7)',
      'SELECT 9 AS a FROM t WHERE id = 1',
      'SELECT pg_advisory_unlock(7)',
    ],
  ])('%s', async (begin, read, end) => {
    const client = await stage.reader();
    await client.query(begin);
    for (let i = 0; i < 3; i++) {
      expect((await client.query(read)).rows).toEqual([{ a: 9 }]);
      await onPrimary(client);
    }
    await client.query(end);
    await stage.untilReadsAt(client, stage.replica);
  });

  test('the last value of a sequence is of the primary, and its own', async () => {
    const [client, other] = [await stage.reader(), await stage.reader()];
    const next = async (each: Client) =>
      (await each.query<{ n: string }>("SELECT nextval('s') AS n")).rows[0]?.n;
    for (let i = 0; i < 5; i++) {
      const mine = await next(client);
      await serverOf(client);
      await next(other);
      const { rows } = await client.query("SELECT currval('s') AS cur, lastval() AS last");
      expect(rows).toEqual([{ cur: mine, last: mine }]);
    }
  });
});
