import { bind, close, describe, execute, parse } from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'cursors and portals';

const SERIES = 'SELECT g AS n FROM generate_series(1, 20) g';
const HELD = 'SELECT name, is_holdable, is_scrollable, statement FROM pg_cursors ORDER BY name';

/** WITH HOLD: beyond the transaction. */
const HOLDING: readonly Scenario[] = [
  {
    name: 'cursor: WITH HOLD is read in later transactions',
    group: GROUP,
    steps: [
      a.query('BEGIN', `DECLARE c CURSOR WITH HOLD FOR ${SERIES}`, 'FETCH 2 FROM c', 'COMMIT'),
      a.query('FETCH 3 FROM c', 'SELECT 1', HELD, 'BEGIN', 'FETCH 1 FROM c', 'ROLLBACK'),
      a.query('FETCH NEXT FROM c', 'CLOSE c', 'FETCH 1 FROM c', HELD),
    ],
  },
  {
    name: 'cursor: WITH HOLD outside a transaction block',
    group: GROUP,
    steps: [
      a.query(`DECLARE c CURSOR WITH HOLD FOR ${SERIES}`, 'FETCH 2 FROM c', 'MOVE 3 IN c'),
      a.query('FETCH 1 FROM c', 'CLOSE c', `DECLARE c CURSOR FOR ${SERIES}`),
    ],
  },
  {
    name: 'cursor: SCROLL WITH HOLD moves in all directions',
    group: GROUP,
    steps: [
      a.query(`DECLARE c SCROLL CURSOR WITH HOLD FOR ${SERIES}`, 'FETCH LAST FROM c'),
      a.query('FETCH PRIOR FROM c', 'FETCH FIRST FROM c', 'FETCH ABSOLUTE 7 FROM c'),
      a.query('FETCH RELATIVE -2 FROM c', 'FETCH BACKWARD 3 FROM c', 'MOVE FORWARD ALL IN c'),
      a.query('FETCH NEXT FROM c', 'FETCH ABSOLUTE -1 FROM c', 'CLOSE c', 'CLOSE c'),
    ],
  },
  {
    name: 'cursor: NO SCROLL refuses to go back, and cannot be read any more',
    group: GROUP,
    steps: [
      a.query(`DECLARE c NO SCROLL CURSOR WITH HOLD FOR ${SERIES}`, 'FETCH 3 FROM c'),
      a.query('FETCH PRIOR FROM c', 'FETCH 1 FROM c', 'CLOSE c'),
    ],
  },
  {
    name: 'cursor: CLOSE ALL closes those of several transactions',
    group: GROUP,
    steps: [
      a.query(`DECLARE one CURSOR WITH HOLD FOR ${SERIES}`),
      a.query(`DECLARE two BINARY CURSOR WITH HOLD FOR ${SERIES}`, 'FETCH 1 FROM two', HELD),
      a.query('CLOSE ALL', HELD, 'FETCH 1 FROM one', 'CLOSE ALL'),
    ],
  },
  {
    name: 'cursor: DISCARD ALL closes, DISCARD PLANS does not',
    group: GROUP,
    steps: [
      a.query(`DECLARE c CURSOR WITH HOLD FOR ${SERIES}`, 'DISCARD PLANS', 'FETCH 1 FROM c'),
      a.query('DISCARD ALL', 'FETCH 1 FROM c', HELD),
    ],
  },
  {
    name: 'cursor: WITH HOLD rolled back is not there',
    group: GROUP,
    steps: [
      a.query('BEGIN', `DECLARE c CURSOR WITH HOLD FOR ${SERIES}`, 'ROLLBACK', 'FETCH 1 FROM c'),
      a.query('BEGIN', `DECLARE kept CURSOR WITH HOLD FOR ${SERIES}`, 'SAVEPOINT s'),
      a.query(`DECLARE lost CURSOR WITH HOLD FOR ${SERIES}`, 'ROLLBACK TO s', 'COMMIT', HELD),
      a.query('FETCH 1 FROM kept', 'FETCH 1 FROM lost', 'CLOSE kept'),
    ],
  },
  {
    name: 'cursor: WITH HOLD shows the rows of its transaction, whatever changes later',
    group: GROUP,
    sessions: TWO,
    setup: 'CREATE TABLE held (n int); INSERT INTO held SELECT generate_series(1, 4);',
    steps: [
      a.query('BEGIN', 'DECLARE c CURSOR WITH HOLD FOR SELECT n FROM own_schema.held ORDER BY n'),
      a.query('COMMIT'),
      b.query('DELETE FROM own_schema.held'),
      a.query('FETCH ALL FROM c', 'SELECT count(*) FROM own_schema.held', 'CLOSE c'),
    ],
  },
  {
    name: 'cursor: two sessions hold different ones of one name',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(`DECLARE c CURSOR WITH HOLD FOR ${SERIES}`),
      b.query('FETCH 1 FROM c', "DECLARE c CURSOR WITH HOLD FOR VALUES ('of b'), ('again')"),
      a.query('FETCH 2 FROM c'),
      b.query('FETCH 1 FROM c', 'CLOSE c'),
      a.query('FETCH 1 FROM c', 'CLOSE c'),
      b.query('FETCH 1 FROM c'),
    ],
  },
  {
    name: 'cursor: a COMMIT that fails to fill a held one undoes the transaction',
    group: GROUP,
    setup: 'CREATE TABLE made (n int);',
    steps: [
      a.query('BEGIN', 'INSERT INTO own_schema.made VALUES (1)'),
      a.query('DECLARE c CURSOR WITH HOLD FOR SELECT 1 / (2 - g) FROM generate_series(1, 3) g'),
      a.query('COMMIT', 'FETCH 1 FROM c', 'SELECT count(*) FROM own_schema.made', HELD),
    ],
  },
];

/** Cursors and portals that end with their transaction. */
const WITHIN: readonly Scenario[] = [
  {
    name: 'cursor: without HOLD it ends with the transaction',
    group: GROUP,
    steps: [
      a.query('BEGIN', `DECLARE c SCROLL CURSOR FOR ${SERIES}`, 'FETCH 4 FROM c', 'MOVE 2 IN c'),
      a.query('FETCH PRIOR FROM c', HELD, 'COMMIT', 'FETCH 1 FROM c', HELD),
    ],
  },
  {
    name: 'cursor: UPDATE and DELETE WHERE CURRENT OF',
    group: GROUP,
    setup: 'CREATE TABLE marked (n int); INSERT INTO marked SELECT generate_series(1, 3);',
    steps: [
      a.query('BEGIN', 'DECLARE c CURSOR FOR SELECT * FROM own_schema.marked FOR UPDATE'),
      a.query('FETCH 1 FROM c', 'UPDATE own_schema.marked SET n = 10 WHERE CURRENT OF c'),
      a.query('FETCH 1 FROM c', 'DELETE FROM own_schema.marked WHERE CURRENT OF c', 'COMMIT'),
      a.query('SELECT * FROM own_schema.marked ORDER BY n'),
    ],
  },
  {
    name: 'cursor: from a function that returns a refcursor',
    group: GROUP,
    setup: `CREATE FUNCTION opened(name refcursor) RETURNS refcursor LANGUAGE plpgsql AS
      $$ BEGIN OPEN name FOR SELECT generate_series(1, 5); RETURN name; END $$;`,
    steps: [
      a.query(
        'BEGIN',
        "SELECT own_schema.opened('rows')",
        'FETCH 2 FROM rows',
        'FETCH ALL IN rows',
      ),
      a.query('COMMIT', 'FETCH 1 FROM rows'),
    ],
  },
  {
    name: 'cursor: a held one is a portal to Describe, Execute and Close',
    group: GROUP,
    steps: [
      a.ask(`DECLARE held CURSOR WITH HOLD FOR ${SERIES}`),
      a.group(describe('P', 'held')),
      a.group(execute(2, 'held')),
      a.group(execute(2, 'held')),
      a.ask('FETCH 1 FROM held'),
      a.group(close('P', 'held')),
      a.group(execute(1, 'held')),
    ],
  },
  {
    name: 'portal: named ones are read in turns within a transaction, and end with it',
    group: GROUP,
    steps: [
      a.ask('BEGIN'),
      a.group(parse(SERIES, 's'), bind({ statement: 's', portal: 'p' }), execute(3, 'p')),
      a.group(bind({ statement: 's', portal: 'q' }), execute(1, 'q')),
      a.group(execute(3, 'p'), execute(1, 'q')),
      a.group(close('P', 'p'), execute(2, 'q')),
      a.ask('COMMIT'),
      a.group(execute(1, 'q')),
      a.group(bind({ statement: 's', portal: 'q' }), execute(1, 'q')),
    ],
  },
];

export const cursorScenarios: readonly Scenario[] = [...HOLDING, ...WITHIN];
