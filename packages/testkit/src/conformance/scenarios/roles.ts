import { bind, execute, parse, run, sync } from '../../wire/frontend';
import { ask, group, on, pipeline, type Scenario, simple, simples } from '../scenario';

const of = (name: string, ...steps: Scenario['steps']): Scenario => ({
  name,
  group: 'roles',
  steps,
});

const WHO = "SELECT session_user, current_user, current_setting('role')";

/** Who may see what: rows of `notes` belong to a role, and `app`, who owns it, is no exception. */
const NOTES = `CREATE TABLE notes (owner name DEFAULT current_user, text text);
  INSERT INTO notes VALUES ('app', 'of app'), ('reader', 'of reader'), ('writer', 'of writer');
  ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE notes FORCE ROW LEVEL SECURITY;
  CREATE POLICY mine ON notes USING (owner = current_user);
  GRANT USAGE ON SCHEMA own_schema TO reader, writer;
  GRANT SELECT ON notes TO reader; GRANT SELECT, INSERT ON notes TO writer`;

const ALL_NOTES = 'SELECT text FROM own_schema.notes ORDER BY text';

export const roleScenarios: readonly Scenario[] = [
  of(
    'SET ROLE lasts over transactions until RESET ROLE or NONE',
    simples(
      'SET ROLE reader',
      WHO,
      WHO,
      'RESET ROLE',
      WHO,
      "SET ROLE 'writer'",
      WHO,
      'SET ROLE NONE',
    ),
    simples(WHO, "SELECT set_config('role', 'reader', false)", WHO, 'SET role TO DEFAULT', WHO),
    ask('SET SESSION ROLE "writer"'),
    ask(WHO),
  ),
  {
    ...of(
      'what a role may do is asked of the role that is set',
      simples(
        'SET ROLE reader',
        ALL_NOTES,
        "INSERT INTO own_schema.notes VALUES ('reader', 'new')",
        'SET ROLE writer',
        "INSERT INTO own_schema.notes (text) VALUES ('new')",
        ALL_NOTES,
        'RESET ROLE',
        ALL_NOTES,
        'CREATE TABLE own_schema.mine (n int)',
        'SET ROLE writer',
        'CREATE TABLE own_schema.not_mine (n int)',
      ),
    ),
    setup: NOTES,
  },
  {
    ...of(
      'a role that may not be set: what follows runs as before, or not at all',
      simples('SET ROLE stranger', WHO, 'SET ROLE no_such_role', WHO),
      pipeline(
        run('SET ROLE stranger'),
        run("INSERT INTO own_schema.notes (text) VALUES ('unseen')"),
        sync(),
        run(ALL_NOTES),
        sync(),
      ),
      simples(
        "SET ROLE no_such_role; INSERT INTO own_schema.notes (text) VALUES ('unseen')",
        ALL_NOTES,
      ),
    ),
    setup: NOTES,
  },
  of(
    'SET ROLE in a transaction that is rolled back, and to a savepoint',
    simples(
      'BEGIN',
      'SET ROLE reader',
      WHO,
      'ROLLBACK',
      WHO,
      'BEGIN; SET ROLE reader; SAVEPOINT s; SET ROLE writer; ROLLBACK TO s; COMMIT',
      WHO,
    ),
  ),
  {
    ...of(
      'SET LOCAL ROLE and claims for one transaction, one request after the other',
      ...['reader', 'writer', 'reader'].map((role) => [
        simple('BEGIN'),
        simple(`SET LOCAL ROLE ${role}`),
        ask('SELECT set_config($1, $2, true)', ['own_schema.jwt.claims', `{"role":"${role}"}`]),
        simple(ALL_NOTES),
        ask("SELECT current_setting('own_schema.jwt.claims', true)"),
        simple('COMMIT'),
        simple(WHO),
      ]),
      simple(ALL_NOTES),
    ),
    setup: NOTES,
  },
  {
    ...of(
      'a statement prepared as one role is run as another',
      group(parse(ALL_NOTES, 'all')),
      group(bind({ statement: 'all' }), execute()),
      simple('SET ROLE reader'),
      group(bind({ statement: 'all' }), execute()),
      simple('SET ROLE writer'),
      group(bind({ statement: 'all' }), execute()),
      simple('RESET ROLE'),
      group(bind({ statement: 'all' }), execute()),
    ),
    setup: NOTES,
  },
  {
    ...of(
      'two sessions with one role each do not mix',
      simple('SET ROLE reader'),
      on('b', simple('SET ROLE writer')),
      simple(ALL_NOTES),
      on('b', simple(ALL_NOTES)),
      simple(WHO),
      on('b', simple("INSERT INTO own_schema.notes (text) VALUES ('by b')"), simple(WHO)),
      simple("INSERT INTO own_schema.notes VALUES ('reader', 'by a')"),
      on('b', simple(ALL_NOTES)),
    ),
    setup: NOTES,
    sessions: { a: {}, b: {} },
  },
  {
    ...of(
      'search_path with $user follows the role',
      simples(
        'SET search_path = "$user", own_schema',
        'SELECT current_schema',
        'SELECT * FROM t',
        'SET ROLE reader',
        'SELECT current_schema, current_schemas(true)',
        'RESET ROLE',
        'SELECT current_schema',
      ),
    ),
    setup: 'CREATE TABLE t AS SELECT 1 AS n',
  },
  {
    ...of(
      'SET SESSION AUTHORIZATION by a superuser, and back',
      simples(
        WHO,
        'SET SESSION AUTHORIZATION app',
        WHO,
        'SELECT 1',
        WHO,
        'SET ROLE reader',
        WHO,
        "SET SESSION AUTHORIZATION 'reader'",
        WHO,
        'CREATE ROLE own_schema',
        'RESET SESSION AUTHORIZATION',
        WHO,
        'SHOW is_superuser',
        'SET SESSION SESSION AUTHORIZATION tuned; SET SESSION AUTHORIZATION DEFAULT',
        WHO,
      ),
    ),
    sessions: { a: { user: 'chief' } },
  },
  {
    ...of(
      'SET SESSION AUTHORIZATION that is rolled back or local',
      simples(
        'BEGIN',
        'SET SESSION AUTHORIZATION app',
        WHO,
        'ROLLBACK',
        WHO,
        'BEGIN; SET LOCAL SESSION AUTHORIZATION app',
        WHO,
        'COMMIT',
        WHO,
      ),
    ),
    sessions: { a: { user: 'chief' } },
  },
  of(
    'SET SESSION AUTHORIZATION by somebody who may not',
    simples('SET SESSION AUTHORIZATION chief', WHO, 'SET SESSION AUTHORIZATION app', WHO),
  ),
  of(
    'RESET ALL leaves the role',
    simples('SET ROLE reader', "SET own_schema.x = '1'", 'RESET ALL', WHO, 'DISCARD ALL', WHO),
  ),
];
