import { bind, describe, execute, parse, query, run, sync } from '../../wire/frontend';
import { group, pipeline, type Scenario, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'SQL and protocol in one pipeline',
  steps,
});

const LISTED = 'SELECT name, statement, from_sql FROM pg_prepared_statements ORDER BY 1';

/** Bind and Execute of a named statement. */
const use = (name: string, ...values: readonly string[]): Buffer =>
  Buffer.concat([bind({ statement: name, values }), execute()]);

/** What a group finds depends on one in front of it that PostgreSQL has not answered yet. */
export const groupPartScenarios: readonly Scenario[] = [
  {
    ...of(
      'a group that leaves a failed transaction and goes on',
      simple('SET search_path = own_schema'),
      group(parse('SELECT 1 FROM own_schema.left_behind', 'a')),
      group(parse('SELECT 2 FROM left_behind', 'b')),
      simples('SET search_path = nowhere', 'BEGIN', 'SELECT 1/0'),
      group(run('ROLLBACK'), run(LISTED), use('a')),
      simples('BEGIN', 'SELECT 1/0'),
      group(run('COMMIT'), run('EXECUTE a'), run('EXECUTE b')),
      simples('BEGIN', 'SELECT 1/0'),
      group(
        run('ROLLBACK'),
        run('INSERT INTO own_schema.left_behind VALUES (1)'),
        run('SELECT 1/0'),
      ),
      group(use('a')),
      simples('BEGIN', 'SAVEPOINT s', 'SELECT 1/0'),
      group(run('ROLLBACK TO SAVEPOINT none'), run('SELECT 1'), run(LISTED)),
      group(run('ROLLBACK TO SAVEPOINT s'), run(LISTED), run('SELECT 1/0'), run('SELECT 2')),
      pipeline(query('ROLLBACK'), run('ABORT'), run(LISTED), sync(), run('SELECT 3'), sync()),
      simples('BEGIN', 'SELECT 1/0'),
      pipeline(
        ...[use('a'), run('END'), run('ABORT'), sync()],
        ...[query('ABORT; COMMIT; SELECT 6'), query('SELECT 7')],
      ),
      pipeline(
        query('BEGIN; SELECT 1/0'),
        run('END'),
        run('VACUUM own_schema.left_behind'),
        sync(),
      ),
      pipeline(query('BEGIN; SELECT 1/0'), run('END'), run('BEGIN'), run('SELECT 4'), sync()),
      group(run('SELECT 1/0'), run('SELECT 5')),
      group(run('ROLLBACK'), run('SET search_path = own_schema'), use('b'), run(LISTED)),
    ),
    setup: 'CREATE TABLE own_schema.left_behind (n int);',
  },
  of(
    'a setting that is made by a statement whose name was to be given once more in the same write',
    group(parse("SELECT set_config('own_schema.x', $1::text, false)", 'a')),
    simples('CREATE TEMP TABLE b ()', "EXECUTE a('1')", 'SELECT 1'),
    pipeline(describe('S', 'a'), parse('SELECT $1::text', 'a'), sync(), use('a', '2'), sync()),
    simples('SELECT 1', 'DROP TABLE b', 'SELECT 1', "SELECT current_setting('own_schema.x')"),
    group(use('a', '3')),
    simple("SELECT current_setting('own_schema.x')"),
  ),
];
