import { bind, execute, parse, run } from '../../wire/frontend';
import { ask, group, type Scenario, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'SET, SHOW, set_config',
  steps,
});

export const setScenarios: readonly Scenario[] = [
  of(
    'SET by simple query lasts over transactions',
    simples(
      "SET statement_timeout = '17s'",
      'SHOW statement_timeout',
      'BEGIN',
      'SHOW statement_timeout',
      'COMMIT',
      'SHOW statement_timeout',
    ),
  ),
  of(
    'SET by the extended protocol lasts over transactions',
    ask("SET work_mem = '5MB'"),
    ask('SHOW work_mem'),
    group(run("SET work_mem = '6MB'"), run('SHOW work_mem')),
    simple('SHOW work_mem'),
  ),
  of(
    'SET SESSION and SET x TO y with several spellings',
    simples(
      'SET SESSION lock_timeout TO 1500',
      'set Session "lock_timeout" = 2500 /* comment ; SET lock_timeout = 1 */',
      'SHOW LOCK_TIMEOUT',
      "/* first */ SET -- then\n  DateStyle TO 'ISO', 'DMY'",
      'SHOW datestyle',
      'SET geqo = off; SET geqo_threshold TO 7;',
      "SELECT current_setting('geqo'), current_setting('geqo_threshold')",
    ),
  ),
  of(
    'set_config that is not local lasts',
    simples(
      "SELECT set_config('work_mem', '3MB', false)",
      'SHOW work_mem',
      "SELECT set_config('own_schema.first', 'one', false), set_config('own_schema.second', 'two', false)",
      "SELECT current_setting('own_schema.first'), current_setting('own_schema.second')",
    ),
  ),
  of(
    'set_config with bind parameters for name and value',
    ask('SELECT set_config($1, $2, false)', ['timezone', 'Asia/Kolkata']),
    ask('SELECT set_config($2, $1, $3)', ['11MB', 'work_mem', 'f']),
    ask('SELECT set_config($1, $2, $3)', ['lock_timeout', '9s', 't']),
    simples('SHOW work_mem', 'SHOW TimeZone', 'SHOW lock_timeout'),
  ),
  of(
    'a named statement of set_config is bound to one setting after another',
    group(parse('SELECT set_config($1, $2, false)', 'setter')),
    group(bind({ statement: 'setter', values: ['own.tenant', '1'] }), execute()),
    group(bind({ statement: 'setter', values: ['IntervalStyle', 'iso_8601'] }), execute()),
    group(bind({ statement: 'setter', values: ['own.tenant', '2'] }), execute()),
    simple("SELECT current_setting('own.tenant'), interval '1 day 2 hours'"),
  ),
  of(
    'a named statement that is a SET is executed again after another SET',
    group(parse("SET own_schema.step = 'prepared'", 'set_it')),
    group(bind({ statement: 'set_it' }), execute()),
    simples('SHOW own_schema.step', "SET own_schema.step = 'simple'", 'SHOW own_schema.step'),
    group(bind({ statement: 'set_it' }), execute()),
    simple('SHOW own_schema.step'),
  ),
  {
    ...of(
      'set_config whose names come from a table',
      simples(
        'SELECT set_config(name, value, false) FROM own_schema.wanted ORDER BY name',
        'SHOW work_mem',
        'SHOW own_schema.colour',
        'SHOW TimeZone',
      ),
    ),
    setup: `CREATE TABLE wanted (name text, value text);
      INSERT INTO wanted VALUES ('own_schema.colour', 'green'), ('TimeZone', 'Asia/Dubai'), ('work_mem', '2MB')`,
  },
  of(
    'SET in a DO block lasts',
    simples(
      "DO $$ BEGIN SET work_mem = '12MB'; PERFORM set_config('own_schema.done', 'yes', false); END $$",
      'SHOW work_mem',
      'SHOW own_schema.done',
      "DO $$ BEGIN EXECUTE format('SET %I = %L', 'lock_timeout', '4s'); END $$",
      'SHOW lock_timeout',
    ),
  ),
  {
    ...of(
      'a reported setting that is set inside a function lasts',
      simples(
        'SELECT own_schema.travel()',
        'SHOW TimeZone',
        "SELECT '2024-06-01 12:00Z'::timestamptz",
      ),
    ),
    setup: `CREATE FUNCTION travel() RETURNS void LANGUAGE plpgsql AS
      $$ BEGIN PERFORM set_config('TimeZone', 'America/Bogota', false); END $$`,
  },
  {
    ...of(
      "a function's own SET clause ends with the function",
      simples(
        "SET TimeZone = 'Europe/Paris'",
        "SELECT own_schema.at('2024-06-01 12:00Z')",
        "SELECT '2024-06-01 12:00Z'::timestamptz",
      ),
    ),
    setup: `CREATE FUNCTION at(t timestamptz) RETURNS text LANGUAGE sql SET TimeZone = 'Asia/Tokyo'
      AS 'SELECT t::text'`,
  },
  of(
    'settings of one text with several statements',
    simples(
      "SET work_mem = '2MB'; SHOW work_mem; SET work_mem = '3MB'; SHOW work_mem",
      'SHOW work_mem',
      "SET own_schema.a = '1'; SELECT current_setting('own_schema.a'); SET own_schema.b = '2'; SELECT 1",
      "SELECT current_setting('own_schema.a'), current_setting('own_schema.b')",
    ),
  ),
  of(
    'an error in a text with several statements undoes its settings',
    simples(
      "SET own_schema.a = 'before'",
      "SET own_schema.a = 'within'; SET work_mem = '2MB'; SELECT 1/0; SET own_schema.a = 'after'",
      'SHOW own_schema.a',
      'SHOW work_mem',
    ),
  ),
  of(
    'values with units are shown as PostgreSQL writes them',
    simples(
      "SET statement_timeout = '90s'",
      'SHOW statement_timeout',
      'SET statement_timeout = 61000',
      'SHOW statement_timeout',
      "SET work_mem = '1.5MB'",
      'SHOW work_mem',
      "SET work_mem = '3 furlongs'",
      "SET statement_timeout = '-5s'",
      'SHOW work_mem',
      'SHOW statement_timeout',
    ),
  ),
  of(
    'an invalid value leaves the old one',
    simples(
      "SET IntervalStyle = 'postgres_verbose'",
      "SET IntervalStyle = 'nonsense'",
      "SET TimeZone = 'Nowhere/City'",
      "SET client_encoding = 'klingon'",
      "SET search_path = ''",
      'SHOW IntervalStyle',
      'SHOW TimeZone',
      'SHOW search_path',
    ),
  ),
  of(
    'names that do not exist or may not be set',
    simples(
      'SET no_such_setting = 1',
      'SHOW no_such_setting',
      "SET shared_buffers = '1MB'",
      "SET server_version = '1'",
      'SET ignore_system_indexes = on',
      "SET log_statement = 'all'",
      'SET session_replication_role = replica',
      "SELECT set_config('no_such_setting', '1', false)",
      'RESET no_such_setting',
      'SHOW log_statement',
    ),
  ),
  of(
    'a custom setting: unknown, set, empty after RESET',
    simples(
      'SHOW own_schema.thing',
      "SELECT current_setting('own_schema.thing', true)",
      "SET own_schema.thing = 'O''Reilly \"x\" \\ %'",
      'SHOW own_schema.thing',
      'RESET own_schema.thing',
      "SELECT current_setting('own_schema.thing', true) IS NULL, current_setting('own_schema.thing', true)",
      "SET own_schema.deep.er = '1'",
      'SHOW own_schema.deep.er',
      'SET "own_schema"."thing" = 5',
      'SHOW own_schema.thing',
      "SET own.1x = '1'",
    ),
  ),
  of(
    'pg_settings tells what the session has set',
    simples(
      "SET work_mem = '2MB'; SET own_schema.x = '1'; SET extra_float_digits = 2; SET jit = off",
      `SELECT name, setting, source FROM pg_settings WHERE source = 'session' ORDER BY name`,
      'RESET jit; SET extra_float_digits TO DEFAULT',
      `SELECT name, setting, source FROM pg_settings WHERE source = 'session' ORDER BY name`,
    ),
  ),
];
