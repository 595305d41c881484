import { bind, copyData, copyDone, describe, execute, parse, query } from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'frameworks and tools';

const POSTS = `
CREATE TABLE posts (id bigserial PRIMARY KEY, title text, made date DEFAULT '2024-02-01');
INSERT INTO posts (title) VALUES ('one'), ('two');
`;
const FIND = 'SELECT "posts".* FROM "posts" WHERE "posts"."id" = $1 LIMIT $2';

/** exec_prepared of Ruby's pg. */
const ruby = (name: string, ...values: readonly string[]): Buffer =>
  Buffer.concat([
    bind({ statement: name, formats: values.map(() => 0), values, results: [0] }),
    describe('P'),
    execute(),
  ]);

const RAILS_CONNECT: readonly string[] = [
  "SET client_min_messages TO 'warning'",
  'SET search_path TO "own_schema", "public"',
  'SET standard_conforming_strings = on',
  'SET intervalstyle = iso_8601',
  "SET SESSION timezone TO 'UTC'",
  'SHOW max_identifier_length',
  'SHOW search_path',
];

const RAILS: readonly Scenario[] = [
  {
    name: 'Rails: settings at connect, then statements a1 and a2 inside and outside of transactions',
    group: GROUP,
    setup: POSTS,
    steps: [
      a.query(...RAILS_CONNECT),
      a.group(parse(FIND, 'a1')),
      a.group(ruby('a1', '1', '1')),
      a.query('BEGIN'),
      a.group(parse('INSERT INTO "posts" ("title") VALUES ($1) RETURNING "id"', 'a2')),
      a.group(ruby('a2', 'three')),
      a.query('SAVEPOINT active_record_1', 'RELEASE SAVEPOINT active_record_1', 'COMMIT'),
      a.group(ruby('a1', '3', '1')),
      a.query("SELECT '1 day 2 hours'::interval", 'DROP TABLE IF EXISTS never_there'),
    ],
  },
  {
    name: 'Rails: DEALLOCATE a1 when its cache is full, or after a change of the table',
    group: GROUP,
    setup: POSTS,
    steps: [
      a.query(...RAILS_CONNECT),
      a.group(parse(FIND, 'a1')),
      a.group(ruby('a1', '1', '1')),
      a.query('ALTER TABLE posts ADD COLUMN body text'),
      a.group(ruby('a1', '1', '1')),
      a.query('DEALLOCATE a1'),
      a.group(parse(FIND, 'a2')),
      a.group(ruby('a2', '1', '1')),
      a.group(ruby('a1', '1', '1')),
      a.query('DEALLOCATE "a2"', 'DEALLOCATE a2'),
    ],
  },
  {
    name: 'Rails: reset! of a connection discards all and configures it again',
    group: GROUP,
    setup: POSTS,
    steps: [
      a.query(...RAILS_CONNECT, 'BEGIN', "UPDATE posts SET title = 'lost'", 'ROLLBACK'),
      a.query('DISCARD ALL', 'SHOW search_path', 'SHOW intervalstyle', ...RAILS_CONNECT),
      a.query('SELECT title FROM posts ORDER BY id'),
    ],
  },
  {
    name: 'Rails: migrations under an advisory lock, while another deployment tries',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(...RAILS_CONNECT, "SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      b.query(...RAILS_CONNECT, "SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      a.query(
        'CREATE TABLE "schema_migrations" ("version" character varying NOT NULL PRIMARY KEY)',
        'BEGIN',
        'CREATE TABLE "users" ("id" bigserial primary key, "name" character varying)',
        'CREATE UNIQUE INDEX "index_users_on_name" ON "users" ("name")',
        `INSERT INTO "schema_migrations" ("version") VALUES ('20240101000000') RETURNING "version"`,
        'COMMIT',
        "SELECT pg_advisory_unlock(hashtext('own_schema'))",
      ),
      b.query("SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      b.query('SELECT "schema_migrations"."version" FROM "schema_migrations"'),
      b.query("SELECT pg_advisory_unlock(hashtext('own_schema'))"),
    ],
  },
];

const TOOLS: readonly Scenario[] = [
  {
    name: 'pg_dump: its settings, and one long transaction that reads and copies',
    group: GROUP,
    sessions: { a: { parameters: { application_name: 'pg_dump' } }, b: {} },
    setup: POSTS,
    steps: [
      a.query(
        "SELECT pg_catalog.set_config('search_path', '', false);",
        'SELECT pg_catalog.pg_is_in_recovery()',
        'SET DATESTYLE = ISO',
        'SET INTERVALSTYLE = POSTGRES',
        'SET extra_float_digits TO 3',
        'SET synchronize_seqscans TO off',
        'SET statement_timeout = 0',
        'SET lock_timeout = 0',
        'SET idle_in_transaction_session_timeout = 0',
        'SET row_security = off',
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'",
        'BEGIN',
        'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
        'LOCK TABLE own_schema.posts IN ACCESS SHARE MODE',
      ),
      b.query("INSERT INTO own_schema.posts (title) VALUES ('too late')"),
      a.query(
        'PREPARE getName(pg_catalog.oid) AS SELECT typname FROM pg_catalog.pg_type WHERE oid = $1',
        "EXECUTE getName('23')",
        "EXECUTE getName('25')",
        'SELECT pg_catalog.current_schemas(false)',
        'SELECT last_value, is_called FROM own_schema.posts_id_seq',
        'COPY own_schema.posts (id, title, made) TO stdout;',
      ),
    ],
  },
  {
    name: 'pg_restore: settings and search_path for all, then each object by itself',
    group: GROUP,
    steps: [
      a.query(
        "SET statement_timeout = 0; SET lock_timeout = 0; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SELECT pg_catalog.set_config('search_path', '', false); SET check_function_bodies = false; SET xmloption = content; SET client_min_messages = warning; SET row_security = off;",
        "SET default_tablespace = '';",
        'SET default_table_access_method = heap;',
        'CREATE TABLE own_schema.restored (id integer NOT NULL, name text);',
        "CREATE FUNCTION own_schema.later() RETURNS integer LANGUAGE sql AS 'SELECT id FROM own_schema.not_yet';",
        'CREATE TABLE unqualified (id integer);',
      ),
      a.send('G', 1, query('COPY own_schema.restored (id, name) FROM stdin;\n')),
      a.send('Z', 1, copyData('1\tone\n2\ttwo\n'), copyDone()),
      a.query(
        'ALTER TABLE ONLY own_schema.restored ADD CONSTRAINT restored_pkey PRIMARY KEY (id);',
        'SELECT count(*) FROM own_schema.restored',
        'SHOW check_function_bodies',
        'SHOW row_security',
      ),
    ],
  },
  {
    name: 'psql: a script with SET, temporary table, PREPARE and a cursor, one statement each',
    group: GROUP,
    setup: POSTS,
    sessions: { a: { parameters: { application_name: 'psql', client_encoding: 'UTF8' } } },
    steps: [
      a.query(
        "SET DateStyle TO 'German';",
        'SET search_path TO own_schema;',
        'CREATE TEMP TABLE report AS SELECT made, count(*) FROM posts GROUP BY made;',
        'PREPARE by_date AS SELECT * FROM report WHERE made = $1;',
        "EXECUTE by_date ('01.02.2024');",
        'BEGIN;',
        'DECLARE _psql_cursor NO SCROLL CURSOR FOR SELECT title FROM posts ORDER BY id;',
        'FETCH FORWARD 1 FROM _psql_cursor;',
        'FETCH FORWARD 2 FROM _psql_cursor;',
        'CLOSE _psql_cursor;',
        'COMMIT;',
        'DROP TABLE report;',
        "EXECUTE by_date ('01.02.2024');",
        'DEALLOCATE ALL;',
        'SHOW DateStyle;',
      ),
    ],
  },
  {
    name: 'Flyway: search_path by set_config, role restored, a lock around the history table',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.ask('SELECT version() IS NOT NULL'),
      a.ask('SHOW search_path'),
      a.ask('SELECT CURRENT_USER'),
      a.ask("SELECT set_config('search_path', $1, false)", ['own_schema,public']),
      a.ask("SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      b.ask("SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      a.ask('BEGIN'),
      a.query(
        'CREATE TABLE "flyway_schema_history" ("installed_rank" INT NOT NULL PRIMARY KEY, "version" VARCHAR(50), "success" BOOLEAN NOT NULL);\nCREATE INDEX "flyway_s_idx" ON "flyway_schema_history" ("success");',
      ),
      a.ask('COMMIT'),
      a.ask('BEGIN'),
      a.query(
        'SET search_path TO public; SET ROLE reader; CREATE TABLE own_schema.refused (n int)',
      ),
      a.ask('ROLLBACK'),
      a.ask('BEGIN'),
      a.query('CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1)'),
      a.ask('INSERT INTO "flyway_schema_history" VALUES ($1, $2, true)', ['1', '1.0']),
      a.ask('COMMIT'),
      a.ask("SET ROLE 'app'"),
      a.ask("SELECT set_config('search_path', $1, false)", ['"$user", public']),
      a.ask("SELECT pg_advisory_unlock(hashtext('own_schema'))"),
      b.ask("SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      b.query('SELECT * FROM own_schema.flyway_schema_history', 'SELECT pg_advisory_unlock_all()'),
      a.query('SHOW search_path', 'SELECT count(*) FROM accounts', 'SELECT current_user'),
    ],
  },
  {
    name: 'migration: tables in a transaction, then statements prepared on them',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('SET search_path = own_schema', 'BEGIN', 'CREATE TABLE fresh (id int, name text)'),
      a.group(parse('INSERT INTO fresh VALUES ($1, $2)', 'ins')),
      a.group(ruby('ins', '1', 'one')),
      a.query('COMMIT'),
      a.group(ruby('ins', '2', 'two')),
      b.query('SET search_path = own_schema'),
      b.group(parse('SELECT name FROM fresh WHERE id = $1', 'sel')),
      b.group(ruby('sel', '2')),
      a.query(
        'ALTER TABLE fresh ADD COLUMN more int DEFAULT 7',
        'ALTER TABLE fresh DROP COLUMN id',
      ),
      b.group(ruby('sel', '2')),
      a.group(ruby('ins', '3', 'three')),
      a.query('DROP TABLE fresh'),
      a.group(ruby('ins', '4', 'four')),
      b.group(ruby('sel', '1')),
    ],
    differences: [
      {
        reason:
          'types of parameters that a Parse leaves open are those of the table when the link first prepares it',
        dependsOnLink: true,
        instead: { 14: ['E ERROR 22P02', 'Z I'], 16: ['E ERROR 22P02', 'Z I'] },
      },
    ],
  },
];

export const frameworkScenarios: readonly Scenario[] = [...RAILS, ...TOOLS];
