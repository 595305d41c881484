import { bind, close, describe, execute, parse, query, run, sync } from '../../wire/frontend';
import { group, notified, on, pipeline, type Scenario, send, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'SQL and protocol in one pipeline',
  steps,
});

const LISTED = 'SELECT name, statement, from_sql FROM pg_prepared_statements ORDER BY 1';
const CHANNELS = 'SELECT * FROM pg_listening_channels() ORDER BY 1';

const NOON = "SELECT extract(epoch FROM '2024-06-01 12:00'::timestamptz)::bigint";

/** Bind and Execute of a named statement. */
const use = (name: string, ...values: readonly string[]): Buffer =>
  Buffer.concat([bind({ statement: name, values }), execute()]);

export const sqlPipelineScenarios: readonly Scenario[] = [
  of(
    'EXECUTE of a statement of the protocol in the middle of a group',
    group(parse('SELECT 1', 'a'), parse('SELECT $1::text', 'b')),
    group(run('SELECT 0'), run('EXECUTE a'), use('b', 'x'), run("EXECUTE b('y')"), use('a')),
    group(use('a'), run('EXECUTE a')),
    simple('EXECUTE a'),
  ),
  of(
    'DEALLOCATE in the middle of a group, and the same names again behind it',
    group(parse('SELECT 1', 'a'), parse('SELECT 2', 'b')),
    group(use('a'), run('DEALLOCATE a'), parse('SELECT 3', 'a'), use('a'), use('b')),
    group(use('a'), run('DEALLOCATE ALL'), parse('SELECT 4', 'b'), use('b'), describe('S', 'a')),
    group(use('b')),
    group(use('a')),
    simple(LISTED),
  ),
  of(
    'prepared again behind DEALLOCATE ALL, with a second one and other DISCARDs in the same group',
    group(parse('SELECT 1', 'a')),
    group(
      run('DEALLOCATE ALL'),
      parse('SELECT 2', 'a'),
      run('DISCARD PLANS'),
      parse('SELECT 3', 'b'),
    ),
    group(use('a'), use('b')),
    group(run('DEALLOCATE ALL'), parse('SELECT 4', 'a'), run('SELECT 1/0'), run('DEALLOCATE ALL')),
    group(use('a')),
    group(
      run('DEALLOCATE ALL'),
      parse('SELECT 5', 'a'),
      run('DEALLOCATE ALL'),
      parse('SELECT 6', 'b'),
    ),
    group(use('b')),
    group(use('a')),
  ),
  of(
    'a statement from under other settings, in one write behind the end of a failed transaction',
    group(parse(NOON, 'a'), parse(NOON)),
    simple("SET TimeZone = 'Asia/Tokyo'"),
    simples('BEGIN', 'SET search_path = nowhere', 'SELECT 1/0'),
    pipeline(query('COMMIT'), use('a'), sync()),
    simples('BEGIN', 'SELECT 1/0'),
    pipeline(query('ROLLBACK'), run('SELECT 1'), use('a'), sync()),
    group(parse(NOON)),
    simple("SET TimeZone = 'Europe/Paris'"),
    group(parse(NOON)),
    group(run("SET TimeZone = 'UTC'"), run('BEGIN'), run('SELECT 1/0')),
    pipeline(run('ROLLBACK'), sync(), use('a'), sync()),
  ),
  of(
    'a group that fails before and behind a DEALLOCATE',
    group(parse('SELECT 1', 'a'), parse('SELECT 2', 'b')),
    group(run('SELECT 1/0'), run('DEALLOCATE a'), close('S', 'b')),
    group(use('a'), use('b')),
    group(run('DEALLOCATE a'), run('SELECT 1/0'), close('S', 'b')),
    group(use('b')),
    group(use('a')),
  ),
  of(
    'a name that is taken, in the middle of a group',
    group(parse('SELECT 1', 'a')),
    group(run('SELECT 2'), parse('SELECT 3', 'a'), use('a')),
    group(use('a')),
    group(run('SET own_schema.x = 1'), parse('SELECT 3', 'a')),
    group(run('SELECT 4'), parse('SELEC', 'a')),
    group(use('a'), close('S', 'a'), parse('SELECT 5', 'a'), use('a')),
    group(use('a')),
  ),
  of(
    'groups in one write, of which the first one fails before its Parse',
    pipeline(run('SELECT 1/0'), parse('SELECT 1', 'a'), sync(), use('a'), sync()),
    pipeline(
      ...[run('SELECT 1/0'), parse('SELECT 1', 'a'), sync()],
      ...[run('SELECT 2'), parse('SELECT 3', 'a'), sync(), use('a'), sync()],
    ),
    pipeline(parse('SELEC', 'b'), sync(), run('SELECT 4'), parse('SELECT 5', 'b'), sync()),
    group(use('b')),
    pipeline(
      ...[run('SELECT 1/0'), parse('SELECT 6', 'c'), sync()],
      ...[run('SELECT 1/0'), close('S', 'c'), sync(), use('c'), sync()],
    ),
    group(use('c')),
  ),
  of(
    'in a transaction that has failed: the first statement leaves it, and the next ones need names',
    group(parse('SELECT 1', 'a')),
    simples('BEGIN', 'SELECT 1/0', 'ROLLBACK; EXECUTE a; SELECT 2', 'EXECUTE a'),
    simples('BEGIN', 'SELECT 1/0', 'ROLLBACK; SELECT 1/0; EXECUTE a', 'EXECUTE a'),
    simples('BEGIN', 'SAVEPOINT s', 'SELECT 1/0', 'ROLLBACK TO s; EXECUTE a', 'COMMIT'),
    simples(
      'BEGIN',
      'SELECT 1/0',
      'ROLLBACK TO nowhere; EXECUTE a',
      'ROLLBACK; SELECT nosuch_column',
    ),
    simples('BEGIN', 'SELECT 1/0'),
    group(run('ROLLBACK'), run('EXECUTE a'), use('a'), run('DEALLOCATE a')),
    group(use('a')),
  ),
  of(
    'EXECUTE changes a setting, whoever has prepared it',
    group(parse("SELECT set_config('own_schema.x', $1::text, false)", 'set')),
    simples("EXECUTE set('one')", 'SHOW own_schema.x'),
    group(run('SELECT 1'), use('set', 'two')),
    simple('SHOW own_schema.x'),
    simples(
      "PREPARE other AS SELECT set_config('own_schema.y', 'three', false)",
      'EXECUTE other',
      'SHOW own_schema.y',
    ),
    group(use('other')),
    simples("SET own_schema.y = 'four'", 'SELECT 1', 'SHOW own_schema.y'),
    group(use('other'), run('SHOW own_schema.y')),
    simples('DEALLOCATE ALL', 'SHOW own_schema.x', 'SHOW own_schema.y'),
  ),
  of(
    'statements keep the settings that they were read under, behind a SET in the same group',
    simple("SET TimeZone = 'UTC'"),
    group(parse(NOON, 'a')),
    group(run("SET TimeZone = 'Asia/Tokyo'"), use('a')),
    simples('SELECT 1', 'BEGIN', "SET TimeZone = 'Asia/Kathmandu'"),
    group(run('SELECT 1'), use('a')),
    simple('ROLLBACK'),
    group(use('a'), run('SHOW TimeZone')),
    simple('EXECUTE a'),
  ),
  of(
    'the catalogue of prepared statements, at the beginning and in the middle of a group',
    group(parse('SELECT 1', 'a')),
    group(run(LISTED), use('a')),
    group(use('a'), run(LISTED), parse('SELECT 2', 'b'), run(LISTED)),
    simples('BEGIN', LISTED),
    group(parse('SELECT 3', 'c'), run(LISTED)),
    simples('ROLLBACK', LISTED),
  ),
  of(
    'currval in the middle of a group',
    simple('CREATE TEMP SEQUENCE s'),
    group(
      run('SELECT 1'),
      run("SELECT nextval('s')"),
      run("SELECT currval('s')"),
      run('SELECT lastval()'),
    ),
    simple("SELECT currval('s')"),
  ),
  {
    ...of(
      'UNLISTEN in a transaction that resets everything before it commits',
      simples(
        'LISTEN own_schema_a',
        'LISTEN own_schema_b',
        'SELECT 1',
        'BEGIN',
        'UNLISTEN own_schema_a',
      ),
      group(run('RESET ALL'), run('SELECT 2'), run('COMMIT')),
      on('b', simple("NOTIFY own_schema_a, 'no'"), simple("NOTIFY own_schema_b, 'yes'")),
      notified(1),
      simple(CHANNELS),
    ),
    sessions: { a: {}, b: {} },
  },
  of(
    'UNLISTEN in a group is in force when the group is over',
    simples('LISTEN own_schema_a', 'SELECT 1'),
    group(run('DISCARD PLANS'), run('UNLISTEN *'), run(CHANNELS)),
    simples(CHANNELS, 'LISTEN own_schema_b', 'SELECT 1', 'DISCARD ALL', CHANNELS),
  ),
  {
    ...of(
      'UNLISTEN in a savepoint that is rolled back',
      simples('LISTEN own_schema_a', 'SELECT 1', 'BEGIN', 'SAVEPOINT s', 'UNLISTEN own_schema_a'),
      simples('ROLLBACK TO s', 'COMMIT'),
      on('b', simple("NOTIFY own_schema_a, 'yes'")),
      notified(1),
      simple(CHANNELS),
    ),
    sessions: { a: {}, b: {} },
  },
  {
    ...of(
      'SET LOCAL by the extended protocol, and a statement that another session has prepared, too',
      on('b', group(parse(NOON, 's'), use('s'))),
      simple('BEGIN'),
      group(run("SET LOCAL TimeZone = 'Asia/Tokyo'"), parse(NOON, 's'), use('s')),
      simple('COMMIT'),
      on('b', group(use('s'))),
      group(close('S', 's'), parse(NOON, 's'), use('s')),
      on('b', group(use('s'))),
    ),
    sessions: { a: {}, b: {} },
  },
  of(
    'a group makes the table that a statement of before needs',
    simple('CREATE TEMP TABLE made (n int)'),
    group(
      ...[parse('CREATE TEMP TABLE made (n int)', 'make'), describe('S', 'make')],
      ...[parse('INSERT INTO made VALUES (1) RETURNING n', 'put'), describe('S', 'put')],
    ),
    simple('DROP TABLE made'),
    group(use('make'), use('put'), run('DROP TABLE made')),
    group(use('put')),
    group(use('make'), use('put'), run('DROP TABLE made')),
  ),
  of(
    'SET TRANSACTION stands in front of a statement that was prepared before',
    group(
      parse("SELECT current_setting('transaction_isolation')", 'level'),
      describe('S', 'level'),
    ),
    simple('BEGIN'),
    group(run('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'), use('level')),
    simple('COMMIT'),
    group(use('level')),
  ),
  of(
    'a simple query behind a message that fails, without a Sync between them, is skipped',
    send('Z', 1, parse('SELEC'), query('SET own_schema.x = 1'), sync()),
    simple("SELECT current_setting('own_schema.x', true) IS NULL"),
  ),
  of(
    'a simple query between the Parse and the Bind of the unnamed statement',
    group(parse('SELECT 1')),
    pipeline(query('SELECT 2'), use(''), sync()),
    group(parse('SELECT 3')),
    group(use(''), run('SELECT 4')),
  ),
];
