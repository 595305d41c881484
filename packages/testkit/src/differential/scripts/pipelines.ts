import {
  bind,
  close,
  describe,
  execute,
  flush,
  parse,
  query,
  run,
  sync,
  terminate,
} from '../../wire/frontend';
import {
  ask,
  closed,
  EVERY_MODE,
  type KnownDifference,
  ready,
  type Script,
  send,
  until,
  WITH_TRANSACTIONS,
} from '../script';

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** What `run('SELECT <digit>')` answers. */
function answer(digit: number): readonly string[] {
  return [
    '1',
    '2',
    'T ?column?(table 0.0 type 23,4,-1 format 0)',
    `D \\u0000\\u0001\\u0000\\u0000\\u0000\\u0001${digit}`,
    'C SELECT 1\\u0000',
  ];
}

/** A Query in place of a Sync leaves the implicit transaction open in PostgreSQL 18, which reports `T`. */
function refusedInStatementMode(answers: readonly string[]): KnownDifference {
  return {
    reason: 'statement mode refuses transactions that stay open, as PgBouncer does',
    modes: ['statement'],
    majors: [18],
    through: [...answers, 'E FATAL 0A000', 'closed'],
  };
}

/** Several requests on the way at once. */
export function pipelineScripts(): readonly Script[] {
  return [...withSyncs(), ...withFlush(), ...ofQueries(), ...withTransactions()];
}

function withSyncs(): readonly Script[] {
  return [
    {
      name: 'pipeline: ten requests with a Sync each',
      modes: EVERY_MODE,
      steps: [ask(...times(10, (i) => [run('SELECT $1::int', [`${i}`]), sync()]).flat())],
    },
    {
      name: 'pipeline: 500 requests in one write',
      modes: EVERY_MODE,
      steps: [ask(...times(500, (i) => [run('SELECT $1::int', [`${i}`]), sync()]).flat())],
    },
    {
      name: 'pipeline: ten requests with one Sync',
      modes: EVERY_MODE,
      steps: [ask(...times(10, (i) => run('SELECT $1::int', [`${i}`])), sync())],
    },
    {
      name: 'pipeline: 300 replies of 20 kB each',
      large: true,
      modes: EVERY_MODE,
      steps: [ask(...times(300, (i) => [run(`SELECT repeat('${i % 10}', 20000)`), sync()]).flat())],
    },
    {
      name: 'pipeline: five Syncs and nothing else',
      modes: EVERY_MODE,
      steps: [ask(...times(5, () => sync())), ask(query('SELECT 1'))],
    },
    {
      name: 'pipeline: error in the middle, each with a Sync',
      modes: EVERY_MODE,
      steps: [
        ask(...times(9, (i) => [run('SELECT 1/($1::int - 4)', [`${i}`]), sync()]).flat()),
        ask(query('SELECT 1')),
      ],
    },
    {
      name: 'pipeline: error in the middle, one Sync, rolls all back',
      modes: EVERY_MODE,
      writes: true,
      steps: [
        ask(
          run("INSERT INTO differential.items VALUES (50, 'x')"),
          run('SELECT 1/0'),
          run("INSERT INTO differential.items VALUES (51, 'x')"),
          sync(),
        ),
        ask(query('SELECT count(*) FROM differential.items WHERE id >= 50')),
      ],
    },
    {
      name: 'pipeline: simple and extended mixed in one write',
      modes: EVERY_MODE,
      steps: [
        ask(query('SELECT 1'), run('SELECT 2'), sync(), query('SELEC 3'), run('SELECT 4'), sync()),
      ],
    },
    {
      name: 'pipeline: a Query in the middle of extended messages without a Sync',
      modes: EVERY_MODE,
      steps: [ask(run('SELECT 1'), query('SELECT 2'), run('SELECT 3'), sync())],
      differences: [refusedInStatementMode([...answer(1), ...answer(2).slice(2)])],
    },
    {
      name: 'pipeline: Terminate behind a query that runs',
      modes: EVERY_MODE,
      steps: [send(query('SELECT 1'), run('SELECT 2'), sync(), terminate()), closed()],
    },
    {
      name: 'pipeline: Terminate behind extended messages without a Sync',
      modes: EVERY_MODE,
      steps: [send(run('SELECT 1'), terminate()), closed()],
    },
    {
      name: 'pipeline: queries behind Terminate are not run',
      modes: EVERY_MODE,
      steps: [send(query('SELECT 1'), terminate(), query('SELECT 2')), closed()],
    },
  ];
}

function withFlush(): readonly Script[] {
  return [
    {
      name: 'flush: replies come without ReadyForQuery',
      modes: EVERY_MODE,
      steps: [send(run('SELECT 1'), flush()), until('C'), ask(sync())],
    },
    {
      name: 'flush: after each message',
      modes: EVERY_MODE,
      steps: [
        send(parse('SELECT $1::int'), flush()),
        until('1'),
        send(describe('S'), flush()),
        until('T'),
        send(bind({ values: ['7'] }), flush()),
        until('2'),
        send(execute(), flush()),
        until('C'),
        send(close('S'), flush()),
        until('3'),
        ask(sync()),
      ],
    },
    {
      name: 'flush: many requests, Sync only at the end',
      modes: EVERY_MODE,
      steps: [
        ...times(5, (i) => [send(run('SELECT $1::int', [`${i}`]), flush()), until('C')]).flat(),
        ask(sync()),
        ask(query('SELECT 1')),
      ],
    },
    {
      name: 'flush: nothing but Flush, then Sync',
      modes: EVERY_MODE,
      steps: [send(flush(), flush()), ask(sync()), send(flush()), ask(query('SELECT 1'))],
    },
    {
      name: 'flush: Query in place of the Sync',
      modes: EVERY_MODE,
      steps: [send(run('SELECT 1'), flush()), until('C'), ask(query('SELECT 2')), ask(sync())],
      differences: [refusedInStatementMode([...answer(1), ...answer(2).slice(2)])],
    },
    {
      name: 'flush: an implicit transaction is open until Sync',
      modes: EVERY_MODE,
      writes: true,
      steps: [
        send(run("INSERT INTO differential.items VALUES (60, 'x')"), flush()),
        until('C'),
        send(run('SELECT 1/0'), flush()),
        until('E'),
        ask(sync()),
        ask(query('SELECT count(*) FROM differential.items WHERE id = 60')),
      ],
    },
  ];
}

function ofQueries(): readonly Script[] {
  return [
    {
      name: 'pipeline: 100 simple queries in one write',
      modes: EVERY_MODE,
      steps: [ask(...times(100, (i) => query(`SELECT ${i}`)))],
    },
    {
      name: 'pipeline: simple queries with errors between them',
      modes: EVERY_MODE,
      steps: [ask(...times(20, (i) => query(i % 3 === 0 ? `SELECT ${i}/0` : `SELECT ${i}`)))],
    },
    {
      name: 'pipeline: simple queries while large results come back',
      large: true,
      modes: EVERY_MODE,
      steps: [
        ask(
          ...times(20, (i) => query(`SELECT ${i}, repeat('x', 200) FROM generate_series(1, 1000)`)),
        ),
      ],
    },
  ];
}

function withTransactions(): readonly Script[] {
  return [
    {
      name: 'pipeline: a whole transaction in one write',
      modes: WITH_TRANSACTIONS,
      writes: true,
      steps: [
        ask(
          query('BEGIN'),
          query("INSERT INTO differential.items VALUES (70, 'x')"),
          run('SELECT name FROM differential.items WHERE id = $1', ['70']),
          sync(),
          query('COMMIT'),
        ),
      ],
    },
    {
      name: 'pipeline: transactions end and begin within one write',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(
          ...times(20, (i) => [
            run('BEGIN'),
            sync(),
            run('SELECT $1::int', [`${i}`]),
            sync(),
            run(i % 2 === 0 ? 'COMMIT' : 'ROLLBACK'),
            sync(),
          ]).flat(),
        ),
      ],
    },
    {
      name: 'pipeline: BEGIN, failure, COMMIT, next transaction in one write',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(
          query('BEGIN'),
          query('SELECT 1/0'),
          query('SELECT 1'),
          query('COMMIT'),
          query('BEGIN'),
          query('SELECT 2'),
          query('COMMIT'),
        ),
      ],
    },
    {
      name: 'pipeline: a transaction in one Sync',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(run('BEGIN'), run('SELECT 1'), run('COMMIT'), sync()),
        ask(run('BEGIN'), run('SELECT 1/0'), run('COMMIT'), sync()),
        ask(query('ROLLBACK')),
      ],
    },
    {
      name: 'pipeline: the next transaction is sent while the first one ends',
      modes: WITH_TRANSACTIONS,
      steps: [
        send(query('BEGIN'), query('SELECT 1'), query('COMMIT')),
        ready(2),
        send(query('BEGIN'), query('SELECT 2'), query('COMMIT')),
        ready(4),
      ],
    },
  ];
}
