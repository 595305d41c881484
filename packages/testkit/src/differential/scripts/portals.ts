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
} from '../../wire/frontend';
import { ask, EVERY_MODE, type Script, send, until, WITH_TRANSACTIONS } from '../script';

const SERIES = 'SELECT i, $1::text FROM generate_series(1, 7) i';

/** Portals: row limits, names, cursors. */
export function portalScripts(): readonly Script[] {
  return [...withLimits(), ...named(), ...cursors()];
}

function withLimits(): readonly Script[] {
  const limited = (rows: number): Script => ({
    name: `portal: row limit ${rows} of 7, repeated in one Sync`,
    modes: EVERY_MODE,
    steps: [
      ask(
        parse(SERIES),
        bind({ values: ['v'] }),
        describe('P'),
        execute(rows),
        execute(rows),
        execute(rows),
        execute(0),
        sync(),
      ),
    ],
  });
  return [
    limited(1),
    limited(3),
    limited(7),
    limited(8),
    {
      name: 'portal: suspended and resumed with Flush',
      modes: EVERY_MODE,
      steps: [
        send(parse(SERIES), bind({ values: ['v'] }), execute(2), flush()),
        until('s'),
        send(execute(2), flush()),
        until('s'),
        send(execute(0), flush()),
        until('C'),
        ask(sync()),
      ],
    },
    {
      name: 'portal: resumed after Syncs within a transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(parse(SERIES), bind({ values: ['v'] }), execute(3), sync()),
        ask(execute(3), sync()),
        ask(execute(3), sync()),
        ask(execute(3), sync()),
        ask(query('COMMIT')),
      ],
    },
    {
      name: 'portal: gone after a Sync outside a transaction',
      modes: EVERY_MODE,
      steps: [
        ask(parse(SERIES), bind({ portal: 'p', values: ['v'] }), execute(3, 'p'), sync()),
        ask(execute(3, 'p'), sync()),
      ],
    },
    {
      name: 'portal: row limit on INSERT is ignored',
      modes: EVERY_MODE,
      writes: true,
      steps: [
        ask(
          parse("INSERT INTO differential.items SELECT i, 'x' FROM generate_series(20, 25) i"),
          bind(),
          execute(2),
          sync(),
        ),
      ],
    },
    {
      name: 'portal: row limit on INSERT RETURNING',
      modes: EVERY_MODE,
      writes: true,
      steps: [
        ask(
          parse(
            "INSERT INTO differential.items SELECT i, 'x' FROM generate_series(20, 25) i RETURNING id",
          ),
          bind(),
          execute(2),
          execute(0),
          sync(),
        ),
      ],
    },
    {
      name: 'portal: row limits in a pipeline of Syncs',
      modes: EVERY_MODE,
      steps: [
        ask(
          ...Array.from({ length: 10 }, (_, i) => [
            parse(SERIES),
            bind({ values: ['v'] }),
            execute(i),
            sync(),
          ]).flat(),
        ),
      ],
    },
    {
      name: 'portal: executed twice to its end',
      modes: EVERY_MODE,
      steps: [ask(run('SELECT 1'), execute(), execute(), sync())],
    },
  ];
}

function named(): readonly Script[] {
  return [
    {
      name: 'portal: two named ones, interleaved in a transaction',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(
          parse(SERIES, 's'),
          bind({ statement: 's', portal: 'a', values: ['a'] }),
          bind({ statement: 's', portal: 'b', values: ['b'] }),
          execute(2, 'a'),
          execute(3, 'b'),
          sync(),
        ),
        ask(execute(2, 'b'), execute(2, 'a'), sync()),
        ask(describe('P', 'a'), close('P', 'a'), execute(1, 'b'), sync()),
        ask(execute(1, 'a'), sync()),
        ask(close('S', 's'), query('ROLLBACK'), sync()),
      ],
    },
    {
      name: 'portal: named, within one Sync',
      modes: EVERY_MODE,
      steps: [
        ask(
          parse(SERIES),
          bind({ portal: 'p', values: ['v'] }),
          describe('P', 'p'),
          execute(2, 'p'),
          close('P', 'p'),
          sync(),
        ),
      ],
    },
    {
      name: 'portal: a name that is taken',
      modes: EVERY_MODE,
      steps: [
        ask(
          parse('SELECT 1'),
          bind({ portal: 'p' }),
          bind({ portal: 'p' }),
          execute(0, 'p'),
          sync(),
        ),
      ],
    },
    {
      name: 'portal: closed, then executed',
      modes: EVERY_MODE,
      steps: [
        ask(parse('SELECT 1'), bind({ portal: 'p' }), close('P', 'p'), execute(0, 'p'), sync()),
      ],
    },
  ];
}

function cursors(): readonly Script[] {
  return [
    {
      name: 'cursor: DECLARE, FETCH, MOVE, CLOSE',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN')),
        ask(query('DECLARE c SCROLL CURSOR FOR SELECT * FROM generate_series(1, 20) i')),
        ask(query('FETCH 5 FROM c')),
        ask(query('MOVE 5 IN c')),
        ask(query('FETCH BACKWARD 2 FROM c')),
        ask(run('FETCH ALL FROM c'), sync()),
        ask(query('CLOSE c')),
        ask(query('FETCH 1 FROM c')),
        ask(query('ROLLBACK')),
      ],
    },
    {
      name: 'cursor: is a portal to Execute and Describe',
      modes: WITH_TRANSACTIONS,
      steps: [
        ask(query('BEGIN; DECLARE c CURSOR FOR SELECT * FROM generate_series(1, 5) i')),
        ask(describe('P', 'c'), execute(2, 'c'), sync()),
        ask(execute(0, 'c'), sync()),
        ask(query('COMMIT')),
      ],
    },
    {
      name: 'cursor: outside a transaction is refused',
      modes: EVERY_MODE,
      steps: [ask(query('DECLARE c CURSOR FOR SELECT 1'))],
    },
  ];
}
