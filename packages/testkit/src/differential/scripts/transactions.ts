import { query, run, sync } from '../../wire/frontend';
import { ask, EVERY_MODE, type Script, WITH_TRANSACTIONS } from '../script';

/** Transaction control, and the status in ReadyForQuery. */
export function transactionScripts(): readonly Script[] {
  const one = (name: string, ...texts: readonly string[]): Script => ({
    name: `transaction: ${name}`,
    modes: WITH_TRANSACTIONS,
    writes: true,
    steps: [
      ...texts.map((text) => ask(query(text))),
      ask(query('SELECT count(*) FROM differential.items')),
    ],
  });
  const insert = "INSERT INTO differential.items VALUES (40, 'x')";
  return [
    one('BEGIN and COMMIT', 'BEGIN', insert, 'COMMIT'),
    one('BEGIN and ROLLBACK', 'BEGIN', insert, 'ROLLBACK'),
    one('other words for them', 'START TRANSACTION', insert, 'END', 'BEGIN WORK', 'ABORT'),
    one('BEGIN twice warns', 'BEGIN', 'BEGIN', 'COMMIT'),
    one('COMMIT outside warns', 'COMMIT', 'ROLLBACK'),
    one(
      'COMMIT AND CHAIN',
      'BEGIN',
      insert,
      'COMMIT AND CHAIN',
      'SELECT 1',
      'ROLLBACK AND CHAIN',
      'COMMIT',
    ),
    one('CHAIN outside is an error', 'COMMIT AND CHAIN'),
    one('a failed one with CHAIN', 'BEGIN', 'SELECT 1/0', 'COMMIT AND CHAIN', 'SELECT 1', 'COMMIT'),
    one(
      'savepoints',
      'BEGIN',
      'SAVEPOINT a',
      insert,
      'SAVEPOINT b',
      'ROLLBACK TO a',
      'RELEASE a',
      'COMMIT',
    ),
    one(
      'a savepoint rescues a failed one',
      'BEGIN',
      'SAVEPOINT a',
      'SELECT 1/0',
      'ROLLBACK TO a',
      insert,
      'COMMIT',
    ),
    one('an unknown savepoint', 'BEGIN', 'ROLLBACK TO nowhere', 'ROLLBACK'),
    one('read only', 'BEGIN READ ONLY', insert, 'ROLLBACK'),
    one('SET TRANSACTION READ ONLY', 'BEGIN', 'SET TRANSACTION READ ONLY', insert, 'ROLLBACK'),
    one(
      'serializable, read only, deferrable',
      'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE',
      'SHOW transaction_isolation',
      'COMMIT',
    ),
    one(
      'SET TRANSACTION too late',
      'BEGIN',
      'SELECT 1',
      'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
      'COMMIT',
    ),
    one('PREPARE TRANSACTION is off', 'BEGIN', insert, "PREPARE TRANSACTION 'p'"),
    one(
      'temporary table dropped at COMMIT',
      'BEGIN',
      'CREATE TEMP TABLE t (a int) ON COMMIT DROP',
      'COMMIT',
    ),
    one('advisory lock of the transaction', 'BEGIN', 'SELECT pg_advisory_xact_lock(7)', 'COMMIT'),
    {
      name: 'transaction: control by the extended protocol',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(run('BEGIN'), sync()),
        ask(run('SAVEPOINT a'), sync()),
        ask(run('SELECT 1/0'), sync()),
        ask(run('ROLLBACK TO a'), sync()),
        ask(run('COMMIT AND CHAIN'), sync()),
        ask(run('ROLLBACK'), sync()),
      ],
    },
    {
      name: 'transaction: SET TRANSACTION outside warns',
      modes: EVERY_MODE,
      steps: [ask(query('SET TRANSACTION READ ONLY')), ask(query('SET LOCAL work_mem = 999'))],
    },
    {
      name: 'transaction: left open at Terminate',
      modes: WITH_TRANSACTIONS,
      steps: [ask(query('BEGIN')), ask(query(insert))],
    },
  ];
}
