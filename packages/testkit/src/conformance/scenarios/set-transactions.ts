import { query, run, sync } from '../../wire/frontend';
import { ask, group, on, pipeline, type Scenario, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'settings and transactions',
  steps,
});

const COLUMN = 'T current_setting(table 0.0 type 25,-1,-1 format 0)';
const SHOWN = "SELECT current_setting('work_mem'), current_setting('own_schema.x', true)";

/** What only a link knows on which a custom setting has once been set, be it for a transaction. */
const ONCE_SET = 'a custom setting that nobody has set on the link is NULL there, else empty';

/** What `SHOWN` says then. */
const NEVER_SET = [`${COLUMN} ${COLUMN.slice('T '.length)}`, 'D "4MB" NULL', 'C SELECT 1', 'Z I'];

export const setTransactionScenarios: readonly Scenario[] = [
  of(
    'SET in a transaction that is rolled back has not happened',
    simples(
      "SET own_schema.x = 'before'; SET TimeZone = 'Europe/Rome'",
      'BEGIN',
      "SET own_schema.x = 'within'; SET TimeZone = 'Asia/Seoul'; SET work_mem = '2MB'",
      SHOWN,
      'ROLLBACK',
      SHOWN,
      'SHOW TimeZone',
    ),
  ),
  of(
    'SET in a transaction that is committed lasts',
    simples(
      'BEGIN',
      "SET own_schema.x = 'within'",
      "SET work_mem = '2MB'",
      'COMMIT',
      SHOWN,
      'BEGIN',
      SHOWN,
    ),
    simple('END'),
  ),
  of(
    'SET after a savepoint goes with ROLLBACK TO and stays with RELEASE',
    simples(
      'BEGIN',
      "SET own_schema.x = 'one'",
      'SAVEPOINT a',
      "SET own_schema.x = 'two'",
      'SAVEPOINT b',
      "SET own_schema.x = 'three'; SET work_mem = '2MB'",
      'ROLLBACK TO b',
      SHOWN,
      'ROLLBACK TO a',
      SHOWN,
      "SET work_mem = '3MB'",
      'RELEASE a',
      'COMMIT',
      SHOWN,
    ),
  ),
  of(
    'after an error, ROLLBACK TO saves what was set before the savepoint',
    simples(
      'BEGIN',
      "SET own_schema.x = 'kept'",
      'SAVEPOINT s',
      "SET own_schema.x = 'lost'",
      'SELECT 1/0',
      SHOWN,
      'ROLLBACK TO SAVEPOINT s',
      SHOWN,
      'COMMIT',
      SHOWN,
    ),
  ),
  of(
    'SET LOCAL ends with its transaction',
    simples(
      "SET own_schema.x = 'session'",
      'BEGIN',
      "SET LOCAL own_schema.x = 'local'; SET LOCAL TIME ZONE 'Asia/Tokyo'",
      SHOWN,
      'COMMIT',
      SHOWN,
      'SHOW TimeZone',
      "BEGIN; SELECT set_config('own_schema.x', 'local', true); SHOW own_schema.x; COMMIT",
      SHOWN,
    ),
  ),
  {
    ...of(
      'SET LOCAL outside a transaction warns and does nothing',
      simples("SET LOCAL own_schema.x = 'y'", SHOWN, 'SET LOCAL TIME ZONE UTC', 'SHOW TimeZone'),
      ask("SET LOCAL work_mem = '2MB'"),
      simple(SHOWN),
    ),
    differences: [
      {
        reason: ONCE_SET,
        dependsOnLink: true,
        instead: { 2: NEVER_SET, 6: NEVER_SET },
      },
    ],
  },
  of(
    'SET and SET LOCAL of one setting in one transaction, either first',
    simples(
      "BEGIN; SET own_schema.x = 'session'; SET LOCAL own_schema.x = 'local'",
      SHOWN,
      'COMMIT',
      SHOWN,
      "BEGIN; SET LOCAL own_schema.x = 'local'; SET own_schema.x = 'later'",
      SHOWN,
      'COMMIT',
      SHOWN,
      "BEGIN; SET own_schema.x = 'gone'; SET LOCAL own_schema.x = 'local'; ROLLBACK",
      SHOWN,
    ),
  ),
  {
    ...of(
      'set_config that is local, with bind parameters, within a transaction',
      simple('BEGIN'),
      ask('SELECT set_config($1, $2, true)', ['own_schema.claims', '{"sub":"7"}']),
      ask("SELECT current_setting('own_schema.claims')"),
      simples('COMMIT', "SELECT current_setting('own_schema.claims', true)"),
    ),
    differences: [
      {
        reason: ONCE_SET,
        dependsOnLink: true,
        instead: { 5: [COLUMN, 'D NULL', 'C SELECT 1', 'Z I'] },
      },
    ],
  },
  {
    ...of(
      'a custom setting that another session has set once',
      simples("SET own_schema.once = 'x'", 'SHOW own_schema.once'),
      on('b', simples("SELECT current_setting('own_schema.once', true)", 'SHOW own_schema.once')),
    ),
    sessions: { a: {}, b: {} },
    differences: [
      {
        reason: ONCE_SET,
        dependsOnLink: true,
        instead: {
          3: [COLUMN, 'D ""', 'C SELECT 1', 'Z I'],
          4: ['T own_schema.once(table 0.0 type 25,-1,-1 format 0)', 'D ""', 'C SHOW', 'Z I'],
        },
      },
    ],
  },
  of(
    'SET in a failed transaction is refused and nothing of it lasts',
    simples(
      'BEGIN',
      "SET own_schema.x = 'first'",
      'SELECT 1/0',
      "SET own_schema.x = 'second'",
      'COMMIT',
      SHOWN,
      "SET own_schema.x = 'third'",
      SHOWN,
    ),
  ),
  of(
    'RESET and RESET ALL in a transaction that is rolled back',
    simples(
      "SET own_schema.x = 'set'; SET work_mem = '2MB'; SET TimeZone = 'Asia/Tokyo'",
      'BEGIN',
      'RESET work_mem',
      SHOWN,
      'RESET ALL',
      SHOWN,
      'SHOW TimeZone',
      'ROLLBACK',
      SHOWN,
      'SHOW TimeZone',
    ),
  ),
  of(
    'SET TRANSACTION and BEGIN with options are for one transaction only',
    simples(
      'BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE',
      'SHOW transaction_isolation',
      'CREATE TABLE own_schema.t (n int)',
      'ROLLBACK',
      'BEGIN',
      'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
      'SHOW transaction_isolation',
      'COMMIT AND CHAIN',
      'SHOW transaction_isolation',
      'COMMIT',
      'SHOW transaction_isolation',
      'SET TRANSACTION READ ONLY',
      'SHOW transaction_read_only',
    ),
  ),
  of(
    'SET LOCAL does not reach a chained transaction',
    simples(
      "BEGIN; SET LOCAL own_schema.x = 'local'",
      'COMMIT AND CHAIN',
      SHOWN,
      'ROLLBACK AND CHAIN',
      SHOWN,
    ),
    simple('COMMIT'),
  ),
  of(
    'an error in the same group of messages undoes a SET',
    group(run("SET own_schema.x = 'lost'"), run('SELECT 1/0')),
    simple(SHOWN),
    group(run("SET own_schema.x = 'kept'"), run('SELECT 1')),
    simple(SHOWN),
  ),
  of(
    'in a pipeline a SET is in force for what follows, and only its own group undoes it',
    pipeline(
      run("SET own_schema.x = 'one'"),
      sync(),
      run("SET own_schema.x = 'two'"),
      run('SELECT 1/0'),
      sync(),
      run(SHOWN),
      sync(),
      query("SET own_schema.x = 'three'"),
      run(SHOWN),
      sync(),
    ),
    simple(SHOWN),
  ),
  of(
    'BEGIN, SET and COMMIT or ROLLBACK in one text',
    simples(
      "BEGIN; SET own_schema.x = 'kept'; COMMIT",
      SHOWN,
      "BEGIN; SET own_schema.x = 'lost'; ROLLBACK",
      SHOWN,
      "SET own_schema.x = 'out'; BEGIN; SET work_mem = '2MB'",
      'ROLLBACK',
      SHOWN,
      "SET own_schema.x = 'a'; COMMIT; SET own_schema.x = 'b'; SELECT 1/0",
      SHOWN,
    ),
  ),
  {
    ...of(
      'an error at COMMIT undoes a SET',
      simples(
        'BEGIN',
        "SET own_schema.x = 'lost'; SET TimeZone = 'Asia/Tokyo'",
        'INSERT INTO own_schema.child VALUES (1)',
        'COMMIT',
        SHOWN,
        'SHOW TimeZone',
      ),
    ),
    setup: `CREATE TABLE parent (id int PRIMARY KEY);
      CREATE TABLE child (parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`,
  },
  {
    ...of(
      'SET in a transaction that is prepared for two-phase commit',
      simples(
        'BEGIN',
        "SET own_schema.x = 'set'",
        'INSERT INTO own_schema.t VALUES (1)',
        "PREPARE TRANSACTION 'own_schema'",
        SHOWN,
        "COMMIT PREPARED 'own_schema'",
        'SELECT * FROM own_schema.t',
        SHOWN,
      ),
    ),
    setup: 'CREATE TABLE t (n int)',
  },
  {
    ...of(
      'a procedure that sets, commits and then fails',
      simples('CALL own_schema.steps()', 'SHOW own_schema.x', 'SHOW TimeZone', 'SHOW DateStyle'),
    ),
    setup: `CREATE PROCEDURE steps() LANGUAGE plpgsql AS $$ BEGIN
        PERFORM set_config('TimeZone', 'Asia/Tokyo', false);
        COMMIT;
        PERFORM set_config('DateStyle', 'German', false);
        RAISE EXCEPTION 'too late';
      END $$`,
  },
];
