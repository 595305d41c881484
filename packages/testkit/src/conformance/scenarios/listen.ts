import { bind, execute, parse, query, run, sync } from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, c, TWO } from './voices';

const GROUP = 'LISTEN and NOTIFY';

const CHANNELS = 'SELECT array_agg(ch ORDER BY ch) FROM pg_listening_channels() ch';

/** LISTEN and UNLISTEN as statements: what they are in, and what is left of them. */
export const listenScenarios: readonly Scenario[] = [
  {
    name: 'listen: a session hears its own notifications before the next ReadyForQuery',
    group: GROUP,
    steps: [
      a.query(
        'LISTEN own_schema_own',
        'NOTIFY own_schema_own',
        "NOTIFY own_schema_own, 'hello'",
        'SELECT 1',
      ),
      a.query("NOTIFY own_schema_own, 'first'; NOTIFY own_schema_own, 'second'", 'SELECT 2'),
    ],
  },
  {
    name: 'listen: a notification of another session arrives while nothing is asked',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_news'),
      b.query("NOTIFY own_schema_news, 'one'"),
      a.notified(),
      b.query("NOTIFY own_schema_news, 'two'"),
      a.notified(),
      a.query('SELECT 1'),
    ],
  },
  {
    name: 'listen: several channels, and one that nobody asked for',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_red', 'LISTEN own_schema_green', CHANNELS),
      b.query(
        "NOTIFY own_schema_green, '1'",
        "NOTIFY own_schema_blue, '2'",
        "NOTIFY own_schema_red, '3'",
        "NOTIFY own_schema_green, '4'",
      ),
      a.notified(3),
      a.query('SELECT 1'),
    ],
  },
  {
    name: 'listen: quoted and folded names of channels',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(
        'LISTEN "own_schema_Mixed Case"',
        'LISTEN own_schema_FoldedCase',
        'LISTEN "own_schema_qu""ote"',
        'LISTEN "own_schema_grün"',
      ),
      a.query(CHANNELS),
      b.query(`NOTIFY "own_schema_Mixed Case", 'a'`),
      a.notified(),
      b.query("NOTIFY own_schema_mixedcase, 'b'", "NOTIFY own_schema_FOLDEDCASE, 'c'"),
      a.notified(),
      b.query(`NOTIFY "own_schema_FoldedCase", 'd'`, `NOTIFY "own_schema_qu""ote", 'e'`),
      a.notified(),
      b.query(`NOTIFY "own_schema_grün", 'f'`),
      a.notified(),
      a.query('UNLISTEN "own_schema_Mixed Case"', 'UNLISTEN "own_schema_qu""ote"', CHANNELS),
    ],
  },
  {
    name: 'listen: a name of 63 bytes, and one that is cut to 63',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(`LISTEN own_schema_${'n'.repeat(52)}`, CHANNELS),
      a.query(`LISTEN own_schema_${'m'.repeat(59)}`, CHANNELS),
      // One by one: right behind a LISTEN channels have an order each, and none between them.
      b.query(`NOTIFY own_schema_${'n'.repeat(52)}, 'whole'`),
      a.notified(),
      b.query(`NOTIFY own_schema_${'m'.repeat(59)}, 'cut'`),
      a.notified(),
    ],
  },
  {
    name: 'listen: within a transaction it is in effect from the COMMIT on',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('BEGIN', 'LISTEN own_schema_late', 'SELECT 1'),
      b.query("NOTIFY own_schema_late, 'before'"),
      a.query('COMMIT', CHANNELS),
      b.query("NOTIFY own_schema_late, 'after'"),
      a.notified(),
    ],
  },
  {
    name: 'listen: rolled back, it has not happened',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('BEGIN', 'LISTEN own_schema_undone', 'ROLLBACK', CHANNELS, 'LISTEN own_schema_done'),
      b.query("NOTIFY own_schema_undone, '1'", "NOTIFY own_schema_done, '2'"),
      a.notified(),
      a.query(CHANNELS),
    ],
  },
  {
    name: 'listen: rolled back to a savepoint, only the earlier one has happened',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(
        'BEGIN',
        'LISTEN own_schema_kept',
        'SAVEPOINT s',
        'LISTEN own_schema_undone',
        'ROLLBACK TO s',
        'COMMIT',
      ),
      b.query("NOTIFY own_schema_undone, '1'", "NOTIFY own_schema_kept, '2'"),
      a.notified(),
      a.query(CHANNELS),
    ],
  },
  {
    name: 'listen: in a transaction that fails, it has not happened',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(
        'LISTEN own_schema_kept',
        'BEGIN',
        'LISTEN own_schema_lost',
        'SELECT 1/0',
        'LISTEN own_schema_late',
        'COMMIT',
      ),
      a.query(CHANNELS),
      b.query(
        "NOTIFY own_schema_lost, '1'",
        "NOTIFY own_schema_late, '2'",
        "NOTIFY own_schema_kept, '3'",
      ),
      a.notified(),
    ],
  },
  {
    name: 'unlisten: one of several',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(
        'LISTEN own_schema_x',
        'LISTEN own_schema_y',
        'UNLISTEN own_schema_x',
        'UNLISTEN own_schema_nothing',
        CHANNELS,
      ),
      b.query("NOTIFY own_schema_x, '1'", "NOTIFY own_schema_y, '2'"),
      a.notified(),
      a.query('UNLISTEN own_schema_y', CHANNELS),
    ],
  },
  {
    name: 'unlisten: all, and listening again afterwards',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(
        'LISTEN own_schema_x',
        'LISTEN own_schema_y',
        'UNLISTEN *',
        CHANNELS,
        'LISTEN own_schema_z',
      ),
      b.query("NOTIFY own_schema_x, '1'", "NOTIFY own_schema_y, '2'", "NOTIFY own_schema_z, '3'"),
      a.notified(),
      a.query(CHANNELS),
    ],
  },
  {
    name: 'unlisten: rolled back, the channel is still heard',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_kept', 'BEGIN', 'UNLISTEN own_schema_kept', 'ROLLBACK', CHANNELS),
      b.query("NOTIFY own_schema_kept, '1'"),
      a.notified(),
      a.query('BEGIN', 'UNLISTEN *', 'LISTEN own_schema_other', 'COMMIT', CHANNELS),
      b.query("NOTIFY own_schema_kept, '2'", "NOTIFY own_schema_other, '3'"),
      a.notified(),
    ],
  },
  {
    name: 'listen: twice is once',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_twice', 'LISTEN own_schema_twice', CHANNELS),
      b.query("NOTIFY own_schema_twice, '1'", "NOTIFY own_schema_twice, '2'"),
      a.notified(2),
      a.query('UNLISTEN own_schema_twice', CHANNELS, 'SELECT 1'),
    ],
  },
  {
    name: 'listen: DISCARD ALL ends it',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_ended', 'DISCARD ALL', CHANNELS, 'LISTEN own_schema_again'),
      b.query("NOTIFY own_schema_ended, '1'", "NOTIFY own_schema_again, '2'"),
      a.notified(),
    ],
  },
  {
    name: 'listen: another session listens to nothing, nor does one that comes after',
    group: GROUP,
    sessions: { ...TWO, c: { opens: 'step' } },
    steps: [
      a.query('LISTEN own_schema_mine', CHANNELS),
      b.query(CHANNELS),
      a.leave(),
      c.open(),
      c.query(CHANNELS),
      b.query("NOTIFY own_schema_mine, '1'", CHANNELS, 'SELECT 1'),
    ],
  },
  {
    name: 'listen: mistakes are PostgreSQL’s own, and harmless',
    group: GROUP,
    steps: [
      a.query('LISTEN', 'LISTEN 1st', 'LISTEN own_schema_a, b', 'UNLISTEN', CHANNELS),
      a.query('LISTEN own_schema_fine', "NOTIFY own_schema_fine, 'still'"),
    ],
  },
  {
    name: 'listen: with settings of the session, which hold',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(
        "SET TimeZone = 'Asia/Tokyo'",
        'LISTEN own_schema_zoned',
        "SET search_path = 'elsewhere'",
      ),
      b.query("NOTIFY own_schema_zoned, '1'"),
      a.notified(),
      a.query('SHOW TimeZone', 'SHOW search_path', CHANNELS),
      a.query('RESET ALL', 'SHOW TimeZone', CHANNELS),
      b.query("NOTIFY own_schema_zoned, '2'"),
      a.notified(),
    ],
  },
  {
    name: 'listen: by the extended protocol, prepared and repeated',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.pipeline(parse('LISTEN own_schema_prepared', 's1'), sync()),
      a.pipeline(bind({ statement: 's1' }), execute(), sync()),
      a.pipeline(bind({ statement: 's1' }), execute(), sync()),
      b.pipeline(run('SELECT pg_notify($1, $2)', ['own_schema_prepared', 'by function']), sync()),
      a.notified(),
      a.pipeline(run('UNLISTEN *'), sync()),
      a.query(CHANNELS),
    ],
  },
  {
    name: 'listen: in a pipeline with statements around it',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.pipeline(run('SELECT 1'), run('LISTEN own_schema_piped'), run('SELECT 2'), sync()),
      a.pipeline(run("NOTIFY own_schema_piped, 'own'"), sync(), query(CHANNELS)),
      b.query("NOTIFY own_schema_piped, 'other'"),
      a.notified(),
      a.pipeline(run('LISTEN own_schema_undone'), run('SELECT 1/0'), sync(), query(CHANNELS)),
    ],
  },
];
