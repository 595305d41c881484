import { copyData, copyDone, flush, query, run, sync } from '../../wire/frontend';
import {
  ask,
  cancel,
  EVERY_MODE,
  ready,
  type Script,
  send,
  until,
  WITH_TRANSACTIONS,
} from '../script';

/** PostgreSQL sends a notice at once, so this says when the statement runs. */
const SLEEP = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(60); END $$";

/** CancelRequest. */
export function cancelScripts(): readonly Script[] {
  // Whether the statement was asleep already, or about to be, shows in the error's context.
  const normalise = (line: string): string => line.replace(/ W=.*/, '');
  return scripts().map((script) => ({ ...script, normalise }));
}

function scripts(): readonly Script[] {
  return [
    {
      name: 'cancel: a simple query',
      modes: EVERY_MODE,
      steps: [send(query(SLEEP)), until('N'), cancel(), ready(), ask(query('SELECT 1'))],
    },
    {
      name: 'cancel: an extended query',
      modes: EVERY_MODE,
      steps: [
        send(run(SLEEP), sync()),
        until('N'),
        cancel(),
        ready(),
        ask(run('SELECT 1'), sync()),
      ],
    },
    {
      name: 'cancel: an extended query with Flush, Sync afterwards',
      modes: EVERY_MODE,
      steps: [send(run(SLEEP), flush()), until('N'), cancel(), until('E'), ask(sync())],
    },
    {
      name: 'cancel: inside a transaction fails it',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        send(query(SLEEP)),
        until('N'),
        cancel(),
        ready(),
        ask(query('SELECT 1')),
        ask(query('ROLLBACK')),
      ],
    },
    {
      // Up to 17 the postmaster sends its signal twice, and the second may strike the third statement.
      name: 'cancel: the second of three in a pipeline',
      modes: EVERY_MODE,
      majors: [18],
      steps: [
        send(query('SELECT 1'), query(SLEEP), query('SELECT 3')),
        until('N'),
        cancel(),
        ready(2),
      ],
    },
    {
      name: 'cancel: after rows have come',
      modes: EVERY_MODE,
      steps: [
        send(query(`SELECT i FROM generate_series(1, 5000) i; ${SLEEP}`)),
        until('N'),
        cancel(),
        ready(),
      ],
    },
    {
      name: 'cancel: three times the same',
      modes: EVERY_MODE,
      steps: [
        send(query(SLEEP)),
        until('N'),
        cancel(),
        ready(),
        send(query(SLEEP)),
        until('N'),
        cancel(),
        ready(),
        ask(query('SELECT 1')),
      ],
    },
    {
      name: 'cancel: of nothing, between two queries',
      modes: EVERY_MODE,
      steps: [ask(query('SELECT 1')), cancel(), ask(query('SELECT 2')), cancel()],
    },
    {
      name: 'cancel: of nothing, in an idle transaction',
      modes: WITH_TRANSACTIONS,
      steps: [ask(query('BEGIN')), cancel(), ask(query('SELECT 2')), ask(query('COMMIT'))],
    },
    {
      name: 'cancel: with a wrong key does nothing',
      modes: EVERY_MODE,
      steps: [
        send(query("DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(0.1); END $$")),
        until('N'),
        cancel('wrong'),
        ready(),
      ],
    },
    {
      // PostgreSQL looks at it with the next row.
      name: 'cancel: during COPY IN',
      modes: EVERY_MODE,
      writes: true,
      steps: [
        send(query('COPY differential.copied FROM STDIN')),
        until('G'),
        send(copyData('1\tone\n')),
        cancel(),
        send(copyData('2\ttwo\n'), copyData('3\tthree\n'), copyDone()),
        ready(),
        ask(query('SELECT count(*) FROM differential.copied')),
      ],
    },
    {
      name: 'cancel: with the long key of protocol 3.2',
      modes: EVERY_MODE,
      majors: [18],
      login: { minor: 2 },
      steps: [send(query(SLEEP)), until('N'), cancel(), ready(), ask(query('SELECT 1'))],
    },
  ];
}
