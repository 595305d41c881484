import { query } from '../../wire/frontend';
import { ask, EVERY_MODE, type Script, WITH_TRANSACTIONS } from '../script';

const COUNT = query('SELECT count(*) FROM differential.items');

/** Several statements in one Query. */
export function multiStatementScripts(): readonly Script[] {
  const one = (name: string, sql: string): Script => ({
    name: `multi-statement: ${name}`,
    modes: EVERY_MODE,
    writes: true,
    steps: [ask(query(sql)), ask(COUNT)],
  });
  const insert = (id: number): string => `INSERT INTO differential.items VALUES (${id}, 'x')`;
  return [
    one('three results', "SELECT 1; SELECT 'two', 2; SELECT generate_series(1, 3)"),
    one('an error rolls back what came before', `${insert(30)}; SELECT 1/0; ${insert(31)}`),
    one('a syntax error at the end runs nothing', `${insert(30)}; SELEC 1`),
    one('COMMIT in the middle', `${insert(30)}; COMMIT; ${insert(31)}; SELECT 1/0`),
    one('ROLLBACK in the middle', `${insert(30)}; ROLLBACK; ${insert(31)}`),
    one('a whole transaction', `BEGIN; ${insert(30)}; ${insert(31)}; COMMIT`),
    one('a whole transaction and more', `BEGIN; ${insert(30)}; COMMIT; ${insert(31)}; SELECT 5`),
    one('a transaction that is rolled back', `BEGIN; ${insert(30)}; ROLLBACK; SELECT 1`),
    one('statement before BEGIN', `${insert(30)}; BEGIN; ${insert(31)}; COMMIT`),
    one('SAVEPOINT in an implicit transaction', 'SAVEPOINT s; SELECT 1'),
    one('VACUUM is refused', 'SELECT 1; VACUUM differential.items'),
    one('hundred statements', Array.from({ length: 100 }, (_, i) => `SELECT ${i}`).join(';')),
    one(
      'results of many kinds',
      "SELECT 1 AS a; VALUES (1, 'b'), (2, NULL); SHOW server_version_num; EXPLAIN (COSTS OFF) SELECT 1",
    ),
    {
      name: 'multi-statement: leaves a transaction open',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query(`BEGIN; ${insert(30)}`)),
        ask(COUNT),
        ask(query('ROLLBACK; SELECT 1')),
        ask(COUNT),
      ],
    },
    {
      name: 'multi-statement: leaves a failed transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN; SELECT 1/0; COMMIT')),
        ask(query('SELECT 1')),
        ask(query('COMMIT; SELECT 2')),
        ask(COUNT),
      ],
    },
    {
      name: 'multi-statement: ends one transaction and begins another',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(query('COMMIT; BEGIN')),
        ask(query('SELECT 1')),
        ask(query('ROLLBACK; BEGIN; SELECT 1; COMMIT')),
      ],
    },
    {
      name: 'multi-statement: a transaction left open, in statement mode',
      modes: ['statement'],
      steps: [ask(query('BEGIN'))],
      differences: [
        {
          reason: 'statement mode refuses transaction blocks, as PgBouncer does',
          through: ['C BEGIN\\u0000', 'E FATAL 0A000', 'closed'],
        },
      ],
    },
  ];
}
