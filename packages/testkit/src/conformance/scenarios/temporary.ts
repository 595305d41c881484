import { bind, copyData, copyDone, describe, execute, parse, query } from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'temporary objects';

const SALES = `
CREATE TABLE sales (region text, year int, amount numeric(10, 2));
INSERT INTO sales VALUES ('north', 2023, 10.5), ('north', 2024, 20), ('south', 2023, 7.25),
  ('south', 2024, 1), ('east', 2024, 100);
`;

/** Answers about the search path on a link that has a temporary schema. */
const WITH_SCHEMA = [
  'T current_schemas(table 0.0 type 1003,-1,-1 format 0)',
  'D "{pg_temp_N,pg_catalog,public}"',
  'C SELECT 1',
  'Z I',
];
const HAS_SCHEMA = ['T ?column?(table 0.0 type 16,1,-1 format 0)', 'D "t"', 'C SELECT 1', 'Z I'];

/** Tables that live for the session. */
const TABLES: readonly Scenario[] = [
  {
    name: 'temporary: a table is there in later transactions, and gone after DROP',
    group: GROUP,
    steps: [
      a.query('CREATE TEMP TABLE t (n int)', 'INSERT INTO t SELECT generate_series(1, 5)'),
      a.query('SELECT count(*) FROM t', 'BEGIN', 'DELETE FROM t WHERE n > 3', 'ROLLBACK'),
      a.query('SELECT sum(n) FROM t', 'DROP TABLE t', 'SELECT count(*) FROM t'),
      a.query('SELECT 1', 'CREATE TEMP TABLE t (other text)', 'SELECT * FROM t'),
    ],
  },
  {
    name: 'temporary: by the extended protocol, with a statement prepared on it',
    group: GROUP,
    steps: [
      a.ask('CREATE TEMPORARY TABLE t (n int, s text)'),
      a.group(parse('INSERT INTO t VALUES ($1, $2)', 'ins')),
      a.group(bind({ statement: 'ins', values: ['1', 'one'] }), execute()),
      a.group(bind({ statement: 'ins', values: ['2', 'two'] }), execute()),
      a.ask('SELECT * FROM t ORDER BY n'),
      a.ask('DROP TABLE t'),
      a.group(bind({ statement: 'ins', values: ['3', 'three'] }), execute()),
      a.ask('SELECT 1'),
    ],
  },
  {
    name: 'temporary: ON COMMIT DROP',
    group: GROUP,
    steps: [
      a.query('BEGIN', 'CREATE TEMP TABLE t (n int) ON COMMIT DROP', 'INSERT INTO t VALUES (1)'),
      a.query('SELECT * FROM t', 'COMMIT', 'SELECT * FROM t'),
      a.query('CREATE TEMP TABLE t (n int) ON COMMIT DROP', 'SELECT * FROM t'),
    ],
  },
  {
    name: 'temporary: ON COMMIT DELETE ROWS keeps the table',
    group: GROUP,
    steps: [
      a.query('CREATE TEMP TABLE t (n int) ON COMMIT DELETE ROWS', 'INSERT INTO t VALUES (1)'),
      a.query('SELECT * FROM t', 'BEGIN', 'INSERT INTO t VALUES (2)', 'SELECT * FROM t'),
      a.query('COMMIT', 'SELECT * FROM t'),
    ],
  },
  {
    name: 'temporary: rolled back, it is not there; rolled back to a savepoint, one of two',
    group: GROUP,
    steps: [
      a.query('BEGIN', 'CREATE TEMP TABLE t (n int)', 'ROLLBACK', 'SELECT * FROM t'),
      a.query('BEGIN', 'CREATE TEMP TABLE kept (n int)', 'SAVEPOINT s'),
      a.query('CREATE TEMP TABLE lost (n int)', 'ROLLBACK TO s', 'COMMIT'),
      a.query('SELECT * FROM kept', 'SELECT * FROM lost'),
    ],
  },
  {
    name: 'temporary: its DROP rolled back, it is still there',
    group: GROUP,
    steps: [
      a.query('CREATE TEMP TABLE t AS SELECT 7 AS n', 'BEGIN', 'DROP TABLE t', 'ROLLBACK'),
      a.query('SELECT * FROM t', 'BEGIN', 'DROP TABLE t', 'SELECT 1/0', 'COMMIT'),
      a.query('SELECT * FROM t'),
    ],
  },
  {
    name: 'temporary: SELECT INTO TEMP and CREATE TABLE pg_temp',
    group: GROUP,
    steps: [
      a.query('SELECT g AS n INTO TEMP into_temp FROM generate_series(1, 3) g'),
      a.query('SELECT g AS n INTO TEMPORARY TABLE more FROM generate_series(4, 5) g'),
      a.query('CREATE TABLE pg_temp.direct (n int)', 'INSERT INTO direct VALUES (9)'),
      a.query('SELECT n FROM into_temp UNION ALL SELECT n FROM more UNION ALL TABLE direct'),
      a.query('DROP TABLE into_temp, more, pg_temp.direct', 'SELECT * FROM direct'),
    ],
  },
  {
    name: 'temporary: it hides an ordinary table, for this session only',
    group: GROUP,
    sessions: TWO,
    setup: SALES,
    steps: [
      a.query('SET search_path = own_schema', 'CREATE TEMP TABLE sales (n int)'),
      a.query('SELECT count(*) FROM sales', 'SELECT count(*) FROM own_schema.sales'),
      b.query('SET search_path = own_schema', 'SELECT count(*) FROM sales'),
      a.query('SELECT count(*) FROM sales', 'DROP TABLE sales', 'SELECT count(*) FROM sales'),
    ],
  },
  {
    name: 'temporary: two sessions have different tables of one name',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query("CREATE TEMP TABLE t AS SELECT 'of a' AS owner"),
      b.query('SELECT * FROM t', "CREATE TEMP TABLE t AS SELECT 'of b' AS owner, 2 AS n"),
      a.query('SELECT * FROM t'),
      b.query('SELECT * FROM t', 'DROP TABLE t'),
      a.query('SELECT * FROM t'),
      b.query('SELECT * FROM t'),
    ],
  },
  {
    name: 'temporary: nothing is left for those who come after',
    group: GROUP,
    sessions: { a: {}, b: { opens: 'step' } },
    steps: [
      a.query('CREATE TEMP TABLE t (n int)', 'CREATE TEMP VIEW v AS SELECT 1'),
      a.leave(),
      b.open(),
      b.query('SELECT * FROM t', 'SELECT * FROM v', 'CREATE TEMP TABLE t (other int)'),
    ],
  },
];

/** Other temporary objects, and what programs do with all of them. */
const OTHERS: readonly Scenario[] = [
  {
    name: 'temporary: a view, a sequence, a type and a function',
    group: GROUP,
    setup: SALES,
    steps: [
      a.query('CREATE TEMP VIEW v AS SELECT sum(amount) AS total FROM own_schema.sales'),
      a.query('CREATE TEMP SEQUENCE s START 5', "SELECT nextval('s')", 'SELECT * FROM v'),
      a.query("SELECT nextval('s'), nextval('pg_temp.s')", 'DROP VIEW v', "SELECT nextval('s')"),
      a.query('DROP SEQUENCE s'),
      a.query(
        "CREATE FUNCTION pg_temp.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'",
        'SELECT pg_temp.twice(4)',
        "CREATE TYPE pg_temp.mood AS ENUM ('well', 'ill')",
        "SELECT 'ill'::pg_temp.mood",
        'DROP FUNCTION pg_temp.twice(int)',
        "SELECT 'well'::pg_temp.mood",
        'SELECT pg_temp.twice(4)',
      ),
    ],
  },
  {
    name: 'temporary: created in a DO block',
    group: GROUP,
    steps: [
      a.query("DO $$ BEGIN CREATE TEMP TABLE t AS SELECT 3 AS n; EXECUTE 'ANALYZE t'; END $$"),
      a.query('SELECT * FROM t', 'DROP TABLE t', 'SELECT * FROM t'),
    ],
  },
  {
    name: 'temporary: DISCARD TEMP drops them all, and nothing else',
    group: GROUP,
    steps: [
      a.query("SET TimeZone = 'Asia/Tokyo'", 'CREATE TEMP TABLE t (n int)'),
      a.query('CREATE TEMP VIEW v AS TABLE t', 'DISCARD TEMP', 'SELECT * FROM t'),
      a.query('SELECT * FROM v', 'SHOW TimeZone', 'CREATE TEMP TABLE t (n int)', 'DISCARD ALL'),
      a.query('SELECT * FROM t', 'SHOW TimeZone'),
    ],
  },
  {
    name: 'temporary: COPY into a staging table, then an upsert',
    group: GROUP,
    setup: 'CREATE TABLE stock (sku text PRIMARY KEY, n int); INSERT INTO stock VALUES ($$a$$, 1);',
    steps: [
      a.query('CREATE TEMP TABLE staging (LIKE own_schema.stock)'),
      a.send('G', 1, query('COPY staging FROM STDIN')),
      a.send('Z', 1, copyData('a\t10\nb\t20\n'), copyData('c\t30\n'), copyDone()),
      a.query('CREATE INDEX ON staging (sku)', 'ANALYZE staging'),
      a.query(
        `INSERT INTO own_schema.stock SELECT * FROM staging
           ON CONFLICT (sku) DO UPDATE SET n = own_schema.stock.n + excluded.n`,
        'TRUNCATE staging',
        'SELECT count(*) FROM staging',
        'DROP TABLE staging',
        'SELECT * FROM own_schema.stock ORDER BY sku',
      ),
    ],
  },
  {
    name: 'temporary: a report in several steps, with indexes and a window',
    group: GROUP,
    setup: SALES,
    steps: [
      a.query(
        'CREATE TEMPORARY TABLE totals AS SELECT region, sum(amount) t FROM own_schema.sales GROUP BY 1',
        'CREATE UNIQUE INDEX totals_region ON totals (region)',
        'ALTER TABLE totals ADD COLUMN share numeric(5, 2)',
        'UPDATE totals SET share = 100 * t / (SELECT sum(t) FROM totals)',
        'SELECT *, rank() OVER (ORDER BY t DESC) FROM totals ORDER BY region',
      ),
      a.ask('SELECT share FROM totals WHERE region = $1', ['east']),
      a.query('DROP TABLE IF EXISTS totals', 'DROP TABLE IF EXISTS totals'),
    ],
  },
  {
    name: 'temporary: IF NOT EXISTS at the start of each request',
    group: GROUP,
    steps: [1, 2, 3].flatMap((request) => [
      a.query('CREATE TEMP TABLE IF NOT EXISTS seen (n int)', 'BEGIN'),
      a.query(`INSERT INTO seen VALUES (${request})`, 'COMMIT', 'SELECT array_agg(n) FROM seen'),
    ]),
  },
  {
    name: 'temporary: a portal over one, fetched in pieces',
    group: GROUP,
    steps: [
      a.query('CREATE TEMP TABLE t AS SELECT g FROM generate_series(1, 7) g', 'BEGIN'),
      a.group(parse('TABLE t', 's'), bind({ statement: 's', portal: 'p' }), describe('P', 'p')),
      a.group(execute(3, 'p')),
      a.group(execute(3, 'p')),
      a.group(execute(3, 'p')),
      a.query('COMMIT', 'DROP TABLE t'),
    ],
  },
  {
    name: 'temporary: another session’s search path has no temporary schema',
    group: GROUP,
    sessions: TWO,
    steps: [
      b.query('SELECT current_schemas(true)', 'SELECT pg_my_temp_schema() <> 0'),
      a.query('CREATE TEMP TABLE t (n int)', 'DROP TABLE t'),
      b.query('SELECT current_schemas(true)', 'SELECT pg_my_temp_schema() <> 0'),
      a.query('CREATE TEMP TABLE t (n int)', 'SELECT pg_my_temp_schema() <> 0', 'DROP TABLE t'),
    ],
    differences: [
      {
        reason:
          'a link keeps its temporary schema, empty, once somebody has had temporary objects on it',
        dependsOnLink: true,
        instead: { 1: WITH_SCHEMA, 2: HAS_SCHEMA, 5: WITH_SCHEMA, 6: HAS_SCHEMA },
      },
    ],
  },
];

export const temporaryScenarios: readonly Scenario[] = [...TABLES, ...OTHERS];
