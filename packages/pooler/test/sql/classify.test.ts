import { PARSED_CHARS_MAX, SqlKnowledge } from '../../src/sql/classify';
import { type Effects, NO_EFFECTS } from '../../src/sql/effects';
import { type Grammar, loadGrammar } from '../../src/sql/grammar';
import { LOOK_CODE, Mark } from '../../src/sql/marks';

let grammar: Grammar;
let knowledge: SqlKnowledge;

beforeAll(async () => {
  grammar = await loadGrammar();
  knowledge = new SqlKnowledge(grammar);
});

/** The effects expected of a text: those that are not named are none. */
type Expected = readonly [text: string, effects: Partial<Effects>];

function expectEffects(text: string, effects: Partial<Effects>): void {
  expect(knowledge.effectsOf(text)).toEqual({ ...NO_EFFECTS, ...effects });
}

const settings = (...names: string[]): Partial<Effects> => ({
  marks: Mark.Settings,
  settings: names,
});

describe('settings', () => {
  test.each<Expected>([
    ['SET x = 1', settings('x')],
    ['set SESSION Search_Path TO a, b', settings('search_path')],
    ['SET "TimeZone" = \'UTC\'', settings('timezone')],
    ['SET my.Setting = 1', settings('my.setting')],
    ["SET TIME ZONE 'UTC'", settings('timezone')],
    ["SET NAMES 'utf8'", settings('client_encoding')],
    ["SET SCHEMA 'a'", settings('search_path')],
    ['SET XML OPTION DOCUMENT', settings('xmloption')],
    ['SET x FROM CURRENT', settings('x')],
    ['SET ROLE a', settings('role')],
    ['SET SESSION ROLE NONE', settings('role')],
    ['SET SESSION AUTHORIZATION a', settings('session_authorization', 'role')],
    [
      'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE',
      settings('default_transaction_read_only', 'default_transaction_isolation'),
    ],
    ['SET a = 1; SELECT 1; SET b = 2; SET a = 3', settings('a', 'b')],
    ['BEGIN; SET a = 1; ROLLBACK', settings('a')],
    ['SET seed = 0.5', { marks: Mark.Seed }],
    ['RESET x', { marks: Mark.Settings, resets: ['x'] }],
    ['RESET ROLE', { marks: Mark.Settings, resets: ['role'] }],
    ['RESET TIME ZONE', { marks: Mark.Settings, resets: ['timezone'] }],
    ['SET x TO DEFAULT', { marks: Mark.Settings, resets: ['x'] }],
    ['SET TIME ZONE LOCAL', { marks: Mark.Settings, resets: ['timezone'] }],
    [
      'RESET SESSION AUTHORIZATION',
      { marks: Mark.Settings, resets: ['session_authorization', 'role'] },
    ],
    ['RESET ALL', { marks: Mark.Settings, resets: 'all' }],
  ])('%s', (text, effects) => expectEffects(text, effects));

  test.each<Expected>([
    ['SET LOCAL x = 1', { localSettings: ['x'] }],
    ['SET LOCAL x TO DEFAULT', { localSettings: ['x'] }],
    ['SET LOCAL ROLE a', { localSettings: ['role'] }],
    ['SET TRANSACTION READ ONLY', { localSettings: ['transaction_read_only'] }],
    ['SET transaction_isolation = serializable', { localSettings: ['transaction_isolation'] }],
    ["SET TRANSACTION SNAPSHOT 'a'", {}],
    ['SET CONSTRAINTS ALL DEFERRED', {}],
    ['ALTER ROLE a SET x = 1', {}],
    ['ALTER DATABASE a SET x = 1; SELECT 1', {}],
    ['SELECT 1; ALTER SYSTEM SET x = 1', {}],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql SET x = 1 AS $$ SELECT 1 $$', {}],
    ['SHOW x', {}],
  ])('nothing that outlives the transaction: %s', (text, effects) => expectEffects(text, effects));
});

describe('set_config', () => {
  test.each<Expected>([
    ["SELECT set_config('A', 'b', false)", settings('a')],
    ["SELECT set_config('a'::text, 'b', $1)", settings('a')],
    ["SELECT set_config('a', 'b', is_local) FROM t", settings('a')],
    ["SELECT set_config('seed', '1', false)", { marks: Mark.Seed }],
    ["SELECT set_config('role', 'a', false)", settings('role')],
    ["SELECT set_config(setting_name => 'a', new_value => 'b', is_local => false)", settings('a')],
    ["SELECT set_config('a', 'b', true)", { localSettings: ['a'] }],
    ['SELECT set_config($1, $2, true)', {}],
    ['SELECT set_config($1, $2, false)', { marks: Mark.Settings, settingParameters: [1] }],
    [
      'SELECT set_config($3::text, $1, $2), set_config($1, $1, false)',
      { marks: Mark.Settings, settingParameters: [3, 1] },
    ],
    ['SELECT set_config(name, x, false) FROM t', { marks: Mark.Settings | Mark.UnknownSettings }],
    [
      "SELECT set_config('a' || 'b', x, false) FROM t",
      { marks: Mark.Settings | Mark.UnknownSettings },
    ],
  ])('%s', (text, effects) => {
    const { settings: names, settingParameters: numbers } = knowledge.effectsOf(text);
    expectEffects(text, {
      ...effects,
      settings: effects.settings === undefined ? [] : names,
      settingParameters: effects.settingParameters === undefined ? [] : numbers,
    });
    expect([...names].sort()).toEqual([...(effects.settings ?? [])].sort());
    expect([...numbers].sort()).toEqual([...(effects.settingParameters ?? [])].sort());
  });

  test.each([
    "WITH x AS (SELECT set_config('a', 'b', false)) SELECT 1",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM set_config('a', 'b', false))",
    "INSERT INTO t VALUES (set_config('a', 'b', false))",
    "UPDATE t SET a = set_config('a', 'b', false)",
    "EXPLAIN ANALYZE SELECT set_config('a', 'b', false)",
    "COPY (SELECT set_config('a', 'b', false)) TO STDOUT",
    "CREATE TABLE t AS SELECT set_config('a', 'b', false)",
    "CALL p(set_config('a', 'b', false))",
    "VALUES (set_config('a', 'b', false))",
    "SELECT CASE WHEN true THEN (ARRAY[set_config('a', 'b', false)])[1] END",
    "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = set_config('a', 'b', false)",
    "SELECT U&\"\\0073et_config\"('a', 'b', false)",
    "select PG_CATALOG/**/.\"set_config\"('a', 'b', false)",
  ])('is found in %s', (text) => {
    const { marks, settings: names } = knowledge.effectsOf(text);
    expect(names).toEqual(['a']);
    expect(marks & Mark.Settings).toBe(Mark.Settings);
  });
});

describe('objects, locks and cursors', () => {
  test.each<readonly [string, number]>([
    ['CREATE TEMP TABLE t (a int)', Mark.TempObjects],
    ['CREATE TEMPORARY TABLE IF NOT EXISTS t AS SELECT 1', Mark.TempObjects],
    ['CREATE TEMP VIEW v AS SELECT 1', Mark.TempObjects],
    ['CREATE TEMP SEQUENCE s', Mark.TempObjects],
    ['SELECT 1 INTO TEMP t', Mark.TempObjects],
    ['SELECT 1 INTO LOCAL TEMPORARY TABLE t', Mark.TempObjects],
    ['EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1', Mark.TempObjects],
    ['CREATE TABLE pg_temp.t (a int)', Mark.TempObjects],
    ['CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$', Mark.TempObjects],
    ['CREATE TYPE pg_temp.x AS (a int)', Mark.TempObjects],
    ['SELECT pg_temp.f()', Mark.TempObjects],
    ['SELECT * FROM "pg_temp_7".t', Mark.TempObjects],
    ['SELECT pg_advisory_lock(1)', Mark.AdvisoryLocks],
    ['SELECT pg_try_advisory_lock(a, b) FROM t', Mark.AdvisoryLocks],
    ['SELECT pg_advisory_unlock_shared(1)', Mark.AdvisoryLocks],
    ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', Mark.HeldCursors],
    ['DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1', Mark.HeldCursors],
    ["LOAD 'a'", Mark.Load],
    ["SELECT dblink_connect('a', 'b')", Mark.Load],
    ["SELECT nextval('s')", Mark.SequenceSet],
    ["ALTER TABLE t ADD b int DEFAULT nextval('s')", Mark.SequenceSet],
    ["SELECT currval('s'), lastval()", Mark.SequenceRead],
    ['SELECT setseed(0.5)', Mark.Seed],
    ['LISTEN "A"', Mark.Listen],
    ["NOTIFY a, 'b'", Mark.Notify],
    ["SELECT pg_notify('a', 'b')", Mark.Notify],
    ['DROP TABLE t', Mark.Releases],
    ['CLOSE c; SELECT set_config(NULL, NULL, true)', Mark.Releases],
    ['DISCARD PLANS', Mark.Discard],
    ['DISCARD TEMP', Mark.Discard],
  ])('%s', (text, marks) => {
    expect(knowledge.effectsOf(text).marks).toBe(marks);
  });

  test.each([
    "CREATE TABLE t (a int DEFAULT nextval('s'))",
    "CREATE VIEW v AS SELECT nextval('s')",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT nextval('s'); END",
    "CREATE RULE r AS ON INSERT TO t DO ALSO SELECT nextval('s')",
    'CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION set_config(a, b)',
    'INSERT INTO temp VALUES (1)',
    'SELECT a AS hold FROM temp',
    'SELECT listen, load, set FROM e, u',
    'GRANT EXECUTE ON FUNCTION f TO a',
    'DECLARE c CURSOR FOR SELECT 1',
    'SELECT "Set_Config"(1)',
  ])('a definition or another name is nothing: %s', (text) => {
    expect(knowledge.effectsOf(text)).toEqual(NO_EFFECTS);
  });

  test.each<Expected>([
    ['UNLISTEN a', { marks: Mark.Unlisten, unlistens: ['a'] }],
    ['UNLISTEN "A"; UNLISTEN b', { marks: Mark.Unlisten, unlistens: ['A', 'b'] }],
    ['UNLISTEN *', { marks: Mark.Unlisten, unlistens: 'all' }],
    [
      'DISCARD ALL',
      {
        marks: Mark.Discard | Mark.SqlPrepared | Mark.Settings | Mark.Unlisten,
        resets: 'all',
        unlistens: 'all',
      },
    ],
  ])('%s', (text, effects) => expectEffects(text, effects));
});

describe('PREPARE and the like', () => {
  test.each<Expected>([
    ['PREPARE p AS SELECT 1', { prepares: ['p'] }],
    ['PREPARE "P" AS SELECT 1; PREPARE q AS SELECT 2', { prepares: ['P', 'q'] }],
    ['EXECUTE p(1)', { executes: ['p'] }],
    ['CREATE TABLE t AS EXECUTE p', { executes: ['p'] }],
    ['EXPLAIN EXECUTE p', { executes: ['p'] }],
    ['PREPARE p AS SELECT 1; EXECUTE p', { prepares: ['p'], executes: ['p'] }],
  ])('names of statements: %s', (text, effects) => {
    expectEffects(text, { marks: Mark.SqlPrepared, ...effects });
  });

  test.each([
    'SELECT 1; DEALLOCATE p',
    'SELECT * FROM pg_prepared_statements',
    'SELECT * FROM pg_catalog.pg_prepared_statement()',
    'COPY pg_prepared_statements TO STDOUT',
  ])('%s', (text) => {
    expectEffects(text, { marks: Mark.SqlPrepared });
  });

  test.each<Expected>([
    ['DEALLOCATE p', { deallocates: { name: 'p' } }],
    ['deallocate prepare "P"; ', { deallocates: { name: 'P' } }],
    ['/* a */ DEALLOCATE "all"', { deallocates: { name: 'all' } }],
    ['DEALLOCATE ALL', { deallocates: 'all' }],
    ['DEALLOCATE PREPARE ALL;', { deallocates: 'all' }],
  ])('a text that is one DEALLOCATE: %s', (text, effects) => {
    expectEffects(text, { marks: Mark.SqlPrepared, ...effects });
  });

  test('what is prepared has its effects too, because EXECUTE does not show them', () => {
    expectEffects("PREPARE p AS SELECT set_config('a', 'b', false)", {
      marks: Mark.SqlPrepared | Mark.Settings,
      settings: ['a'],
      prepares: ['p'],
    });
  });
});

describe('the end of a failed transaction', () => {
  test.each([
    'COMMIT',
    'end',
    'ROLLBACK;',
    ' /* a */ abort',
    'ROLLBACK TO SAVEPOINT a',
    'COMMIT AND CHAIN',
    "PREPARE TRANSACTION 'a'",
  ])('%s', (text) => {
    expectEffects(text, { exitsTransaction: true });
  });

  test.each([
    ['ROLLBACK; SET x = 1', 10],
    [" /* é; */ END ;; SET x = 1; SELECT ';'", 18],
    ['COMMIT AND CHAIN;SET x = 1', 17],
    ['SELECT 1; ROLLBACK; SET x = 1', 0],
    ['ROLLBACK;', 0],
  ])('what stands behind it begins at its place in bytes: %s', (text, restAt) => {
    expect(knowledge.effectsOf(text).restAt).toBe(restAt);
  });

  test.each([
    'COMMIT; SELECT 1',
    "COMMIT PREPARED 'a'",
    "ROLLBACK PREPARED 'a'",
    'RELEASE a',
    'BEGIN',
  ])('is not %s', (text) => {
    expect(knowledge.effectsOf(text)).toEqual(NO_EFFECTS);
  });
});

describe('literals that mean the time of the parse', () => {
  test.each([
    "SELECT 'now'::timestamptz",
    "SELECT ' NOW '::date",
    "SELECT date 'today'",
    "SELECT 'tomorrow 10:00 Asia/Tokyo'",
    "SELECT '10:00 yesterday'",
    "SELECT cast('yesterday' AS date)",
    "SELECT * FROM t WHERE a > 'today'",
    "SELECT E'\\156ow'",
    "SELECT U&'\\006eow'",
    "SELECT 'to'\n'day'",
    'SELECT $$now$$',
  ])('%s', (text) => {
    expectEffects(text, { marks: Mark.ParseTime });
  });

  test.each([
    "SELECT 'nowhere'",
    "SELECT 'we will do this tomorrow, or not at all'",
    "SELECT 'now (or never)'",
    `SELECT '${'x '.repeat(40)}now'`,
    'SELECT now(), today FROM now',
  ])('not %s', (text) => {
    expect(knowledge.effectsOf(text)).toEqual(NO_EFFECTS);
  });
});

describe('code in literals', () => {
  test.each<Expected>([
    ['DO $$ BEGIN SET a = 1; END $$', settings('a')],
    ["DO 'BEGIN IF true THEN SET a TO ''x''; ELSE SET b = 1; END IF; END'", settings('a', 'b')],
    [
      'DO $$ <<l>> BEGIN SET TIME ZONE 1; SET SESSION AUTHORIZATION x; END $$',
      settings('timezone', 'session_authorization', 'role'),
    ],
    ['DO $$ DECLARE x int; BEGIN SET LOCAL a = 1; END $$', { localSettings: ['a'] }],
    ["DO $$ BEGIN PERFORM set_config('A', x, false); END $$", settings('a')],
    ["DO $$ BEGIN EXECUTE 'SET a = 1'; END $$", settings('a')],
    ["DO $$ BEGIN EXECUTE $x$ DO 'BEGIN SET a = 1; END' $x$; END $$", settings('a')],
    [
      "DO LANGUAGE plpython3u $$ plpy.execute('SET a = 1') $$",
      { marks: Mark.Settings | Mark.UnknownSettings, settings: ['a'] },
    ],
    ['DO $$ BEGIN RESET ALL; END $$', { marks: Mark.Settings, resets: 'all' }],
    ['DO $$ BEGIN UPDATE t SET a = 1; /* SET b = 1 */ END $$', {}],
    ['DO $$ BEGIN ALTER TABLE t ALTER a SET DEFAULT 1; END $$', {}],
    ['DO $$ BEGIN CREATE TEMP TABLE t (a int); END $$', { marks: Mark.TempObjects }],
    ['DO $$ BEGIN PERFORM pg_advisory_lock(1); END $$', { marks: Mark.AdvisoryLocks }],
    ["DO $$ BEGIN PERFORM nextval('s'); END $$", { marks: Mark.SequenceSet }],
    ['DO $$ BEGIN LISTEN a; NOTIFY b; END $$', { marks: Mark.Listen | Mark.Notify }],
    ["DO $$ BEGIN DROP TABLE t; RAISE NOTICE 'x'; END $$", { marks: Mark.Releases }],
    ["SELECT query_to_xml('SET a = 1', true, true, '')", settings('a')],
  ])('%s', (text, effects) => expectEffects(text, effects));

  test.each([
    'DO $$ BEGIN EXECUTE x; END $$',
    "DO $$ BEGIN EXECUTE 'SET ' || x; END $$",
    "DO $$ BEGIN EXECUTE format('SET a = %L', x); END $$",
    'DO $$ BEGIN PERFORM set_config(x, y, false); END $$',
    "SELECT query_to_xml(x, true, true, '') FROM t",
    `DO $$ ${'SET a = 1; '.repeat(200)} $$`,
    `DO $a$ DO $b$ DO $c$ DO $d$ DO $e$ SET a = 1 $e$ $d$ $c$ $b$ $a$`,
  ])('what cannot be told: %s', (text) => {
    const { marks } = knowledge.effectsOf(text);
    expect(marks & (Mark.Settings | Mark.UnknownSettings)).toBe(
      Mark.Settings | Mark.UnknownSettings,
    );
  });
});

describe('what the grammar does not know', () => {
  test('a statement of a newer PostgreSQL has all effects that its words can have', () => {
    expectEffects('SET x = 1 SOMEHOW; LISTEN a', {
      marks: Mark.Settings | Mark.UnknownSettings | Mark.Listen,
    });
  });

  test('a long text is not parsed', () => {
    const text = `SET x = 1; SELECT '${'a'.repeat(PARSED_CHARS_MAX)}'`;
    expectEffects(text, { marks: Mark.Settings | Mark.UnknownSettings });
  });

  test('a long text without words that count has no effects', () => {
    expect(knowledge.effectsOf(`SELECT '${'a'.repeat(1_000_000)}'`)).toBe(NO_EFFECTS);
  });

  test('a text that means another one to another session has the effects of both', () => {
    expectEffects("SET a = 'x\\'; SET b = ''; --'", {
      marks: Mark.Settings | Mark.UnknownSettings,
      settings: ['a', 'b'],
    });
  });

  test('code of which only the words are known may do anything to settings', () => {
    const effects = knowledge.effectsOfLook(LOOK_CODE | Mark.Listen);
    expect(effects.marks).toBe(Mark.Listen | Mark.Settings | Mark.UnknownSettings);
    expect(knowledge.effectsOfLook(0)).toBe(NO_EFFECTS);
  });

  test.each([
    `SET x = 1; SELECT ${'('.repeat(4000)}1${')'.repeat(4000)}`,
    `SET x = 1; SELECT ${'(SELECT '.repeat(890)}1${')'.repeat(890)}`,
    `SET x = 1; SELECT ${'1+'.repeat(4000)}1`,
    `SET x = 1; SELECT ${'NOT '.repeat(2000)}true`,
    `SET x = 1; SELECT 1${' UNION SELECT 1'.repeat(530)}`,
  ])('deep nesting keeps the effects: %#', async (text) => {
    expect(knowledge.effectsOf(text).marks & Mark.Settings).toBe(Mark.Settings);
    await untilReady();
    expectEffects('SET y = 1', settings('y'));
  });

  async function untilReady(): Promise<void> {
    while (!grammar.ready) await new Promise((resolve) => setImmediate(resolve));
  }
});

test('100,000 texts are remembered within bounds', () => {
  const own = new SqlKnowledge(grammar, { textsMax: 100, bytesMax: 30_000 });
  for (let index = 0; index < 100_000; index++) {
    own.effectsOf(index % 100 === 0 ? `LISTEN a${index}` : `DROP TABLE a${index}`);
  }
  expect(own.remembered.size).toBeLessThanOrEqual(100);
  expect(own.remembered.bytes).toBeLessThanOrEqual(30_000);
});
