import { run, sync } from '../../wire/frontend';
import { aside, type Scenario } from '../scenario';
import { a, b, c, THREE, TWO } from './voices';

const GROUP = 'LISTEN and NOTIFY';

const JOBS = `
CREATE TABLE own_schema.jobs (id int PRIMARY KEY, done_by text);
CREATE FUNCTION own_schema.tell_job() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_notify('own_schema_jobs', TG_OP || ' ' || NEW.id); RETURN NEW; END $$;
CREATE TRIGGER tell AFTER INSERT ON own_schema.jobs
  FOR EACH ROW EXECUTE FUNCTION own_schema.tell_job();
`;

const TAKE = `SELECT id FROM own_schema.jobs WHERE done_by IS NULL
  ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1`;

/** NOTIFY: what is delivered, when, in which order. */
export const notifyScenarios: readonly Scenario[] = [
  {
    name: 'notify: nothing arrives inside a transaction block, all of it after',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_calm', 'BEGIN', 'SELECT 1'),
      b.query("NOTIFY own_schema_calm, 'one'"),
      a.query('SELECT 2'),
      b.query("NOTIFY own_schema_calm, 'two'"),
      a.query('SELECT 3'),
      a.queryNotified('COMMIT', 2),
      a.query('SELECT 4'),
    ],
  },
  {
    name: 'notify: nothing arrives inside a failed transaction, all of it after',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_calm', 'BEGIN', 'SELECT 1/0'),
      b.query("NOTIFY own_schema_calm, 'one'"),
      a.query('SELECT 2'),
      a.queryNotified('ROLLBACK', 1),
      a.query('SELECT 3'),
    ],
  },
  {
    name: 'notify: two hundred of one transaction keep their order',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_many'),
      b.query(
        "DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_notify('own_schema_many', i::text); END LOOP; END $$",
      ),
      a.notified(200),
      a.query('SELECT 1'),
    ],
  },
  {
    name: 'notify: those of several transactions and sessions keep their order',
    group: GROUP,
    sessions: THREE,
    steps: [
      a.query('LISTEN own_schema_turns'),
      ...Array.from({ length: 10 }, (_, i) => [
        b.query(`NOTIFY own_schema_turns, 'b ${i}'`),
        c.query(`NOTIFY own_schema_turns, 'c ${i}'`),
      ]).flat(),
      a.notified(20),
    ],
  },
  {
    name: 'notify: payloads: none, empty, long, too long, line ends, other alphabets',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_payloads'),
      b.query(
        'NOTIFY own_schema_payloads',
        "NOTIFY own_schema_payloads, ''",
        "NOTIFY own_schema_payloads, E'two\\nlines'",
      ),
      b.query(
        "NOTIFY own_schema_payloads, 'größer Ω 語'",
        "SELECT pg_notify('own_schema_payloads', repeat('x', 7999))",
      ),
      b.query(
        "SELECT pg_notify('own_schema_payloads', repeat('x', 8000))",
        "SELECT pg_notify('', 'x')",
      ),
      b.query("NOTIFY own_schema_payloads, 'last'"),
      a.notified(6),
    ],
  },
  {
    name: 'notify: equal ones of one transaction are folded, of two are not',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_folded'),
      b.query(
        'BEGIN',
        "NOTIFY own_schema_folded, 'x'",
        "NOTIFY own_schema_folded, 'y'",
        "NOTIFY own_schema_folded, 'x'",
        'COMMIT',
      ),
      b.query("NOTIFY own_schema_folded, 'x'", "NOTIFY own_schema_folded, 'x'"),
      a.notified(4),
      a.query(
        'BEGIN',
        "NOTIFY own_schema_folded, 'own'",
        "NOTIFY own_schema_folded, 'own'",
        'COMMIT',
        'SELECT 1',
      ),
    ],
  },
  {
    name: 'notify: rolled back, or back to a savepoint, it has not happened',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_undone'),
      b.query('BEGIN', "NOTIFY own_schema_undone, '1'", 'ROLLBACK'),
      b.query(
        'BEGIN',
        "NOTIFY own_schema_undone, '2'",
        'SAVEPOINT s',
        "NOTIFY own_schema_undone, '3'",
        'ROLLBACK TO s',
      ),
      b.query('COMMIT'),
      a.notified(),
      a.query('BEGIN', "NOTIFY own_schema_undone, '4'", 'ROLLBACK', 'SELECT 1'),
    ],
  },
  {
    name: 'notify: pg_notify with bound parameters, by whoever',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('LISTEN own_schema_bound'),
      a.pipeline(run('SELECT pg_notify($1, $2)', ['own_schema_bound', 'own']), sync()),
      b.pipeline(run('SELECT pg_notify($1, $2)', ['own_schema_bound', 'other']), sync()),
      a.notified(),
      b.pipeline(run('SELECT pg_notify($1, $2)', ['own_schema_bound', null]), sync()),
      a.notified(),
    ],
  },
  {
    name: 'notify: every session that listens hears it, the sender as well',
    group: GROUP,
    sessions: THREE,
    steps: [
      a.query('LISTEN own_schema_everybody'),
      b.query('LISTEN own_schema_everybody'),
      c.query('LISTEN own_schema_everybody'),
      a.query("NOTIFY own_schema_everybody, 'from a'"),
      b.notified(),
      c.notified(),
      b.query("NOTIFY own_schema_everybody, 'from b'"),
      a.notified(),
      c.notified(),
      b.leave(),
      c.query("NOTIFY own_schema_everybody, 'from c'"),
      a.notified(),
    ],
  },
  {
    name: 'notify: from somebody who is connected to PostgreSQL itself',
    group: GROUP,
    steps: [
      a.query('LISTEN own_schema_outside'),
      aside("NOTIFY own_schema_outside, 'one'"),
      a.notified(),
      a.query('BEGIN'),
      aside("NOTIFY own_schema_outside, 'two'"),
      a.query('SELECT 1'),
      a.queryNotified('COMMIT', 1),
    ],
  },
  {
    name: 'notify: own and others within one transaction of the listener',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query('BEGIN', 'LISTEN own_schema_both', "NOTIFY own_schema_both, 'own'", 'COMMIT'),
      a.query('BEGIN', "NOTIFY own_schema_both, 'own again'"),
      b.query("NOTIFY own_schema_both, 'other'"),
      a.queryNotified('COMMIT', 2),
    ],
  },
  {
    name: 'notify: from a trigger, with the COMMIT of the change',
    group: GROUP,
    sessions: TWO,
    setup: JOBS,
    steps: [
      a.query('LISTEN own_schema_jobs'),
      b.query('BEGIN', 'INSERT INTO own_schema.jobs VALUES (1), (2)'),
      a.query('SELECT count(*) FROM own_schema.jobs'),
      b.query('COMMIT'),
      a.notified(2),
      b.query('INSERT INTO own_schema.jobs VALUES (3)'),
      a.notified(),
    ],
  },
  {
    name: 'notify: two workers of a job queue with SKIP LOCKED',
    group: GROUP,
    sessions: THREE,
    setup: JOBS,
    steps: [
      a.query('LISTEN own_schema_jobs'),
      b.query('LISTEN own_schema_jobs'),
      c.query('INSERT INTO own_schema.jobs VALUES (1), (2), (3)'),
      a.notified(3),
      b.notified(3),
      a.query('BEGIN', TAKE),
      b.query('BEGIN', TAKE),
      a.query("UPDATE own_schema.jobs SET done_by = 'a' WHERE id = 1", 'COMMIT', 'BEGIN', TAKE),
      b.query("UPDATE own_schema.jobs SET done_by = 'b' WHERE id = 2", 'COMMIT', 'BEGIN', TAKE),
      b.query('COMMIT'),
      a.query("UPDATE own_schema.jobs SET done_by = 'a' WHERE id = 3", 'COMMIT', TAKE),
      c.query('SELECT * FROM own_schema.jobs ORDER BY id'),
    ],
  },
  {
    name: 'notify: a worker that listens for one job at a time',
    group: GROUP,
    sessions: TWO,
    setup: JOBS,
    steps: [1, 2, 3].flatMap((id) => [
      a.query('LISTEN own_schema_jobs', `SELECT count(*) FROM own_schema.jobs WHERE id = ${id}`),
      b.query(`INSERT INTO own_schema.jobs VALUES (${id})`),
      a.notified(),
      a.query(
        'UNLISTEN own_schema_jobs',
        `UPDATE own_schema.jobs SET done_by = 'a' WHERE id = ${id}`,
      ),
    ]),
  },
];
