import { bind, execute, functionCall, parse, query } from '../../wire/frontend';
import { asideUntil, type Scenario } from '../scenario';
import { a, b, c, THREE, TWO } from './voices';

const GROUP = 'advisory locks';

const KEY = "hashtext('own_schema')";
const TRY = `SELECT pg_try_advisory_lock(${KEY})`;
const UNLOCK = `SELECT pg_advisory_unlock(${KEY})`;
const HELD = `SELECT mode, granted, objid = ${KEY}::oid AS this FROM pg_locks
  WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY objid, mode`;
/** Somebody waits for the lock of this scenario. */
const WAITING = `SELECT count(*) > 0 FROM pg_locks
  WHERE locktype = 'advisory' AND NOT granted AND objid = ${KEY}::oid`;

/** Oids of built-in functions never change. */
const PG_ADVISORY_LOCK_SHARED = 2881;
const PG_ADVISORY_UNLOCK_SHARED = 2885;
const HELD_AT_ALL = `SELECT mode, granted FROM pg_locks
  WHERE locktype = 'advisory' AND pid = pg_backend_pid()`;

const JOBS = `
CREATE TABLE jobs (id int PRIMARY KEY, state text NOT NULL DEFAULT 'new');
INSERT INTO jobs SELECT generate_series(1, 4);
`;
/** The second key tells the jobs of this scenario from others. */
const TAKE = `WITH waiting AS MATERIALIZED
  (SELECT id FROM own_schema.jobs WHERE state = 'new' ORDER BY id)
  SELECT id FROM waiting WHERE pg_try_advisory_lock(${KEY}, id) LIMIT 1`;
const give = (id: number): string => `SELECT pg_advisory_unlock(${KEY}, ${id})`;

/** Locks of the session. */
const SESSION_LOCKS: readonly Scenario[] = [
  {
    name: 'advisory: held over transactions, until unlocked',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(`SELECT pg_advisory_lock(${KEY})`, 'SELECT 1', 'BEGIN', 'SELECT 2', 'COMMIT', HELD),
      b.query(TRY),
      a.query(UNLOCK, HELD),
      b.query(TRY, UNLOCK),
    ],
  },
  {
    name: 'advisory: taken and given back by the fast path',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.send('Z', 1, functionCall(PG_ADVISORY_LOCK_SHARED, [Buffer.alloc(8, 7)])),
      a.query('SELECT 1', 'BEGIN', 'COMMIT', HELD_AT_ALL),
      b.query(HELD_AT_ALL),
      a.send('Z', 1, functionCall(PG_ADVISORY_UNLOCK_SHARED, [Buffer.alloc(8, 7)])),
      a.query(HELD_AT_ALL),
      b.query(HELD_AT_ALL),
    ],
  },
  {
    name: 'advisory: two sessions contend with pg_try_advisory_lock',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(TRY),
      b.query(TRY, 'SELECT 1', TRY),
      a.query(UNLOCK),
      b.query(TRY),
      a.query(TRY),
      b.query(UNLOCK),
      a.query(TRY, UNLOCK),
    ],
  },
  {
    name: 'advisory: who waits gets it when the other unlocks',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(`SELECT pg_advisory_lock(${KEY})`),
      b.send('Z', 0, query(`SELECT pg_advisory_lock(${KEY})`)),
      asideUntil(WAITING),
      a.query('SELECT 1', UNLOCK),
      b.until('Z'),
      a.query(TRY),
      b.query(UNLOCK),
    ],
  },
  {
    name: 'advisory: who waits gives up after lock_timeout',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(`SELECT pg_advisory_lock(${KEY})`),
      b.query("SET lock_timeout = '50ms'", `SELECT pg_advisory_lock(${KEY})`, 'SHOW lock_timeout'),
      a.query(UNLOCK),
      b.query(`SELECT pg_advisory_lock(${KEY})`, UNLOCK),
    ],
  },
  {
    name: 'advisory: taken several times, it is held until unlocked as often',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(TRY, TRY, `SELECT pg_advisory_lock(${KEY})`, UNLOCK, UNLOCK),
      b.query(TRY),
      a.query(UNLOCK, UNLOCK),
      b.query(TRY, UNLOCK),
    ],
  },
  {
    name: 'advisory: unlock_all ends all of them',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(TRY, TRY, `SELECT pg_try_advisory_lock(${KEY}, 1)`, HELD),
      a.query('SELECT pg_advisory_unlock_all()', HELD),
      b.query(TRY, `SELECT pg_try_advisory_lock(${KEY}, 1)`, 'SELECT pg_advisory_unlock_all()'),
      a.query(UNLOCK),
    ],
  },
  {
    name: 'advisory: shared by two, not by a third that wants it alone',
    group: GROUP,
    sessions: THREE,
    steps: [
      a.query(`SELECT pg_advisory_lock_shared(${KEY})`),
      b.query(`SELECT pg_try_advisory_lock_shared(${KEY})`),
      c.query(TRY),
      a.query(`SELECT pg_advisory_unlock_shared(${KEY})`),
      c.query(TRY),
      b.query(`SELECT pg_advisory_unlock_shared(${KEY})`, HELD),
      c.query(TRY, UNLOCK),
    ],
  },
  {
    name: 'advisory: unlocking what is not held warns',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(UNLOCK, TRY),
      b.query(UNLOCK),
      a.query(`SELECT pg_advisory_unlock_shared(${KEY})`, UNLOCK),
    ],
  },
  {
    name: 'advisory: a rollback does not end it, nor an error after it',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('BEGIN', `SELECT pg_advisory_lock(${KEY})`, 'ROLLBACK'),
      b.query(TRY),
      a.query(UNLOCK, 'BEGIN', TRY, 'SELECT 1/0', 'ROLLBACK', HELD),
      b.query(TRY),
      a.query(`SELECT pg_advisory_unlock(${KEY}), 1/0`),
      b.query(TRY, UNLOCK),
    ],
  },
  {
    name: 'advisory: the end of the session ends it',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(`SELECT pg_advisory_lock(${KEY})`),
      b.query(TRY),
      a.leave(),
      b.query(`SELECT pg_advisory_lock(${KEY})`, UNLOCK),
    ],
  },
  {
    name: 'advisory: DISCARD ALL ends it',
    group: GROUP,
    sessions: TWO,
    steps: [a.query(TRY, 'DISCARD ALL', HELD), b.query(TRY, UNLOCK), a.query(UNLOCK)],
  },
];

/** Locks of the transaction, and what programs do with both kinds. */
const USES: readonly Scenario[] = [
  {
    name: 'advisory: locks of the transaction end with it',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('BEGIN', `SELECT pg_advisory_xact_lock(${KEY})`, HELD),
      b.query(`SELECT pg_try_advisory_xact_lock(${KEY})`, TRY),
      a.query('COMMIT', HELD),
      b.query(TRY),
      a.query('BEGIN', `SELECT pg_try_advisory_xact_lock(${KEY})`, 'ROLLBACK'),
      b.query(UNLOCK),
      a.query(`SELECT pg_try_advisory_xact_lock_shared(${KEY})`, HELD),
    ],
  },
  {
    name: 'advisory: by a prepared statement with the key bound',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.group(parse('SELECT pg_try_advisory_lock(hashtext($1))', 'lock')),
      a.group(parse('SELECT pg_advisory_unlock(hashtext($1))', 'unlock')),
      a.group(bind({ statement: 'lock', values: ['own_schema'] }), execute()),
      b.query(TRY),
      a.group(bind({ statement: 'unlock', values: ['own_schema'] }), execute()),
      b.query(TRY),
      a.group(bind({ statement: 'lock', values: ['own_schema'] }), execute()),
      b.query(UNLOCK),
    ],
  },
  {
    name: 'advisory: taken in a DO block and in a sub-select',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query(`DO $$ BEGIN PERFORM pg_advisory_lock(${KEY}); END $$`),
      b.query(TRY),
      a.query(UNLOCK, `SELECT got FROM (SELECT pg_try_advisory_lock(${KEY}) AS got) s`),
      b.query(TRY),
      a.query(`WITH gone AS MATERIALIZED (${UNLOCK} AS done) SELECT done FROM gone`),
      b.query(TRY, UNLOCK),
    ],
  },
  {
    name: 'advisory: a job queue in which each worker locks what it works on',
    group: GROUP,
    sessions: TWO,
    setup: JOBS,
    steps: [
      a.query(TAKE),
      b.query(TAKE),
      a.query('BEGIN', "UPDATE own_schema.jobs SET state = 'done' WHERE id = 1", 'COMMIT'),
      a.query(give(1), TAKE),
      b.query("UPDATE own_schema.jobs SET state = 'failed' WHERE id = 2", give(2), TAKE),
      a.query(give(3), TAKE, 'SELECT pg_advisory_unlock_all()'),
      b.query('SELECT pg_advisory_unlock_all()', 'SELECT * FROM own_schema.jobs ORDER BY id'),
    ],
  },
  {
    name: 'advisory: only one of two leaders is elected, until the first one leaves',
    group: GROUP,
    sessions: THREE,
    steps: [
      a.query("SET application_name = 'first leader'", TRY),
      b.query("SET application_name = 'second leader'", TRY),
      a.query('SELECT 1', 'SHOW application_name'),
      b.query(TRY),
      a.leave(),
      b.query(`SELECT pg_advisory_lock(${KEY})`, 'SHOW application_name'),
      c.query(TRY),
      b.query(UNLOCK),
      c.query(TRY, UNLOCK),
    ],
  },
];

export const advisoryScenarios: readonly Scenario[] = [...SESSION_LOCKS, ...USES];
