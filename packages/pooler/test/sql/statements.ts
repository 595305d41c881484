import * as fc from 'fast-check';

const spaces = fc.constantFrom(
  ' ',
  ' ',
  '  ',
  '\n',
  '\t',
  ' /* c */ ',
  ' -- c\n ',
  '/* a /* b */ */',
);

const scalars = fc.constantFrom(
  ...[
    '1',
    "'a'",
    "'now'",
    "'Today 10:00'",
    "E'\\'x'",
    "'it''s'",
    '$$x$$',
    '$a$ ; $$ $a$',
    '$1',
    'NULL',
  ],
  ...[
    "timestamptz 'tomorrow'",
    "E'no\\x77'",
    "U&'no\\0077'",
    "B'1'",
    'x',
    '"X"',
    'now()',
    "'C:\\dir'",
  ],
  ...[
    "nextval('s')",
    'lastval()',
    "pg_catalog.setval('s', 1)",
    '"currval"($1)',
    'set_config($1, $2, true)',
  ],
  ...["set_config('a.b', 'c', false)", 'setseed(0.1)', 'pg_advisory_lock(1)', 'pg_backend_pid()'],
  ...[
    'pg_advisory_xact_lock(1)',
    "pg_notify('a', 'b')",
    'U&"\\006eextval"(\'s\')',
    'a - b / c',
    'a & b',
  ],
);

const tables = fc.constantFrom(
  ...['t', '"SET"', 'pg_temp.t', '"pg_temp".t', 'pg_temp_3.t', 'temp', 'temporary', 'public.t'],
  ...['pg_prepared_statements', 'pg_class', 'u', 'e', 'é'],
);

const commands = fc.constantFrom(
  ...['SET x = 1', 'SET LOCAL x TO 2', 'SET ROLE NONE', 'RESET ALL', 'BEGIN', 'COMMIT', 'END'],
  ...['ROLLBACK TO a', 'SAVEPOINT a', 'LISTEN a', 'UNLISTEN *', 'NOTIFY a', 'DISCARD PLANS'],
  ...['EXECUTE p', 'DEALLOCATE p', "LOAD 'a'", 'CLOSE c', 'FETCH 1 FROM c', 'SHOW x'],
  ...[
    'ALTER ROLE a SET x = 1',
    'ALTER TABLE t ALTER a SET DEFAULT 1',
    'SET CONSTRAINTS ALL DEFERRED',
  ],
  ...[
    'DO $$ BEGIN SET x = 1; END $$',
    'ALTER SYSTEM SET x = 1',
    'CREATE TEMP SEQUENCE s',
    'SET seed = 1',
  ],
);

const selects = fc
  .tuple(spaces, fc.array(scalars, { minLength: 1, maxLength: 3 }), spaces, tables)
  .map(([a, values, b, table]) => `SELECT${a}${values.join(',')}${b}FROM ${table}`);

const nested = fc.oneof(
  selects,
  fc.tuple(spaces, selects, spaces, scalars).map(([a, inner, b, value]) => {
    return `WITH${a}q AS (${inner})${b}SELECT * FROM q WHERE x = ${value}`;
  }),
  fc.tuple(tables, spaces, scalars, scalars).map(([table, a, value, other]) => {
    return `UPDATE ${table}${a}SET a = ${value} WHERE b = ${other}`;
  }),
  fc.tuple(tables, scalars).map(([table, value]) => {
    return `INSERT INTO ${table} VALUES (${value}) ON CONFLICT DO NOTHING RETURNING a`;
  }),
);

const wrapped = fc.tuple(
  fc.constantFrom(
    ...['', '', '', 'EXPLAIN ANALYZE ', 'PREPARE p AS ', 'DECLARE c CURSOR FOR '],
    ...['DECLARE c CURSOR WITH HOLD FOR ', 'CREATE TEMP TABLE x AS ', 'CREATE TABLE x AS '],
    ...['CREATE VIEW v AS ', 'CREATE LOCAL TEMPORARY VIEW v AS ', 'COPY ('],
  ),
  nested,
);

const statements = fc.oneof(
  {
    weight: 4,
    arbitrary: wrapped.map(([head, q]) => `${head}${q}${head === 'COPY (' ? ') TO STDOUT' : ''}`),
  },
  { weight: 2, arbitrary: commands },
);

const CASES: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => text.toLowerCase(),
  (text) => text.toUpperCase(),
];

/** Texts of one or several statements, with and without effects, nearly all of them valid SQL. */
export const sqlTexts: fc.Arbitrary<string> = fc
  .tuple(fc.array(statements, { minLength: 1, maxLength: 3 }), spaces, fc.constantFrom(...CASES))
  .map(([list, space, recased]) => recased(`${space}${list.join(`${space};${space}`)}`));
