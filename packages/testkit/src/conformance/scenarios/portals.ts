import { bind, close, describe, execute, flush, parse, run, sync } from '../../wire/frontend';
import { group, pipeline, type Scenario, send, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'portals',
  steps,
});

const SERIES = 'SELECT i FROM generate_series(1, $1::int) i';

export const portalScenarios: readonly Scenario[] = [
  of(
    'a portal gives its rows in portions within a transaction',
    simple('BEGIN'),
    group(parse(SERIES, 'series'), bind({ portal: 'p', statement: 'series', values: ['5'] })),
    group(describe('P', 'p'), execute(2, 'p')),
    group(execute(2, 'p')),
    group(execute(2, 'p')),
    group(execute(2, 'p')),
    group(close('P', 'p')),
    group(execute(1, 'p')),
    simple('ROLLBACK'),
    group(bind({ statement: 'series', values: ['1'] }), execute()),
  ),
  of(
    'two portals of one statement',
    simple('BEGIN'),
    group(parse(SERIES, 'series')),
    group(bind({ portal: 'one', statement: 'series', values: ['3'] }), execute(1, 'one')),
    group(bind({ portal: 'two', statement: 'series', values: ['4'] }), execute(3, 'two')),
    group(execute(0, 'one'), execute(0, 'two')),
    group(bind({ portal: 'one', statement: 'series', values: ['1'] })),
    simple('COMMIT'),
    group(execute(0, 'one')),
  ),
  of(
    'a portal is gone with its transaction',
    simple('BEGIN'),
    group(parse(SERIES), bind({ portal: 'p', values: ['9'] }), execute(1, 'p')),
    simple('COMMIT'),
    group(execute(1, 'p')),
    group(describe('P', 'p')),
    group(
      parse(SERIES, 's'),
      bind({ portal: 'p', statement: 's', values: ['9'] }),
      execute(1, 'p'),
    ),
    group(execute(1, 'p')),
  ),
  of(
    'a statement is closed while its portal is open',
    simple('BEGIN'),
    group(
      parse(SERIES, 's'),
      bind({ portal: 'p', statement: 's', values: ['3'] }),
      execute(1, 'p'),
    ),
    group(close('S', 's')),
    group(execute(1, 'p')),
    group(bind({ statement: 's', values: ['1'] })),
    simple('ROLLBACK'),
  ),
  of(
    'a portal with portions outside a transaction, with Flush',
    send('s', 1, parse(SERIES), bind({ values: ['3'] }), describe('P'), execute(2), flush()),
    send('C', 1, execute(2), flush()),
    send('Z', 1, sync()),
    group(execute(1)),
  ),
  of(
    'FETCH reads a portal of the protocol, and Execute a cursor of SQL',
    simple('BEGIN'),
    group(parse(SERIES), bind({ portal: 'p', values: ['4'] })),
    simples('FETCH 2 FROM p', 'DECLARE c CURSOR FOR SELECT generate_series(10, 13)'),
    group(describe('P', 'c'), execute(3, 'c')),
    simples('FETCH ALL FROM c', 'CLOSE p'),
    group(execute(0, 'p')),
    simple('COMMIT'),
  ),
  of(
    'a savepoint takes its portals with it',
    simples('BEGIN', 'SAVEPOINT s'),
    group(parse(SERIES, 'series'), bind({ portal: 'p', statement: 'series', values: ['4'] })),
    group(execute(1, 'p')),
    simple('ROLLBACK TO s'),
    group(execute(1, 'p')),
    simple('ROLLBACK TO s'),
    group(bind({ portal: 'p', statement: 'series', values: ['1'] }), execute(0, 'p')),
    simple('COMMIT'),
  ),
  of(
    'rows in portions and an error in one of them',
    simple('BEGIN'),
    group(parse('SELECT 6 / (3 - i) FROM generate_series(1, 4) i'), bind({ portal: 'p' })),
    group(execute(2, 'p')),
    group(execute(2, 'p')),
    group(execute(2, 'p')),
    simple('ROLLBACK'),
    pipeline(run('SELECT 1'), sync(), run('SELECT 2'), sync()),
  ),
];
