import { ask, on, type Scenario, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'PREPARE, EXECUTE, DEALLOCATE',
  steps,
});

const LISTED =
  'SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements ORDER BY 1';

export const sqlPrepareScenarios: readonly Scenario[] = [
  of(
    'PREPARE once and EXECUTE in later transactions',
    simples(
      'PREPARE add(int, int) AS SELECT $1 + $2',
      'EXECUTE add(1, 2)',
      'BEGIN',
      'EXECUTE add(3, 4)',
      'COMMIT',
      'EXECUTE add(1 + 1, (SELECT 5))',
      'DEALLOCATE add',
      'EXECUTE add(1, 2)',
    ),
  ),
  of(
    'PREPARE by the extended protocol',
    ask('PREPARE greet(text) AS SELECT $1 || $1'),
    ask("EXECUTE greet('ho')"),
    simple("EXECUTE greet('hi')"),
    ask('DEALLOCATE greet'),
    ask("EXECUTE greet('no')"),
  ),
  of(
    'pg_prepared_statements lists what PREPARE has made',
    simples(
      LISTED,
      'PREPARE b(int, text) AS SELECT $1, $2',
      'PREPARE "A b" AS SELECT 1; PREPARE c AS SELECT 2',
      LISTED,
      'DEALLOCATE "A b"',
      LISTED,
      'DEALLOCATE ALL',
      LISTED,
    ),
  ),
  of(
    'PREPARE in a transaction that is rolled back stays, and so does DEALLOCATE',
    simples(
      'BEGIN',
      'PREPARE p AS SELECT 1',
      'ROLLBACK',
      'EXECUTE p',
      'BEGIN',
      'DEALLOCATE p',
      'ROLLBACK',
      'EXECUTE p',
      'BEGIN',
      'PREPARE q AS SELECT 2',
      'SELECT 1/0',
      'EXECUTE q',
      'ROLLBACK',
      'EXECUTE q',
    ),
  ),
  of(
    'names in use, unknown names, wrong arguments',
    simples(
      'PREPARE p(int) AS SELECT $1',
      'PREPARE p AS SELECT 2',
      'EXECUTE p',
      "EXECUTE p('x')",
      'EXECUTE p(1, 2)',
      'EXECUTE nobody',
      'DEALLOCATE nobody',
      'PREPARE broken AS SELECT * FROM own_schema.no_such_table',
      'EXECUTE broken',
      'EXECUTE p(7)',
    ),
  ),
  {
    ...of(
      'EXECUTE within CREATE TABLE AS and EXPLAIN, and of INSERT, UPDATE and DELETE',
      simples(
        'PREPARE put(int) AS INSERT INTO own_schema.t VALUES ($1) RETURNING n',
        'EXECUTE put(1)',
        'EXECUTE put(2)',
        'PREPARE rows AS SELECT n FROM own_schema.t ORDER BY n',
        'CREATE TABLE own_schema.copy AS EXECUTE rows',
        'EXPLAIN (COSTS OFF) EXECUTE put(3)',
        'SELECT * FROM own_schema.copy',
        'PREPARE less(int) AS DELETE FROM own_schema.t WHERE n = $1',
        'EXECUTE less(1)',
        'EXECUTE rows',
      ),
    ),
    setup: 'CREATE TABLE t (n int)',
  },
  {
    ...of(
      'one name in two sessions',
      simple("PREPARE p AS SELECT 'of a'"),
      on('b', simple("PREPARE p(int) AS SELECT 'of b', $1")),
      simple('EXECUTE p'),
      on('b', simple('EXECUTE p(1)')),
      simple('DEALLOCATE p'),
      on('b', simple('EXECUTE p(2)'), simple(LISTED)),
      simples('EXECUTE p', LISTED),
    ),
    sessions: { a: {}, b: {} },
  },
  of(
    'DISCARD ALL and DISCARD PLANS',
    simples(
      'PREPARE p AS SELECT 1',
      'DISCARD PLANS',
      'EXECUTE p',
      'DISCARD ALL',
      'EXECUTE p',
      'PREPARE p AS SELECT 2',
      'EXECUTE p',
    ),
  ),
  of(
    'PREPARE of constants that are read under a time zone, run under another',
    simples(
      "SET TimeZone = 'UTC'",
      "PREPARE p AS SELECT '2024-01-01 00:00'::timestamptz AT TIME ZONE 'UTC'",
      'EXECUTE p',
      "SET TimeZone = 'Asia/Tokyo'",
      'EXECUTE p',
      'DEALLOCATE p',
      'EXECUTE p',
    ),
  ),
  of(
    'PREPARE of a SET, of a transaction and of what cannot be prepared',
    simples(
      "PREPARE p AS SET own_schema.x = '1'",
      "PREPARE q AS SELECT set_config('own_schema.x', 'by q', false)",
      'EXECUTE q',
      'SHOW own_schema.x',
      'BEGIN; EXECUTE q; ROLLBACK',
      'PREPARE r AS VALUES (1), (2)',
      'EXECUTE r',
    ),
  ),
  of(
    'PREPARE and EXECUTE in one text',
    simples(
      'PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p',
      'EXECUTE p',
      'PREPARE p AS SELECT 2; SELECT 1/0',
      'EXECUTE p',
      'SELECT count(*) FROM pg_prepared_statements',
    ),
  ),
  of(
    'names that SQL folds or cuts',
    simples(
      'PREPARE MiXed AS SELECT 1',
      'EXECUTE mixed',
      'EXECUTE "MiXed"',
      `PREPARE ${'x'.repeat(70)} AS SELECT 2`,
      `EXECUTE ${'x'.repeat(63)}`,
      `EXECUTE ${'x'.repeat(80)}`,
      'PREPARE "a ""quoted"" one" AS SELECT 3',
      'EXECUTE "a ""quoted"" one"',
    ),
  ),
];
