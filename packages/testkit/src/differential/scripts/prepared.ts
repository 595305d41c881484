import { bind, close, describe, execute, parse, query, sync } from '../../wire/frontend';
import {
  ask,
  EVERY_MODE,
  type Script,
  SESSION_ONLY,
  type Step,
  WITH_TRANSACTIONS,
} from '../script';

const use = (name: string, value: string): readonly Buffer[] => [
  bind({ statement: name, values: [value] }),
  execute(),
];

function inTransaction(steps: readonly (readonly Step[])[]): readonly (readonly Step[])[] {
  return [ask(query('BEGIN')), ...steps, ask(query('ROLLBACK'))];
}

/** Prepared statements that live for a session, for a transaction, or for one Sync. */
export function preparedScripts(): readonly Script[] {
  const body: readonly (readonly Step[])[] = [
    ask(parse('SELECT $1::int + 1', 'plus'), describe('S', 'plus'), sync()),
    ask(...use('plus', '1'), sync()),
    ask(...use('plus', '2'), ...use('plus', '3'), sync()),
    ask(close('S', 'plus'), sync()),
    ask(...use('plus', '4'), sync()),
  ];
  const again: readonly (readonly Step[])[] = [
    ask(parse('SELECT 1', 'same'), sync()),
    ask(parse('SELECT 2', 'same'), sync()),
  ];
  const unnamed: readonly (readonly Step[])[] = [
    ask(parse('SELECT $1::text'), sync()),
    ask(...use('', 'a'), sync()),
    ask(...use('', 'b'), sync()),
    ask(parse('SELECT upper($1)'), sync()),
    ask(...use('', 'c'), sync()),
  ];
  return [
    { name: 'prepared: named, over a session', modes: SESSION_ONLY, steps: body },
    {
      name: 'prepared: named, within a transaction',
      modes: WITH_TRANSACTIONS,
      steps: inTransaction(body),
    },
    { name: 'prepared: a name that is taken, in a session', modes: SESSION_ONLY, steps: again },
    {
      name: 'prepared: a name that is taken, in a transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ...inTransaction(again),
        ask(parse('SELECT 3', 'other'), close('S', 'other'), sync()),
      ],
    },
    { name: 'prepared: unnamed, over a session', modes: SESSION_ONLY, steps: unnamed },
    {
      name: 'prepared: unnamed, within a transaction',
      modes: WITH_TRANSACTIONS,
      steps: inTransaction(unnamed),
    },
    {
      name: 'prepared: a simple query forgets the unnamed statement',
      modes: SESSION_ONLY,
      steps: [
        ask(parse('SELECT $1::text'), sync()),
        ask(query('SELECT 1')),
        ask(...use('', 'x'), sync()),
      ],
    },
    {
      name: 'prepared: named and used within one Sync',
      modes: EVERY_MODE,
      steps: [ask(parse('SELECT $1::int', 'one'), ...use('one', '5'), close('S', 'one'), sync())],
    },
    {
      name: 'prepared: PREPARE, EXECUTE and DEALLOCATE as SQL',
      modes: WITH_TRANSACTIONS,
      steps: inTransaction([
        ask(query('PREPARE sum(int, int) AS SELECT $1 + $2')),
        ask(query('EXECUTE sum(1, 2)')),
        ask(
          describe('S', 'sum'),
          bind({ statement: 'sum', values: ['3', '4'] }),
          execute(),
          sync(),
        ),
        ask(query('DEALLOCATE sum')),
      ]),
    },
    {
      name: 'prepared: a statement is replanned when its table changes',
      modes: WITH_TRANSACTIONS,
      steps: inTransaction([
        ask(query('CREATE TEMP TABLE shape (a int) ON COMMIT DROP')),
        ask(parse('SELECT * FROM shape', 'shape'), sync()),
        ask(query('ALTER TABLE shape ADD b int')),
        ask(bind({ statement: 'shape' }), execute(), sync()),
      ]),
    },
    {
      name: 'prepared: Describe gives parameters and columns',
      modes: EVERY_MODE,
      steps: [
        ask(
          parse('SELECT id, name FROM differential.items WHERE id = $1 AND name = $2'),
          describe('S'),
          sync(),
        ),
        ask(parse("INSERT INTO differential.items VALUES ($1, 'x')"), describe('S'), sync()),
      ],
    },
    {
      name: 'prepared: 200 statements in one transaction',
      modes: WITH_TRANSACTIONS,
      steps: inTransaction([
        ask(...Array.from({ length: 200 }, (_, i) => parse(`SELECT ${i}`, `many${i}`)), sync()),
        ask(
          ...Array.from({ length: 200 }, (_, i) => [
            bind({ statement: `many${i}` }),
            execute(),
            close('S', `many${i}`),
          ]).flat(),
          sync(),
        ),
      ]),
    },
  ];
}
