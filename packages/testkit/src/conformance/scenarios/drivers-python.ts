import {
  bind,
  close,
  copyData,
  copyDone,
  describe,
  execute,
  flush,
  int32,
  parse,
  query,
  run,
  sync,
} from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'drivers: Python';

const PEOPLE = `
CREATE TABLE people (id serial PRIMARY KEY, name text);
INSERT INTO people (name) VALUES ('ann'), ('bob'), ('cy');
`;
const BY_ID = 'SELECT name FROM own_schema.people WHERE id = $1';
const INT2 = 21;

const int2 = (value: number): Buffer => int32(value).subarray(2);

/** How psycopg 3 sends a query with one small number, before and after it is prepared. */
const psycopg = (id: number): Buffer =>
  Buffer.concat([
    parse(BY_ID, '', [INT2]),
    bind({ formats: [1], values: [int2(id)], results: [0] }),
    describe('P'),
    execute(),
  ]);
const psycopgPrepared = (name: string, id: number): Buffer =>
  Buffer.concat([
    bind({ statement: name, formats: [1], values: [int2(id)], results: [0] }),
    describe('P'),
    execute(),
  ]);

const PSYCOPG: readonly Scenario[] = [
  {
    name: 'psycopg2: transactions by simple queries, a named cursor WITH HOLD, session characteristics',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.query('BEGIN', "INSERT INTO own_schema.people (name) VALUES ('di') RETURNING id", 'COMMIT'),
      a.query(
        'BEGIN',
        'DECLARE "named" CURSOR WITH HOLD FOR SELECT generate_series(1,5)',
        'COMMIT',
        'FETCH FORWARD 2 FROM "named"',
        'FETCH FORWARD ALL FROM "named"',
        'CLOSE "named"',
      ),
      a.query('BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY', 'SELECT 1', 'COMMIT'),
      a.query("SET default_transaction_read_only TO 'on'", 'DELETE FROM own_schema.people'),
      a.query("SET default_transaction_read_only TO 'off'", 'DELETE FROM own_schema.people'),
    ],
  },
  {
    name: 'psycopg2: set_client_encoding and DateStyle at connect',
    group: GROUP,
    steps: [
      a.query('SHOW default_transaction_isolation', "SET client_encoding TO 'LATIN1'"),
      a.query('BEGIN', 'SELECT chr(233)', 'COMMIT', "SET client_encoding TO 'UTF8'"),
      a.query('SELECT chr(233)', "SET DATESTYLE TO 'ISO'", 'ROLLBACK', 'SHOW DateStyle'),
    ],
  },
  {
    name: 'psycopg 3: the sixth use of a query is prepared as _pg3_0',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.query('BEGIN'),
      ...[0, 1, 2, 3, 4].map((id) => a.group(psycopg(id))),
      a.query('COMMIT', 'BEGIN'),
      a.group(parse(BY_ID, '_pg3_0', [INT2])),
      a.group(psycopgPrepared('_pg3_0', 2)),
      a.query('COMMIT', 'BEGIN'),
      a.group(psycopgPrepared('_pg3_0', 3)),
      a.query('COMMIT'),
    ],
  },
  {
    name: 'psycopg 3: DEALLOCATE ALL after a change of a table, then prepared again',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID, '_pg3_0', [INT2])),
      a.group(psycopgPrepared('_pg3_0', 1)),
      a.query('BEGIN', 'ALTER TABLE own_schema.people ADD COLUMN z int', 'DEALLOCATE ALL'),
      a.query('COMMIT', 'BEGIN'),
      a.group(psycopg(1)),
      a.group(parse(BY_ID, '_pg3_1', [INT2])),
      a.group(psycopgPrepared('_pg3_1', 2)),
      a.query('COMMIT'),
      a.group(psycopgPrepared('_pg3_0', 1)),
      a.query('DEALLOCATE "_pg3_1"'),
      a.group(psycopgPrepared('_pg3_1', 1)),
    ],
  },
  {
    name: 'psycopg 3: pipeline mode begins, inserts and fails',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.pipeline(
        parse('BEGIN'),
        bind({ results: [0] }),
        describe('P'),
        execute(),
        sync(),
        run('INSERT INTO own_schema.people (name) VALUES ($1)', ['x']),
        run('INSERT INTO own_schema.people (name) VALUES ($1)', ['y']),
        sync(),
        flush(),
      ),
      a.query('COMMIT'),
      a.pipeline(
        parse('BEGIN'),
        bind(),
        execute(),
        run('INSERT INTO own_schema.people (name) VALUES ($1)', ['lost']),
        run('INSERT INTO own_schema.people (id) VALUES ($1)', ['1']),
        run('SELECT 1'),
        sync(),
      ),
      a.query('ROLLBACK', 'SELECT name FROM own_schema.people ORDER BY id'),
    ],
  },
  {
    name: 'psycopg 3: a server cursor WITH HOLD is declared, described, fetched after COMMIT',
    group: GROUP,
    steps: [
      a.query('BEGIN'),
      a.ask('DECLARE "srv" CURSOR WITH HOLD FOR SELECT generate_series(1,5)'),
      a.group(describe('P', 'srv')),
      a.query('COMMIT', 'FETCH FORWARD 2 FROM "srv"', 'FETCH FORWARD ALL FROM "srv"'),
      a.query('CLOSE "srv"'),
    ],
  },
  {
    name: 'psycopg 3: COPY within a serializable transaction, savepoints by name',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.query('BEGIN ISOLATION LEVEL SERIALIZABLE', 'SAVEPOINT "_pg3_1"'),
      a.send('G', 1, query('COPY own_schema.people (name) FROM STDIN')),
      a.send('Z', 1, copyData('q\n'), copyDone()),
      a.query('RELEASE "_pg3_1"', 'COMMIT', 'SELECT count(*) FROM own_schema.people'),
    ],
  },
];

const RESET = 'SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;';
const asyncpg = (name: string, values: readonly Buffer[]): Buffer =>
  Buffer.concat([bind({ statement: name, formats: [1], values, results: [1] }), execute()]);

const ASYNCPG: readonly Scenario[] = [
  {
    name: 'asyncpg: Parse, Describe and Flush, then Bind, Execute and Sync; reset on release',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: "'utf-8'" } } },
    setup: PEOPLE,
    steps: [
      a.send(
        'T',
        1,
        parse(BY_ID, '__asyncpg_stmt_1__'),
        describe('S', '__asyncpg_stmt_1__'),
        flush(),
      ),
      a.group(asyncpg('__asyncpg_stmt_1__', [int32(1)])),
      a.group(asyncpg('__asyncpg_stmt_1__', [int32(2)])),
      a.query(RESET),
      a.group(asyncpg('__asyncpg_stmt_1__', [int32(3)])),
      a.query("SET TimeZone = 'Asia/Tokyo'", RESET, 'SHOW TimeZone'),
      a.group(asyncpg('__asyncpg_stmt_1__', [int32(4)])),
      a.group(close('S', '__asyncpg_stmt_1__')),
    ],
  },
  {
    name: 'asyncpg: a second statement is prepared between Flush and Sync of the first, with jit off',
    group: GROUP,
    steps: [
      a.send('T', 1, parse('SELECT $1::int[]', 's6'), describe('S', 's6'), flush()),
      a.send(
        'T',
        1,
        parse("SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new", 's7'),
        describe('S', 's7'),
        flush(),
      ),
      a.group(asyncpg('s7', [])),
      a.query('SHOW jit'),
      a.send(
        'T',
        1,
        parse("SELECT set_config('jit', $1, false)", 's9'),
        describe('S', 's9'),
        flush(),
      ),
      a.group(asyncpg('s9', [Buffer.from('on')])),
      a.query('SHOW jit', RESET, 'SHOW jit'),
      a.group(bind({ statement: 's6', values: ['{1,2}'] }), execute(1)),
    ],
  },
  {
    name: 'asyncpg: a cursor in a transaction by a portal of its own',
    group: GROUP,
    steps: [
      a.query('BEGIN;'),
      a.send('T', 1, parse('SELECT generate_series(1,100)', 's3'), describe('S', 's3'), flush()),
      a.group(
        bind({ portal: 'p4', statement: 's3', formats: [1], results: [1] }),
        execute(50, 'p4'),
      ),
      a.group(execute(50, 'p4')),
      a.group(execute(50, 'p4')),
      a.group(close('P', 'p4')),
      a.query('COMMIT;'),
      a.group(bind({ portal: 'p5', statement: 's3', results: [1] }), execute(1, 'p5')),
    ],
  },
  {
    name: 'asyncpg: add_listener and remove_listener',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.send('n', 1, parse('LISTEN "own_schema_ch"', 's5'), describe('S', 's5'), flush()),
      a.group(bind({ statement: 's5', results: [1] }), execute()),
      b.query("NOTIFY own_schema_ch, 'x'"),
      a.notified(),
      a.query("NOTIFY own_schema_ch, 'own'", 'UNLISTEN "own_schema_ch"', RESET),
      b.query("NOTIFY own_schema_ch, 'nobody'"),
      a.query('SELECT 1'),
    ],
  },
];

const HSTORE = `SELECT t.oid, typarray
FROM pg_type t JOIN pg_namespace ns
    ON typnamespace = ns.oid
WHERE typname = 'hstore';
`;

const FRAMEWORKS: readonly Scenario[] = [
  {
    name: 'SQLAlchemy: first connection asks about itself, then transactions and inspection',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.query('BEGIN', HSTORE, 'ROLLBACK', 'BEGIN', 'select pg_catalog.version()'),
      a.query('select current_schema()', 'show transaction isolation level'),
      a.query('show standard_conforming_strings', 'SAVEPOINT "_pg3_1"'),
      a.ask('SELECT typname FROM pg_type t WHERE t.oid = to_regtype($1)', ['hstore']),
      a.query('RELEASE "_pg3_1"', 'ROLLBACK', 'BEGIN', 'SELECT 1', 'COMMIT'),
      a.query('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ'),
      a.query('BEGIN', 'show transaction isolation level', 'ROLLBACK'),
      a.query('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED'),
      a.query('BEGIN', 'show transaction isolation level', 'ROLLBACK'),
    ],
  },
  {
    name: 'Django: time zone and role at connect, atomic blocks, an iterator WITH HOLD',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: 'UTF8' } } },
    setup: `${PEOPLE} GRANT USAGE ON SCHEMA own_schema TO writer;
      GRANT ALL ON ALL TABLES IN SCHEMA own_schema TO writer;
      GRANT ALL ON ALL SEQUENCES IN SCHEMA own_schema TO writer;`,
    steps: [
      a.query("SELECT set_config('TimeZone', 'UTC', false)", 'SET ROLE "writer"', 'SELECT 1'),
      a.query('BEGIN', `INSERT INTO "own_schema"."people" ("name") VALUES ('a') RETURNING "id"`),
      a.query('SAVEPOINT "s140370763389824_x1"'),
      a.query(`INSERT INTO "own_schema"."people" ("id") VALUES (1) RETURNING "id"`),
      a.query('ROLLBACK TO SAVEPOINT "s140370763389824_x1"'),
      a.query('RELEASE SAVEPOINT "s140370763389824_x1"', 'COMMIT'),
      a.ask(
        'DECLARE "_django_curs_1_sync_1" NO SCROLL CURSOR WITH HOLD FOR SELECT "name" FROM "own_schema"."people" ORDER BY "id"',
      ),
      a.group(describe('P', '_django_curs_1_sync_1')),
      a.query('FETCH FORWARD 2 FROM "_django_curs_1_sync_1"', 'SELECT current_user'),
      a.query('FETCH FORWARD 2000 FROM "_django_curs_1_sync_1"', 'CLOSE "_django_curs_1_sync_1"'),
      a.query("SELECT set_config('TimeZone', 'Europe/Paris', false)", 'SHOW TimeZone'),
    ],
  },
  {
    name: 'Django: migrations in serializable transactions',
    group: GROUP,
    steps: [
      a.query('SET search_path = own_schema', 'BEGIN ISOLATION LEVEL SERIALIZABLE'),
      a.query(
        'CREATE TABLE "django_migrations" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL)',
        'COMMIT',
        'BEGIN ISOLATION LEVEL SERIALIZABLE',
        'CREATE TABLE "auth_group" ("id" integer NOT NULL PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, "name" varchar(80) NOT NULL UNIQUE)',
        'CREATE INDEX "auth_group_name_a6ea08ec_like" ON "auth_group" ("name" varchar_pattern_ops)',
        `INSERT INTO "django_migrations" ("app", "name") VALUES ('auth', '0001_initial') RETURNING "django_migrations"."id"`,
        'COMMIT',
        'BEGIN ISOLATION LEVEL SERIALIZABLE',
        'ALTER TABLE "auth_group" ALTER COLUMN "name" TYPE varchar(150)',
        'COMMIT',
        'SELECT "django_migrations"."id", "django_migrations"."name" FROM "django_migrations"',
      ),
    ],
  },
];

export const pythonScenarios: readonly Scenario[] = [...PSYCOPG, ...ASYNCPG, ...FRAMEWORKS];
