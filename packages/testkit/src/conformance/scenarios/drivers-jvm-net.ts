import {
  bind,
  close,
  describe,
  execute,
  int32,
  parse,
  query,
  run,
  sync,
} from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'drivers: JVM and .NET';

const PEOPLE = `
CREATE TABLE people (id int PRIMARY KEY, name text);
CREATE SEQUENCE people_seq INCREMENT 50;
INSERT INTO people SELECT g, 'person ' || g FROM generate_series(1, 9) g;
`;
const BY_ID = 'select name from own_schema.people where id = $1';
const INSERT = 'insert into own_schema.people (name, id) values ($1, $2)';
const VARCHAR = 1043;
const INT4 = 23;

/** Without Describe, as pgjdbc sends what gives no rows. */
const order = (sql: string, name = ''): Buffer =>
  Buffer.concat([parse(sql, name), bind({ statement: name }), execute(1)]);
const again = (name: string): Buffer => Buffer.concat([bind({ statement: name }), execute(1)]);
const byId = (name: string, id: number): Buffer =>
  Buffer.concat([
    bind({ statement: name, formats: [1], values: [int32(id)] }),
    describe('P'),
    execute(),
  ]);

const JDBC_START = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO',
  TimeZone: 'Europe/Berlin',
} as const;

const JDBC: readonly Scenario[] = [
  {
    name: 'pgjdbc: startup parameters, extra_float_digits and application_name at connect',
    group: GROUP,
    sessions: { a: { parameters: JDBC_START } },
    steps: [
      a.group(order('SET extra_float_digits = 3')),
      a.group(order("SET application_name = 'PostgreSQL JDBC Driver'")),
      a.ask("select '2024-07-01 12:00+00'::timestamptz, 0.1::float4, current_date = now()::date"),
      a.ask('SHOW application_name'),
      a.ask('SHOW TRANSACTION ISOLATION LEVEL'),
      a.group(parse(''), bind(), execute()),
      a.ask('RESET ALL'),
      a.ask("select '2024-07-01 12:00+00'::timestamptz, current_setting('extra_float_digits')"),
    ],
  },
  {
    name: 'pgjdbc: BEGIN, query and COMMIT become S_1, S_2 and S_3 after five executions',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      ...[1, 2, 3, 4].flatMap((id) => [
        a.group(order('BEGIN'), parse(BY_ID, '', [INT4]), byId('', id)),
        a.group(order('COMMIT')),
      ]),
      a.group(order('BEGIN', 'S_1'), parse(BY_ID, 'S_2', [INT4]), byId('S_2', 5)),
      a.group(order('COMMIT', 'S_3')),
      a.group(again('S_1'), byId('S_2', 6)),
      a.group(again('S_3')),
      a.group(again('S_1'), byId('S_2', 7)),
      a.group(byId('S_2', 8)),
      a.group(again('S_3')),
    ],
  },
  {
    name: 'pgjdbc: Close is sent ahead of the next Parse, and the name comes back for another text',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID, 'S_1', [INT4]), byId('S_1', 1)),
      a.group(close('S', 'S_1'), parse('select $1::int4 + 1', 'S_2', [INT4]), byId('S_2', 2)),
      a.group(close('S', 'S_2'), parse('select $1::int4 * 2', 'S_1', [INT4]), byId('S_1', 3)),
      a.group(byId('S_2', 3)),
      a.group(byId('S_1', 4)),
    ],
  },
  {
    name: 'pgjdbc: fetch size reads a portal C_1 in pieces, and closes it later',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(
        order('BEGIN'),
        parse('select id from own_schema.people order by id', 'S_1'),
        bind({ statement: 'S_1', portal: 'C_1' }),
        describe('P', 'C_1'),
        execute(4, 'C_1'),
      ),
      a.group(execute(4, 'C_1')),
      a.group(execute(4, 'C_1')),
      a.group(close('P', 'C_1'), order('COMMIT')),
    ],
  },
  {
    name: 'pgjdbc: a batch of inserts in one Sync, which fails in the middle',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(parse(INSERT, 'S_1', [VARCHAR, INT4]), describe('S', 'S_1')),
      ...[
        ['20', '21', '22'],
        ['23', '20', '24'],
      ].map((ids) =>
        a.group(
          order('BEGIN'),
          ...ids.flatMap((id) => [
            bind({ statement: 'S_1', values: ['batch', id] }),
            describe('P'),
            execute(1),
          ]),
        ),
      ),
      a.group(order('ROLLBACK')),
      a.ask('select count(*) from own_schema.people'),
    ],
  },
  {
    name: 'pgjdbc: setReadOnly, setTransactionIsolation, setSchema and back',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(order('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY')),
      a.group(order('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ')),
      a.group(order("SET SESSION search_path TO 'own_schema'")),
      a.group(order('BEGIN'), run('delete from people')),
      a.group(order('ROLLBACK')),
      a.ask('SHOW TRANSACTION ISOLATION LEVEL'),
      a.group(order('SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE')),
      a.group(order('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED')),
      a.ask('select count(*) from people'),
      a.ask('SHOW TRANSACTION ISOLATION LEVEL'),
      a.ask('SHOW transaction_read_only'),
    ],
  },
  {
    name: 'pgjdbc: autosave with a savepoint around each query',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(order('BEGIN'), order('SAVEPOINT PGJDBC_AUTOSAVE', 'S_1'), run('select 1/0')),
      a.group(order('ROLLBACK TO SAVEPOINT PGJDBC_AUTOSAVE', 'S_2')),
      a.group(again('S_1'), run('select 1')),
      a.group(order('RELEASE SAVEPOINT PGJDBC_AUTOSAVE', 'S_3'), order('COMMIT')),
    ],
  },
  {
    name: 'pgjdbc: a changed table spoils a prepared query, which is parsed again',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(
        parse('select * from own_schema.people where id = $1', 'S_1', [INT4]),
        byId('S_1', 1),
      ),
      a.ask('alter table own_schema.people add column extra int default 7'),
      a.group(byId('S_1', 1)),
      a.group(close('S', 'S_1')),
      a.group(
        parse('select * from own_schema.people where id = $1', 'S_2', [INT4]),
        byId('S_2', 1),
      ),
    ],
  },
  {
    name: 'Hibernate: nextval of a pooled sequence, flush of a batch, schema by connection',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(order("SET SESSION search_path TO 'own_schema', 'public'")),
      a.ask("select nextval('people_seq')"),
      a.group(order('BEGIN'), run("select nextval('people_seq')")),
      a.group(
        parse('insert into people (name,id) values ($1,$2)', '', [VARCHAR, INT4]),
        bind({ values: ['x', '51'] }),
        execute(1),
        bind({ values: ['y', '52'] }),
        execute(1),
      ),
      a.group(order('COMMIT')),
      a.ask("select currval('people_seq')"),
      a.ask('select p1_0.id, p1_0.name from people p1_0 where p1_0.id > 9 order by 1'),
    ],
  },
];

/** What Npgsql sends ahead of the first command after a connection came back to its pool. */
const CLEAN = 'DISCARD ALL';
const CLEAN_PREPARED =
  'SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_advisory_unlock_all();DISCARD SEQUENCES;DISCARD TEMP';
const BEGIN = 'BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED';

const NPGSQL: readonly Scenario[] = [
  {
    name: 'Npgsql: DISCARD ALL rides ahead of the next user’s first command',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: 'UTF8', TimeZone: 'Asia/Tokyo' } } },
    setup: PEOPLE,
    steps: [
      a.ask('SELECT version() IS NOT NULL'),
      a.query(
        "SET search_path = 'own_schema'",
        'CREATE TEMP TABLE t (n int)',
        'LISTEN own_schema_n',
      ),
      a.pipeline(query(CLEAN), run('SELECT current_setting($1)', ['TimeZone']), sync()),
      a.pipeline(run('SELECT * FROM t'), sync(), run('SHOW search_path'), sync()),
      a.pipeline(query(CLEAN), run(BY_ID, ['1']), sync()),
    ],
  },
  {
    name: 'Npgsql: with statements prepared for good, all but these is reset',
    group: GROUP,
    sessions: TWO,
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID, '_p1'), describe('S', '_p1')),
      a.group(bind({ statement: '_p1', values: ['1'] }), describe('P'), execute()),
      a.query("SELECT pg_advisory_lock(hashtext('own_schema'))", "SET TimeZone = 'Asia/Tokyo'"),
      b.query("SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      a.pipeline(
        query(CLEAN_PREPARED),
        bind({ statement: '_p1', values: ['2'] }),
        describe('P'),
        execute(),
        sync(),
      ),
      b.query("SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
      a.query('SHOW TimeZone'),
      b.query('SELECT pg_advisory_unlock_all()'),
    ],
  },
  {
    name: 'Npgsql: BEGIN rides ahead of the first command, statements are prepared automatically',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.pipeline(query(BEGIN), run(INSERT, ['n', '30']), sync()),
      a.query('COMMIT'),
      a.pipeline(
        query(BEGIN),
        parse(BY_ID, '_auto0'),
        bind({ statement: '_auto0', values: ['30'] }),
        describe('P'),
        execute(),
        sync(),
      ),
      a.group(bind({ statement: '_auto0', values: ['1'] }), describe('P'), execute()),
      a.query('ROLLBACK'),
      a.group(
        close('S', '_auto0'),
        parse(INSERT, '_auto1'),
        bind({ statement: '_auto1', values: ['m', '31'] }),
        describe('P'),
        execute(),
        bind({ statement: '_auto1', values: ['m', '31'] }),
        describe('P'),
        execute(),
      ),
      a.ask('select count(*) from own_schema.people where id > 9'),
    ],
  },
];

export const jvmNetScenarios: readonly Scenario[] = [...JDBC, ...NPGSQL];
