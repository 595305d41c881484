import { statementSummary } from '../../src/stats/statement-summary';

test.each([
  ['CREATE TEMP TABLE t (a int, "B c" text)', 'CREATE TEMP TABLE t (a int, "B c" text)'],
  ["SELECT pg_advisory_lock( 42 ), 'a''b', $1", 'SELECT pg_advisory_lock( ? ), ?, $1'],
  ['  select\n\t1.5e-3 ,\r\n  -7,0xFF, .5, 1_000  ', 'select ? , -?,?, ?, ?'],
  ["SELECT E'it\\'s secret', e'\\\\', b'1', X'ff', U&'\\0041', N'n'", 'SELECT ?, ?, ?, ?, ?, ?'],
  ['DO $$ secret $$; DO $a$ $$ secret $$ $a$', 'DO ?; DO ?'],
  ['a/* s /* s */ s */b -- secret\nc', 'a b c'],
  ['LOAD \'auto_explain\'; SELECT type1, t$1, "q""1"', 'LOAD ?; SELECT type1, t$1, "q""1"'],
  ['SELECT "a\nb\0c"', 'SELECT "a b c"'],
  ["SELECT 'a' 'b', e1'x'", 'SELECT ? ?, e1?'],
  ['', ''],
])('of %j is shown %j', (sql, shown) => {
  expect(statementSummary(sql)).toBe(shown);
});

test.each([
  ['SET app.token = abc', 'SET app.token = ?'],
  ['set session app.token to abc, "def";SELECT 1', 'set session app.token to ?;SELECT ?'],
  ['SELECT 1; SET a=b', 'SELECT ?; SET a= ?'],
  ['SET ROLE reader', 'SET ROLE reader'],
  ['UPDATE t SET a = b', 'UPDATE t SET a = b'],
  ['ALTER ROLE web SET app.token = abc', 'ALTER ROLE web SET app.token = ?'],
  [
    'ALTER ROLE web IN DATABASE app SET app.token TO abc; SELECT 1',
    'ALTER ROLE web IN DATABASE app SET app.token TO ?; SELECT ?',
  ],
  ['alter system set a.b = abc', 'alter system set a.b = ?'],
  [
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET a.b = abc AS 'SELECT 1'",
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql SET a.b = ?',
  ],
  ['ALTER TABLE t ALTER a SET DEFAULT now()', 'ALTER TABLE t ALTER a SET DEFAULT now()'],
])('the value of a SET is not shown, also where it is a word: %s', (sql, shown) => {
  expect(statementSummary(sql)).toBe(shown);
});

test.each([
  "SELECT 'secret",
  "SELECT E'secret\\",
  'SELECT $x$ secret $y$',
  'SELECT /* secret',
  '-- secret',
  "SELECT 'a\\', 'secret'",
  "SELECT 'a\\'; secret'",
])('no part of a literal that does not end, or not for certain, is shown: %s', (sql) => {
  expect(statementSummary(sql)).not.toContain('secret');
});

test('a long statement is cut to 200 characters, and its end is marked', () => {
  const names = Array.from({ length: 100 }, (_, at) => `column${at}`).join(', ');
  expect(statementSummary(`SELECT ${names}`)).toMatch(/^SELECT column0, .{180,190}…$/);
  expect(statementSummary(`SELECT ${names}`)).toHaveLength(200);
  expect(statementSummary(`SELECT 1${' '.repeat(5000)}, 2`)).toBe('SELECT ?…');
  // Half a character must not be left.
  expect(statementSummary('😀'.repeat(300))).not.toContain('\ud83d…');
});

test('fifty megabytes are not looked at', () => {
  const sql = `INSERT INTO t VALUES ('${"x''".repeat(16_000_000)}')`;
  expect(statementSummary(sql)).toBe('INSERT INTO t VALUES (?…');
});

test.each(["'", '"', '/*', '$$', "e'\\", '--', '$a', 'U&', '\\', '1e', '.'])(
  'four thousand times %j is summed up at once',
  (part) => {
    const beganMs = performance.now();
    for (let times = 0; times < 20; times++) statementSummary(part.repeat(4096));
    expect(performance.now() - beganMs).toBeLessThan(1000);
  },
);
