import {
  bind,
  close,
  copyData,
  copyDone,
  describe,
  execute,
  flush,
  int16,
  int32,
  parse,
  query,
  run,
  sync,
} from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'drivers: Go, Rust, Elixir';

const PEOPLE = `
CREATE TABLE people (id serial PRIMARY KEY, name text);
INSERT INTO people (name) VALUES ('ann'), ('bob'), ('cy');
`;
const BY_ID = 'select id, name from own_schema.people where id=$1';
const INSERT = 'insert into own_schema.people (name) values ($1)';

/** pgx: an int4 in binary, an int4 in binary and a text in text come back. */
const pgx = (name: string, id: number): Buffer =>
  Buffer.concat([
    bind({ statement: name, formats: [1], values: [int32(id)], results: [1, 0] }),
    execute(),
  ]);

const COPY_HEADER = Buffer.concat([
  Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'),
  int32(0),
  int32(0),
]);
const copyRow = (text: string): Buffer =>
  Buffer.concat([int16(1), int32(text.length), Buffer.from(text)]);

const CACHED = 'stmtcache_8c8c1724929314a9a413b594d04fcdb9848bb7cb760314f5';
const CACHED_INSERT = 'stmtcache_edbba4a19c186ba604004b83ee54fc1fbddf385ca137665b';

const GO: readonly Scenario[] = [
  {
    name: 'pgx: the statement cache, in and out of transactions',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID, CACHED), describe('S', CACHED)),
      a.group(pgx(CACHED, 1)),
      a.group(pgx(CACHED, 2)),
      a.query('begin'),
      a.group(parse(INSERT, CACHED_INSERT), describe('S', CACHED_INSERT)),
      a.group(bind({ statement: CACHED_INSERT, values: ['pgx'] }), describe('P'), execute()),
      a.query('commit'),
      a.group(pgx(CACHED, 4)),
      a.query('deallocate all'),
      a.group(pgx(CACHED, 4)),
      a.group(parse(BY_ID, CACHED), describe('S', CACHED)),
      a.group(pgx(CACHED, 4)),
    ],
  },
  {
    name: 'pgx: a batch is described in one Sync and run in another',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(
        parse('select $1::int', 'stmtcache_1'),
        describe('S', 'stmtcache_1'),
        parse('select $1::text', 'stmtcache_2'),
        describe('S', 'stmtcache_2'),
        parse(INSERT, 'stmtcache_3'),
        describe('S', 'stmtcache_3'),
      ),
      a.group(
        bind({ statement: 'stmtcache_1', formats: [1], values: [int32(1)], results: [1] }),
        execute(),
        bind({ statement: 'stmtcache_2', values: ['x'] }),
        execute(),
        bind({ statement: 'stmtcache_3', values: ['z'] }),
        describe('P'),
        execute(),
      ),
      a.group(
        bind({ statement: 'stmtcache_3', values: ['kept?'] }),
        execute(),
        bind({ statement: 'stmtcache_1', values: ['no number'] }),
        execute(),
      ),
      a.query('select count(*) from own_schema.people'),
    ],
  },
  {
    name: 'pgx: describe-and-execute without names, twice over the unnamed statement',
    group: GROUP,
    setup: PEOPLE,
    steps: [1, 2].flatMap((id) => [
      a.group(parse(BY_ID), describe('S')),
      a.group(pgx('', id)),
      a.group(parse(BY_ID, '', [23]), pgx('', id)),
    ]),
  },
  {
    name: 'pgx: LISTEN, CopyFrom in binary, a multi-statement Exec',
    group: GROUP,
    sessions: TWO,
    setup: PEOPLE,
    steps: [
      a.query('listen own_schema_pgx'),
      b.query("notify own_schema_pgx, 'p'"),
      a.notified(),
      a.group(parse('select "name" from "own_schema"."people"', 's'), describe('S', 's')),
      a.send('G', 1, query('copy "own_schema"."people" ( "name" ) from stdin binary;')),
      a.send(
        'Z',
        1,
        copyData(Buffer.concat([COPY_HEADER, copyRow('c1'), copyRow('c2')])),
        copyDone(),
      ),
      a.query('select 1; select 2', 'unlisten own_schema_pgx'),
      a.group(bind({ statement: 's' }), execute()),
    ],
  },
  {
    name: 'lib/pq: DateStyle at startup, unnamed Parse and Describe, then Bind and Execute',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: 'UTF8', datestyle: 'ISO, MDY' } } },
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID), describe('S')),
      a.group(bind({ values: ['1'], results: [1, 0] }), execute()),
      a.query('BEGIN READ WRITE'),
      a.group(parse(INSERT), describe('S')),
      a.group(bind({ values: ['pq'] }), execute()),
      a.group(parse(BY_ID, '1'), describe('S', '1')),
      a.group(bind({ statement: '1', values: ['4'] }), execute()),
      a.group(close('S', '1')),
      a.query('COMMIT', 'set search_path = own_schema', "select '2024-02-01'::date"),
      a.group(parse('select count(*) from people'), describe('S')),
      a.group(bind(), execute()),
    ],
  },
];

const OTHERS: readonly Scenario[] = [
  {
    name: 'tokio-postgres: s0, s1, a portal p0 bound in one Sync and read in others',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: 'UTF8' } } },
    setup: PEOPLE,
    steps: [
      a.group(parse(INSERT, 's0'), describe('S', 's0')),
      a.group(bind({ statement: 's0', formats: [1], values: ['rust'], results: [1] }), execute()),
      a.group(close('S', 's0')),
      a.group(parse(BY_ID, 's1'), describe('S', 's1')),
      a.group(bind({ statement: 's1', formats: [1], values: [int32(1)], results: [1] }), execute()),
      a.query('START TRANSACTION'),
      a.group(parse('select generate_series(1,7)', 's2'), describe('S', 's2')),
      a.group(bind({ statement: 's2', portal: 'p0', results: [1] })),
      a.group(execute(3, 'p0')),
      a.group(execute(3, 'p0')),
      a.group(execute(3, 'p0')),
      a.query('COMMIT', 'set search_path=own_schema; select 1'),
      a.group(bind({ statement: 's1', formats: [1], values: [int32(2)], results: [1] }), execute()),
      a.group(close('S', 's1')),
      a.group(close('P', 'p0')),
      a.group(close('S', 's2')),
    ],
  },
  {
    name: 'sqlx: settings at startup, sqlx_s_1, a portal closed with each query',
    group: GROUP,
    sessions: {
      a: {
        parameters: {
          DateStyle: 'ISO, MDY',
          client_encoding: 'UTF8',
          TimeZone: 'UTC',
          extra_float_digits: '2',
        },
      },
    },
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID, 'sqlx_s_1'), describe('S', 'sqlx_s_1')),
      ...[1, 2].map((id) =>
        a.group(
          bind({ statement: 'sqlx_s_1', formats: [1], values: [int32(id)], results: [1] }),
          execute(),
          close('P'),
        ),
      ),
      a.query("SELECT pg_advisory_lock(hashtext('own_schema'))", 'BEGIN'),
      a.query('CREATE TABLE own_schema._sqlx_migrations (version BIGINT PRIMARY KEY)', 'COMMIT'),
      a.query("SELECT pg_advisory_unlock(hashtext('own_schema'))", 'SHOW extra_float_digits'),
      a.pipeline(close('S', 'sqlx_s_1'), sync()),
      a.group(parse(BY_ID, 'sqlx_s_1'), describe('S', 'sqlx_s_1')),
    ],
  },
  {
    name: 'Postgrex: ecto_1 by Flush, a savepoint around each query of a sandbox',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.send('T', 1, parse(BY_ID, 'ecto_1'), describe('S', 'ecto_1'), flush()),
      a.group(
        bind({ statement: 'ecto_1', formats: [1], values: [int32(1)], results: [1] }),
        execute(),
      ),
      a.query('begin'),
      a.pipeline(
        run('SAVEPOINT postgrex_query'),
        bind({ statement: 'ecto_1', formats: [1], values: [int32(2)], results: [1] }),
        execute(),
        run('RELEASE SAVEPOINT postgrex_query'),
        sync(),
      ),
      a.pipeline(run('SAVEPOINT postgrex_query'), run('select 1/0'), sync()),
      a.pipeline(
        run('ROLLBACK TO SAVEPOINT postgrex_query'),
        run('RELEASE SAVEPOINT postgrex_query'),
        sync(),
      ),
      a.query('commit'),
      a.group(
        bind({ statement: 'ecto_1', formats: [1], values: [int32(3)], results: [1] }),
        execute(),
      ),
      a.group(close('S', 'ecto_1')),
    ],
  },
  {
    name: 'Ecto: a migration locks its table, and listens for what has changed',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('CREATE TABLE own_schema.schema_migrations (version bigint PRIMARY KEY)', 'begin'),
      a.query('LOCK TABLE own_schema.schema_migrations IN SHARE UPDATE EXCLUSIVE MODE'),
      a.ask('SELECT s0.version::bigint FROM own_schema.schema_migrations AS s0'),
      b.query("SET lock_timeout = '20ms'", 'BEGIN'),
      b.query('LOCK TABLE own_schema.schema_migrations IN SHARE UPDATE EXCLUSIVE MODE', 'ROLLBACK'),
      b.query('LISTEN own_schema_repo', 'SHOW lock_timeout'),
      a.ask('CREATE TABLE own_schema.posts (id bigserial PRIMARY KEY, title text)'),
      a.ask('INSERT INTO own_schema.schema_migrations VALUES ($1)', ['20240101']),
      a.ask("SELECT pg_notify('own_schema_repo', $1)", ['migrated']),
      a.query('commit'),
      b.notified(),
      b.query('SELECT * FROM own_schema.schema_migrations'),
    ],
  },
];

export const goRustScenarios: readonly Scenario[] = [...GO, ...OTHERS];
