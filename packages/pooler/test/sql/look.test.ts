import * as fc from 'fast-check';
import { look } from '../../src/sql/look';
import {
  EVERY_MARK,
  LOOK_CLOSER,
  LOOK_CODE,
  LOOK_EXITS,
  LOOK_UNSURE,
  Mark,
} from '../../src/sql/marks';
import { lookAt, lookInPieces, mixedTexts } from './texts';

describe('what the look leaves alone', () => {
  test.each([
    '',
    ' ',
    ';',
    'SELECT abalance FROM pgbench_accounts WHERE aid = 12345;',
    'UPDATE t SET a = 1 WHERE b = 2',
    'INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = excluded.a',
    'BEGIN',
    'START TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'SAVEPOINT a',
    'SELECT 1; SELECT 2; UPDATE t SET a = 1',
    "SELECT 'set_config', 'SET x = 1; LISTEN a', 'nextval(''s'')'",
    'SELECT $$ nextval $$, $a$ ; SET x = 1 $$ ; SET y $a$',
    '/* SET x = 1 */ SELECT 1 -- ; SET x = 1',
    '/* a /* nested */ ; SET x = 1 */ SELECT 1',
    'SELECT "a;SET x = 1", "a""; SET x = 1"',
    "SELECT E'a\\'; SET x = 1;'",
    'SELECT temp, hold, load, listen, set, reset FROM temperature',
    'WITH hold_it AS (SELECT 1) SELECT * FROM hold_it',
    'DECLARE c CURSOR FOR SELECT 1',
    'SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(1)',
    'SELECT pg_temperature.x, my_pg_temp.y, pg_temp_x.z, nextvalue, xnextval',
    'SELECT now(), today, tomorrow FROM yesterday',
    "SELECT 'nowhere', 'know', 'a_now'",
    'SELECT $1, $2, $10a',
    "SELECT 'C:\\dir\\', 'x'",
    'ALTER TABLE t SET SCHEMA x',
    'ALTER ROLE a SET x = 1',
    'GRANT SELECT ON t TO x WITH GRANT OPTION',
    'FETCH ALL FROM c',
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT nextval(''s'')'",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT set_config('a', 'b', false) $$",
    'SELECT a - b / c * d & e | f',
    'é SET x',
  ])('%s', (text) => {
    expect(lookAt(text)).toBe(0);
  });
});

describe('what the look finds', () => {
  test.each<readonly [string, number]>([
    ['SET x = 1', Mark.Settings],
    ['  \n\tset x = 1', Mark.Settings],
    [';;SET x = 1', Mark.Settings],
    ['/* a */ -- b\n /* c /* d */ */ SeT x = 1', Mark.Settings],
    ['SELECT 1; SET x = 1', Mark.Settings],
    ["SELECT ';' /* ; */;RESET ALL", Mark.Settings],
    ["SELECT 'a''b'; SET x = 1", Mark.Settings],
    ["SELECT E'a\\\\'; SET x = 1", Mark.Settings],
    ["SELECT e'a\\''; SET x = 1", Mark.Settings],
    ['SELECT $a$ $b$ $a $a$; SET x = 1 --$a$', Mark.Settings],
    ['SELECT $$a$$; SET x = 1', Mark.Settings],
    ['SELECT $1; SET x = 1 --$1', Mark.Settings],
    ["SELECT set_config('a', 'b', false)", Mark.Settings],
    ["SELECT pg_catalog.SET_CONFIG('a', 'b', false)", Mark.Settings],
    ['SELECT "set_config"(a, b, c)', Mark.Settings],
    ['SELECT pg_catalog . "set_config" (a, b, c)', Mark.Settings],
    ['SELECT a$b, set_config(a, b, c)', Mark.Settings],
    ['SELECT 1set_config(a, b, c)', Mark.Settings],
    ['SELECT (set_config(a, b, c))', Mark.Settings],
    ['SELECT a-set_config(a, b, c)', Mark.Settings],
    ['SELECT a/set_config(a, b, c)', Mark.Settings],
    ["WITH a AS (SELECT nextval('s')) SELECT 1", Mark.SequenceSet],
    ["SELECT setval('s', 1)", Mark.SequenceSet],
    ["SELECT currval('s')", Mark.SequenceRead],
    ['SELECT lastval()', Mark.SequenceRead],
    ['SELECT setseed(0.5)', Mark.Seed],
    ['SELECT pg_advisory_lock(1)', Mark.AdvisoryLocks],
    ['SELECT pg_try_advisory_lock_shared(1)', Mark.AdvisoryLocks],
    ['SELECT pg_advisory_unlock_all()', Mark.AdvisoryLocks],
    ['CREATE TEMP TABLE t (a int)', Mark.TempObjects],
    ['CREATE OR REPLACE /* x */ TEMPORARY VIEW v AS SELECT 1', Mark.TempObjects],
    ['CREATE LOCAL TEMP TABLE t (a int)', Mark.TempObjects],
    ['CREATE GLOBAL TEMPORARY TABLE t (a int)', Mark.TempObjects],
    ['SELECT 1 INTO TEMP t', Mark.TempObjects],
    ['SELECT 1into temp t', Mark.TempObjects],
    ['CREATE TABLE pg_temp.t (a int)', Mark.TempObjects],
    ['CREATE TABLE "pg_temp".t (a int)', Mark.TempObjects],
    ['CREATE TABLE pg_temp_3.t (a int)', Mark.TempObjects],
    ['CREATE TABLE pg_temp_4711.t (a int)', Mark.TempObjects],
    ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', Mark.HeldCursors],
    ['declare c cursor with -- x\n hold for select 1', Mark.HeldCursors],
    ['PREPARE p AS SELECT 1', Mark.SqlPrepared],
    ['EXECUTE p', Mark.SqlPrepared],
    ['CREATE TABLE t AS EXECUTE p', Mark.SqlPrepared],
    ['EXPLAIN ANALYZE EXECUTE p', Mark.SqlPrepared],
    ['DEALLOCATE ALL', Mark.SqlPrepared],
    ['TABLE pg_prepared_statements', Mark.SqlPrepared],
    ["LOAD 'auto_explain'", Mark.Load],
    ["SELECT dblink_connect('a', 'b')", Mark.Load],
    ['LISTEN a', Mark.Listen],
    ['UNLISTEN *', Mark.Unlisten],
    ['NOTIFY a', Mark.Notify],
    ["SELECT pg_notify('a', 'b')", Mark.Notify],
    ["SELECT 'now'::timestamptz", Mark.ParseTime],
    ["SELECT timestamp ' TODAY 10:00'", Mark.ParseTime],
    ['SELECT $$tomorrow$$::date', Mark.ParseTime],
    ["SELECT E'yesterday'::date", Mark.ParseTime],
    ["SELECT E'\\x6eow'::date", Mark.ParseTime],
    ["SELECT 'no'\n'w'::date", Mark.ParseTime],
    ["SELECT U&'\\006eow'::date", Mark.ParseTime],
  ])('%s', (text, mark) => {
    expect(lookAt(text)).toBe(mark | LOOK_CLOSER);
  });

  test('DISCARD stands for all that it may take away', () => {
    const marks = Mark.Discard | Mark.Settings | Mark.Unlisten | Mark.SqlPrepared;
    expect(lookAt('DISCARD ALL')).toBe(marks | LOOK_CLOSER);
  });

  test('DROP and CLOSE alone are not worth the grammar', () => {
    expect(lookAt('DROP TABLE t')).toBe(Mark.Releases);
    expect(lookAt('CLOSE ALL')).toBe(Mark.Releases);
  });

  test.each(['COMMIT', 'end;', 'ROLLBACK', 'ABORT WORK', 'rollback to a'])(
    'the end of a transaction is told apart, and not worth the grammar: %s',
    (text) => {
      expect(lookAt(text)).toBe(LOOK_EXITS);
    },
  );

  test('a word of another alphabet does not hide what follows', () => {
    expect(lookAt('SELECT é, nextval(a)')).toBe(Mark.SequenceSet | LOOK_CLOSER);
    expect(lookAt('SELECT "é", nextval(a)', 'latin1')).toBe(Mark.SequenceSet | LOOK_CLOSER);
  });

  test('a name with Unicode escapes may be any', () => {
    expect(lookAt('SELECT U&"\\0073et_config"(a)')).toBe(EVERY_MARK | LOOK_CLOSER | LOOK_UNSURE);
  });

  test('only the range given counts', () => {
    const bytes = Buffer.from("SET x = 1; SELECT 1; SET y = 2'");
    expect(look(bytes, 10, 20)).toBe(0);
    expect(look(bytes, 0, 0)).toBe(0);
  });

  test('a tag too long to follow may hide anything', () => {
    const tag = `$${'a'.repeat(65)}$`;
    expect(lookAt(`SELECT ${tag}x${tag}`)).toBe(EVERY_MARK | LOOK_CLOSER | LOOK_UNSURE);
    expect(lookAt(`SELECT ${tag.slice(0, 64)}$ SET $$`)).toBe(0);
  });
});

describe('code in literals', () => {
  test('words in the body of DO count wherever they stand', () => {
    const bits = lookAt("DO $x$ BEGIN PERFORM nextval('s'); EXECUTE 'LISTEN a'; END $x$");
    const marks = Mark.SequenceSet | Mark.SqlPrepared | Mark.Listen;
    expect(bits).toBe(marks | LOOK_CODE | LOOK_CLOSER | LOOK_EXITS);
  });

  test('a dollar in the body does not hide a word', () => {
    const bits = lookAt('DO $set$ $$ $se $setval$set$');
    expect(bits & Mark.SequenceSet).toBe(Mark.SequenceSet);
  });

  test('code may be as long as it likes', () => {
    const bits = lookAt(`DO $$ ${'x '.repeat(5000)} LISTEN a $$`);
    expect(bits & Mark.Listen).toBe(Mark.Listen);
  });

  test('functions that run their argument', () => {
    const bits = lookAt("SELECT query_to_xml('SELECT setseed(1)', true, true, '')");
    expect(bits).toBe(Mark.Seed | LOOK_CODE | LOOK_CLOSER);
  });

  test('an escape in code may hide any word', () => {
    const bits = lookAt("DO E'\\x53ET a = 1'");
    expect(bits & EVERY_MARK).toBe(EVERY_MARK);
  });
});

describe('where a literal ends depends on the session', () => {
  test('a backslash before a quote is followed both ways', () => {
    const unsure = Mark.Settings | LOOK_CLOSER | LOOK_UNSURE;
    expect(lookAt("SELECT 'a\\'; SET x = 1; --'")).toBe(unsure);
    expect(lookAt("SELECT 'a\\', '; SET x = 1; --'")).toBe(unsure);
    expect(lookAt("SELECT 'a\\\\'; SET x = 1")).toBe(unsure);
    expect(lookAt("SELECT 'a\\\\\\'; SET x = 1; --'")).toBe(unsure);
  });

  test('it makes no difference where both ways find nothing', () => {
    expect(lookAt("SELECT 'C:\\', 'D:\\'")).toBe(0);
    expect(lookAt("SELECT 'a\\'' AS b, 'c'")).toBe(0);
  });

  test('a backslash that ends a character of SJIS is followed both ways', () => {
    // The second byte of this character is a backslash.
    const character = '\x95\x5c';
    const unsure = Mark.Settings | LOOK_CLOSER | LOOK_UNSURE;
    expect(lookAt(`SELECT E'${character}'; SET x = 1`, 'latin1')).toBe(unsure);
    expect(lookAt(`SELECT '${character}'; SET x = 1`, 'latin1')).toBe(unsure);
    expect(lookAt(`SELECT E'${character}', '; SET x = 1; '`, 'latin1')).toBe(unsure);
    // Two whole bytes before it: it is a backslash.
    expect(lookAt("SELECT E'\x95\x95\\'; SET x = 1; '", 'latin1')).toBe(0);
  });

  test('the last literal of a text may go on in the next one', () => {
    lookAt("SELECT 'a\\'; SET x = '");
    expect(lookAt('SELECT 1')).toBe(0);
    expect(lookAt("'; SET x = 1")).toBe(0);
  });
});

test('the answer does not depend on what the bytes around the text are', () => {
  fc.assert(
    fc.property(mixedTexts, fc.constantFrom("'", '-', '*', '$', 'x', '\\'), (bytes, around) => {
      const framed = Buffer.concat([Buffer.from(around), bytes, Buffer.from(around)]);
      expect(look(framed, 1, framed.length - 1)).toBe(look(bytes, 0, bytes.length));
    }),
    { numRuns: 1500 },
  );
});

test('pieces say what the whole says, wherever it is cut', () => {
  fc.assert(
    fc.property(mixedTexts, fc.array(fc.nat(200), { maxLength: 20 }), (bytes, cuts) => {
      expect(lookInPieces(bytes, cuts)).toBe(look(bytes, 0, bytes.length));
    }),
    { numRuns: 3000 },
  );
});

test('pieces of one byte each say what the whole says', () => {
  fc.assert(
    fc.property(mixedTexts, (bytes) => {
      const cuts = Array.from(bytes, (_, index) => index);
      expect(lookInPieces(bytes, cuts)).toBe(look(bytes, 0, bytes.length));
    }),
    { numRuns: 1500 },
  );
});

test('no byte is missed behind whatever ends a literal, a name or a comment', () => {
  fc.assert(
    fc.property(mixedTexts, (bytes) => {
      const before = look(bytes, 0, bytes.length);
      const closed = Buffer.concat([bytes, Buffer.from('\n ; /**/ SELECT 1')]);
      // What only adds harmless words never takes a bit away.
      expect(look(closed, 0, closed.length) & before & EVERY_MARK).toBe(before & EVERY_MARK);
    }),
    { numRuns: 1500 },
  );
});
