import { bind, describe, execute, parse } from '../../wire/frontend';
import { aside, ask, group, on, type Scenario, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'prepared statements: settings and changed tables',
  steps,
});

const use = (statement: string, ...values: readonly string[]): Buffer =>
  Buffer.concat([bind({ statement, values }), execute()]);

const CONSTANT = "SELECT '2024-01-01 00:00'::timestamptz AT TIME ZONE 'UTC', $1::int";
const TWO = { sessions: { a: {}, b: {} } };

export const preparedSettingScenarios: readonly Scenario[] = [
  of(
    'a statement parsed in one time zone and run in another',
    simple("SET TimeZone = 'UTC'"),
    group(parse(CONSTANT, 's')),
    group(use('s', '1')),
    simple("SET TimeZone = 'Asia/Tokyo'"),
    group(use('s', '2')),
    group(parse(CONSTANT, 't'), use('t', '3')),
    group(use('s', '4')),
    simple('RESET TimeZone'),
    group(use('t', '5')),
  ),
  {
    ...of(
      'one text and name in two sessions with another time zone each',
      simple("SET TimeZone = 'UTC'"),
      on('b', simple("SET TimeZone = 'Asia/Tokyo'")),
      group(parse(CONSTANT, 's'), use('s', '1')),
      on('b', group(parse(CONSTANT, 's'), use('s', '1'))),
      group(use('s', '2')),
      on('b', group(use('s', '2'))),
      on('b', group(use('s', '3'))),
      group(use('s', '3')),
    ),
    ...TWO,
  },
  {
    ...of(
      'the unnamed statement of two sessions with another DateStyle each',
      simple("SET DateStyle = 'ISO, MDY'"),
      on('b', simple("SET DateStyle = 'ISO, DMY'")),
      group(parse("SELECT '01/02/2024'::date")),
      on('b', group(parse("SELECT '01/02/2024'::date"))),
      group(bind(), execute()),
      on('b', group(bind(), execute())),
      group(bind(), execute()),
    ),
    ...TWO,
  },
  of(
    'the unnamed statement is parsed before and bound after a SET of the extended protocol',
    group(parse(CONSTANT)),
    group(parse("SET TimeZone = 'Asia/Tokyo'", 'zone'), use('zone')),
    group(bind({ values: ['1'] }), execute()),
  ),
  of(
    'standard_conforming_strings and IntervalStyle at Parse count, not at Bind',
    simple('SET escape_string_warning = off; SET standard_conforming_strings = off'),
    group(parse("SELECT 'a\\nb', interval '-1 2:03'", 's')),
    simple("RESET standard_conforming_strings; SET IntervalStyle = 'sql_standard'"),
    group(use('s')),
    group(parse("SELECT 'a\\nb', interval '-1 2:03'", 't'), use('t')),
    group(use('s')),
  ),
  {
    ...of(
      'a statement follows search_path from one schema to another',
      simple('SET search_path = own_schema'),
      group(parse('SELECT found FROM t', 's'), use('s')),
      simple('SET search_path = own_schema_2'),
      group(use('s')),
      group(describe('S', 's')),
      simple('SET search_path = nowhere'),
      group(use('s')),
      simple('SET search_path = own_schema'),
      group(use('s')),
    ),
    setup: `CREATE TABLE t AS SELECT 'first' AS found;
      CREATE SCHEMA own_schema_2; CREATE TABLE own_schema_2.t AS SELECT 'second' AS found`,
    cleanup: 'DROP SCHEMA own_schema_2 CASCADE',
  },
  {
    ...of(
      'one text and name in two sessions with another search_path each',
      simple('SET search_path = own_schema'),
      on('b', simple('SET search_path = own_schema_2')),
      group(parse('SELECT found FROM t', 's'), describe('S', 's')),
      on('b', group(parse('SELECT found FROM t', 's'), describe('S', 's'))),
      group(use('s')),
      on('b', group(use('s'))),
      group(use('s')),
      on('b', group(use('s')), group(describe('S', 's'))),
    ),
    setup: `CREATE TABLE t AS SELECT 'first' AS found;
      CREATE SCHEMA own_schema_2; CREATE TABLE own_schema_2.t AS SELECT 2 AS found`,
    cleanup: 'DROP SCHEMA own_schema_2 CASCADE',
    ...TWO,
  },
  {
    ...of(
      'cached plan must not change result type: the columns of a table change',
      group(parse('SELECT * FROM own_schema.t', 's'), describe('S', 's')),
      group(use('s')),
      aside('ALTER TABLE own_schema.t ADD COLUMN added int DEFAULT 5'),
      group(use('s')),
      group(describe('S', 's')),
      group(parse('SELECT * FROM own_schema.t', 't'), describe('S', 't'), use('t')),
    ),
    setup: 'CREATE TABLE t AS SELECT 1 AS n',
  },
  {
    ...of(
      'cached plan must not change result type: within a transaction',
      group(parse('SELECT * FROM own_schema.t', 's'), describe('S', 's')),
      group(use('s')),
      aside('ALTER TABLE own_schema.t ALTER COLUMN n TYPE text'),
      simple('BEGIN'),
      group(use('s')),
      simple('ROLLBACK'),
      group(use('s')),
      group(parse('SELECT * FROM own_schema.t')),
      group(bind(), describe('P'), execute()),
    ),
    setup: 'CREATE TABLE t AS SELECT 1 AS n',
  },
  {
    ...of(
      'a table is dropped and made again with the same columns',
      group(parse('SELECT n FROM own_schema.t', 's'), use('s')),
      simple('DROP TABLE own_schema.t'),
      group(use('s')),
      simple('CREATE TABLE own_schema.t AS SELECT 2 AS n'),
      group(use('s')),
      group(describe('S', 's')),
    ),
    setup: 'CREATE TABLE t AS SELECT 1 AS n',
  },
  {
    ...of(
      'types of the database: enums, domains and composites in parameters and rows',
      group(
        parse('SELECT $1::own_schema.mood, $2::own_schema.small, $3::own_schema.pair', 's'),
        describe('S', 's'),
      ),
      group(use('s', 'glad', '5', '(1,two)')),
      group(use('s', 'angry', '5', '(1,two)')),
      group(use('s', 'sad', '500', '(1,two)')),
      simple("ALTER TYPE own_schema.mood ADD VALUE 'angry'"),
      group(use('s', 'angry', '5', '(1,two)')),
    ),
    setup: `CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN small AS int CHECK (VALUE < 100);
      CREATE TYPE pair AS (one int, two text)`,
  },
  of(
    'binary parameters and results',
    group(
      parse('SELECT $1::int4, $2::text, $3::timestamptz, 1.5::float8', 's'),
      describe('S', 's'),
    ),
    group(
      bind({
        statement: 's',
        formats: [1, 0, 0],
        values: [Buffer.from('0000002a', 'hex'), 'text', '2024-01-01 00:00Z'],
        results: [1],
      }),
      describe('P'),
      execute(),
    ),
    simple("SET TimeZone = 'Asia/Tokyo'"),
    group(
      bind({
        statement: 's',
        formats: [1],
        values: [Buffer.from('0000002b', 'hex'), 'bytes', Buffer.from('0002a0b5aefd6000', 'hex')],
        results: [0, 1, 0, 1],
      }),
      describe('P'),
      execute(),
    ),
    group(bind({ statement: 's', formats: [0], values: ['1', '2', null], results: [1, 0, 1, 1] })),
  ),
  of(
    'a setting changed between Parse and Execute of one group',
    group(
      parse('SELECT now() IS NOT NULL, current_setting($1)', 's'),
      parse("SET own_schema.x = 'in the group'", 'set'),
      use('set'),
      use('s', 'own_schema.x'),
    ),
    group(use('s', 'own_schema.x')),
    ask("SELECT current_setting('own_schema.x')"),
  ),
  of(
    'now() and the words for dates that are read at Parse',
    simple('BEGIN'),
    group(parse("SELECT 'now'::timestamptz = now(), 'today'::date = current_date", 's'), use('s')),
    simple('COMMIT'),
    group(parse("SELECT 'now'::timestamptz < now()", 't')),
    simples('SELECT pg_sleep(0.01)', 'SELECT 1'),
    group(use('t')),
    group(use('t')),
  ),
];
