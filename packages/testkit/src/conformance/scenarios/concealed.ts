import { bind, execute, functionCall, parse, run } from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

/*
 * Statements that change state and do not look like it: because they are long, by way of a catalog, a
 * search path or a number, or because of what was prepared while nobody else could see the same.
 */

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'state that is concealed',
  sessions: TWO,
  steps,
});

/** Longer than what is kept of a message. */
const LONG = `/* ${'long '.repeat(30_000)} */`;
/** Longer than what the grammar is given. */
const MIDDLING = `/* ${'long '.repeat(2500)} */`;

/** Oids of built-in functions never change. */
const LASTVAL = 2559;

const use = (name: string, ...values: readonly string[]): Buffer =>
  Buffer.concat([bind({ statement: name, values }), execute()]);

const SHOWN = "SELECT current_setting('work_mem'), current_setting('role')";

export const concealedScenarios: readonly Scenario[] = [
  of(
    'a long Parse makes a temporary table, and sets who one is',
    a.group(run(`CREATE TEMP TABLE long_temp AS SELECT 1 AS one ${LONG}`)),
    a.query('SELECT 1'),
    b.query('SELECT * FROM long_temp'),
    a.query('SELECT * FROM long_temp', 'DROP TABLE long_temp'),
    a.group(
      run(
        `SELECT set_config('work_mem', '77MB', false), set_config('role', 'reader', false) ${LONG}`,
      ),
    ),
    b.query(SHOWN),
    a.query(SHOWN, 'RESET ROLE', 'RESET ALL'),
  ),
  of(
    'UPDATE of pg_settings sets a setting',
    a.query("UPDATE pg_settings SET setting = '77777' WHERE name = 'work_mem'"),
    b.query('SHOW work_mem'),
    a.query('SHOW work_mem', 'RESET ALL', 'SHOW work_mem'),
  ),
  of(
    'tables are temporary because the search path says so',
    a.query(
      'SET search_path = pg_temp',
      'CREATE TABLE by_path (a int)',
      'INSERT INTO by_path VALUES (1)',
    ),
    b.query('SELECT * FROM by_path'),
    a.query('SELECT * FROM by_path', 'DROP TABLE by_path', 'RESET search_path'),
    a.query('SET LOCAL search_path = pg_temp; CREATE TABLE by_path (a int)'),
    b.query('SELECT * FROM pg_temp.by_path'),
    a.query('SELECT * FROM pg_temp.by_path', 'DROP TABLE pg_temp.by_path'),
  ),
  of(
    'EXECUTE in a text that is too long for the grammar',
    a.group(parse("SELECT set_config('work_mem', '77MB', false)", 'n')),
    a.query(`EXECUTE n ${MIDDLING}`),
    b.query('SHOW work_mem'),
    a.query('SHOW work_mem', 'RESET ALL'),
    a.query(`PREPARE p AS SELECT pg_advisory_lock_shared(hashtext('own_schema')) ${MIDDLING}`),
    a.query('EXECUTE p', 'DEALLOCATE p', 'SELECT 1'),
    b.query("SELECT pg_try_advisory_lock(hashtext('own_schema'))"),
    a.query('SELECT pg_advisory_unlock_all()', 'SELECT 1'),
  ),
  of(
    'types of parameters that another session has in a temporary table, or had in a transaction',
    a.query(
      'CREATE TABLE own_schema.seen (t timestamptz)',
      "INSERT INTO own_schema.seen VALUES ('epoch')",
    ),
    b.query('SET search_path = own_schema', "SET TimeZone = 'UTC'"),
    a.query('SET search_path = own_schema', "SET TimeZone = 'UTC'"),
    b.group(parse('SELECT count(*)::int FROM seen WHERE t = $1', 'q')),
    b.group(use('q', '1970-01-01 02:00+02')),
    a.query('CREATE TEMP TABLE seen (t timestamp)'),
    a.group(
      parse('SELECT count(*)::int FROM seen WHERE t = $1', 'q'),
      use('q', '1970-01-01 02:00+02'),
    ),
    a.query('DROP TABLE pg_temp.seen'),
    b.group(use('q', '1970-01-01 02:00+02')),
    a.query('DISCARD ALL', 'SET search_path = own_schema', "SET TimeZone = 'UTC'"),
    a.query('BEGIN', 'ALTER TABLE seen ALTER COLUMN t TYPE text'),
    a.group(parse('SELECT count(*)::int FROM seen WHERE t = $1', 'q')),
    a.query('ROLLBACK'),
    b.group(use('q', '1970-01-01 02:00+02')),
    b.group(use('q', '1970-01-01 00:00+00')),
  ),
  of(
    'lastval by the fast path',
    a.query('CREATE SEQUENCE own_schema.numbers', "SELECT nextval('own_schema.numbers')"),
    b.send('Z', 1, functionCall(LASTVAL, [])),
    a.send('Z', 1, functionCall(LASTVAL, [])),
    a.query('DISCARD SEQUENCES'),
  ),
];
