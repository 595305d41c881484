import { query } from '../../wire/frontend';
import { ask, closed, EVERY_MODE, type Script, send, WITH_TRANSACTIONS } from '../script';

/** Errors of simple queries, and what follows them. */
export function errorScripts(): readonly Script[] {
  return [
    {
      name: 'error: syntax error, then a good query',
      modes: EVERY_MODE,
      steps: [ask(query('SELEC 1')), ask(query('SELECT 2'))],
    },
    {
      name: 'error: position and hint',
      modes: EVERY_MODE,
      steps: [ask(query('SELECT nmae FROM differential.items')), ask(query("SELECT lenght('x')"))],
    },
    {
      name: 'error: detail, schema, table and constraint of a unique violation',
      modes: EVERY_MODE,
      steps: [ask(query("INSERT INTO differential.items VALUES (1, 'again')"))],
    },
    {
      name: 'error: column of a NOT NULL violation',
      modes: EVERY_MODE,
      steps: [ask(query('INSERT INTO differential.items VALUES (99, NULL)'))],
    },
    {
      name: 'error: raised with a SQLSTATE, detail and hint of its own',
      modes: EVERY_MODE,
      steps: [ask(query("SELECT differential.fail('ZZ001', 'raised')"))],
    },
    {
      name: 'error: context of nested functions',
      modes: EVERY_MODE,
      steps: [ask(query("DO $$ BEGIN PERFORM differential.fail('P0001', 'in a DO'); END $$"))],
    },
    {
      name: 'error: in the middle of a result',
      modes: EVERY_MODE,
      steps: [
        ask(query('SELECT 10 / (6 - i) FROM generate_series(1, 10) i')),
        ask(query('SELECT 1')),
      ],
    },
    {
      name: 'error: after 10,000 rows',
      modes: EVERY_MODE,
      steps: [ask(query('SELECT i / (10001 - i) FROM generate_series(1, 10002) i'))],
    },
    {
      name: 'error: a message of 100 kB, with detail',
      modes: EVERY_MODE,
      steps: [
        ask(query("SELECT differential.fail('P0001', repeat('long ', 20000))")),
        ask(query('SELECT 1')),
      ],
    },
    {
      name: 'error: a message of 5 MB',
      modes: EVERY_MODE,
      steps: [ask(query("SELECT differential.fail('P0001', repeat('12345678', 655360))"))],
    },
    {
      name: 'error: text that is not UTF-8',
      modes: EVERY_MODE,
      steps: [
        ask(
          Buffer.concat([
            Buffer.from('510000000f53454c45435420', 'hex'),
            Buffer.from("'\xff'\0", 'latin1'),
          ]),
        ),
        ask(query('SELECT 1')),
      ],
    },
    {
      name: 'error: failed transaction refuses statements until ROLLBACK',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(query('SELECT 1/0')),
        ask(query('SELECT 1')),
        ask(query('ROLLBACK')),
        ask(query('SELECT 1')),
      ],
    },
    {
      name: 'error: COMMIT of a failed transaction says ROLLBACK',
      modes: WITH_TRANSACTIONS,
      steps: [ask(query('BEGIN')), ask(query('SELECT 1/0')), ask(query('COMMIT'))],
    },
    {
      name: 'error: deferred constraint at COMMIT',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(query('INSERT INTO differential.children VALUES (1, 7)')),
        ask(query('COMMIT')),
        ask(query('SELECT count(*) FROM differential.children')),
      ],
    },
    {
      name: 'error: deferred constraint at the end of a single statement',
      modes: EVERY_MODE,
      steps: [ask(query('INSERT INTO differential.children VALUES (1, 7)'))],
    },
    {
      name: 'error: statement_timeout inside a transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(query("SET LOCAL statement_timeout = '150ms'")),
        ask(query('SELECT pg_sleep(10)')),
        ask(query('ROLLBACK')),
      ],
    },
    {
      name: 'error: statement_timeout within one multi-statement query',
      modes: EVERY_MODE,
      steps: [ask(query("SET LOCAL statement_timeout = '150ms'; SELECT pg_sleep(10)"))],
    },
    {
      name: 'error: a session that ends itself gets the FATAL and the close',
      modes: EVERY_MODE,
      steps: [send(query('SELECT pg_terminate_backend(pg_backend_pid())')), closed()],
    },
    {
      name: 'error: a session that ends itself inside a transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        send(query('SELECT pg_terminate_backend(pg_backend_pid())')),
        closed(),
      ],
    },
  ];
}
