import {
  bind,
  copyData,
  copyDone,
  describe,
  execute,
  parse,
  query,
  sync,
} from '../../wire/frontend';
import { closed, type Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'habits of applications';

const DOCUMENTS = `
CREATE TABLE docs (id int PRIMARY KEY, owner int NOT NULL, title text);
INSERT INTO docs VALUES (1, 1, 'of one'), (2, 2, 'of two'), (3, 1, 'also of one');
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
ALTER TABLE docs FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON docs USING (owner = current_setting('own_schema.user_id', true)::int);
`;
const MINE = 'SELECT title FROM own_schema.docs ORDER BY id';

/** What is set to another value than that of a fresh connection. */
const CHANGED = `SELECT name, setting, source FROM pg_settings
  WHERE source = 'session' AND setting IS DISTINCT FROM reset_val ORDER BY name`;
const SOURCE = "SELECT upper(source) FROM pg_settings WHERE name = 'IntervalStyle'";
/** All settings, and those of PL/pgSQL, which DO loads. */
const LIST = ['BEGIN', 'DO $$ BEGIN END $$', 'SHOW ALL', 'COMMIT'];

const SECURITY: readonly Scenario[] = [
  {
    name: 'row-level security: SET app.user_id for the session',
    group: GROUP,
    sessions: TWO,
    setup: DOCUMENTS,
    steps: [
      a.query("SET own_schema.user_id = '1'", MINE),
      b.query("SET own_schema.user_id = '2'", MINE),
      a.query(MINE, "INSERT INTO own_schema.docs VALUES (4, 2, 'not mine')"),
      b.query("INSERT INTO own_schema.docs VALUES (5, 2, 'mine')", MINE),
      a.query("SET own_schema.user_id = '2'", MINE, "SET own_schema.user_id = '3'", MINE),
      b.query(MINE),
    ],
  },
  {
    name: 'row-level security: set_config for each request, by a prepared query',
    group: GROUP,
    sessions: TWO,
    setup: DOCUMENTS,
    steps: [
      a.group(
        parse("SELECT set_config('own_schema.user_id', $1, false)", 'who'),
        parse(MINE, 'mine'),
      ),
      b.group(
        parse("SELECT set_config('own_schema.user_id', $1, false)", 'who'),
        parse(MINE, 'mine'),
      ),
      a.group(bind({ statement: 'who', values: ['1'] }), execute()),
      b.group(bind({ statement: 'who', values: ['2'] }), execute()),
      a.group(bind({ statement: 'mine' }), execute()),
      b.group(bind({ statement: 'mine' }), execute()),
      a.group(
        bind({ statement: 'who', values: ['2'] }),
        execute(),
        bind({ statement: 'mine' }),
        execute(),
      ),
      a.group(bind({ statement: 'mine' }), execute()),
    ],
  },
  {
    name: 'row-level security: set_config local to each transaction leaves nothing behind',
    group: GROUP,
    setup: DOCUMENTS,
    steps: [
      a.query(
        "SET own_schema.user_id = '9'",
        'BEGIN',
        "SELECT set_config('own_schema.user_id', '1', true)",
        MINE,
      ),
      a.query(
        'COMMIT',
        MINE,
        'BEGIN',
        "SET LOCAL own_schema.user_id = '2'",
        MINE,
        'ROLLBACK',
        MINE,
      ),
      a.query('SET row_security = off', MINE, 'RESET row_security', MINE),
    ],
  },
  {
    name: 'roles: SET ROLE for requests, and an INSERT that it may not make',
    group: GROUP,
    sessions: TWO,
    setup: `CREATE TABLE notes (n int); GRANT USAGE ON SCHEMA own_schema TO reader;
      GRANT SELECT ON notes TO reader;`,
    steps: [
      a.query('SET ROLE reader', 'INSERT INTO own_schema.notes VALUES (1)', 'SELECT current_user'),
      b.query('INSERT INTO own_schema.notes VALUES (2)', 'SELECT current_user, session_user'),
      a.query('SELECT * FROM own_schema.notes', 'RESET ROLE'),
      a.query('INSERT INTO own_schema.notes VALUES (3)', 'SELECT current_user, session_user'),
    ],
  },
  {
    name: 'roles: a refused SET ROLE in one write with an INSERT',
    group: GROUP,
    setup: 'CREATE TABLE notes (n int, who text DEFAULT current_user);',
    steps: [
      a.query('SET ROLE stranger', 'SET ROLE no_such_role', 'SELECT current_user'),
      a.query('SET ROLE stranger; INSERT INTO own_schema.notes VALUES (1)'),
      a.pipeline(
        query('SET ROLE stranger'),
        query('INSERT INTO own_schema.notes VALUES (2)'),
        parse('SET ROLE no_such_role'),
        bind(),
        execute(),
        parse('INSERT INTO own_schema.notes VALUES (3)'),
        bind(),
        execute(),
        sync(),
      ),
      a.query('SELECT * FROM own_schema.notes'),
    ],
  },
  {
    name: 'roles: current_user, session_user and SET SESSION AUTHORIZATION of a superuser',
    group: GROUP,
    sessions: { a: { user: 'chief' }, b: { user: 'chief' } },
    steps: [
      a.query('SELECT current_user, session_user', "SET SESSION AUTHORIZATION 'app'"),
      b.query('SELECT current_user, session_user'),
      a.query('SELECT current_user, session_user', 'SET ROLE writer', 'SHOW is_superuser'),
      a.query('SELECT current_user, session_user', 'RESET ROLE', 'SELECT current_user'),
      a.query('RESET SESSION AUTHORIZATION', 'SELECT current_user, session_user'),
      b.query('SHOW is_superuser'),
      a.query('SHOW is_superuser', "BEGIN; SET LOCAL SESSION AUTHORIZATION 'app'"),
      a.query('SELECT session_user', 'ROLLBACK', 'SELECT session_user'),
    ],
  },
];

const TENANTS = `
CREATE SCHEMA own_schema_x; CREATE SCHEMA own_schema_y;
CREATE TABLE own_schema_x.orders (id int, item text);
CREATE TABLE own_schema_y.orders (id int, item text, note text DEFAULT 'y only');
INSERT INTO own_schema_x.orders VALUES (1, 'of x');
INSERT INTO own_schema_y.orders VALUES (1, 'of y');
`;
const DROP_TENANTS = 'DROP SCHEMA IF EXISTS own_schema_x, own_schema_y CASCADE;';
const ORDER = 'SELECT item FROM orders WHERE id = $1';

const SETTINGS: readonly Scenario[] = [
  {
    name: 'tenants: SET search_path for each request, one text and one name for the query',
    group: GROUP,
    sessions: TWO,
    setup: TENANTS,
    cleanup: DROP_TENANTS,
    steps: [
      a.query('SET search_path TO own_schema_x'),
      b.query('SET search_path TO own_schema_y'),
      a.group(parse(ORDER, 'order')),
      b.group(parse(ORDER, 'order')),
      a.group(bind({ statement: 'order', values: ['1'] }), describe('P'), execute()),
      b.group(bind({ statement: 'order', values: ['1'] }), describe('P'), execute()),
      a.query('SET search_path TO own_schema_y'),
      b.query('SET search_path TO own_schema_x'),
      a.group(bind({ statement: 'order', values: ['1'] }), describe('P'), execute()),
      b.group(bind({ statement: 'order', values: ['1'] }), describe('P'), execute()),
    ],
  },
  {
    name: 'tenants: tables of different columns under one unqualified name',
    group: GROUP,
    sessions: TWO,
    setup: TENANTS,
    cleanup: DROP_TENANTS,
    steps: [
      a.query('SET search_path TO own_schema_x', 'SELECT * FROM orders'),
      b.query('SET search_path TO own_schema_y', 'SELECT * FROM orders'),
      a.ask('SELECT * FROM orders'),
      b.ask('SELECT * FROM orders'),
      a.query('SET search_path TO own_schema_y'),
      a.ask('SELECT * FROM orders'),
      b.query('RESET search_path', 'SELECT * FROM orders'),
    ],
  },
  {
    name: 'tenants: SET LOCAL search_path in each transaction',
    group: GROUP,
    setup: TENANTS,
    cleanup: DROP_TENANTS,
    steps: [
      a.query('BEGIN', 'SET LOCAL search_path TO own_schema_x', 'SELECT * FROM orders', 'COMMIT'),
      a.query('BEGIN', 'SET LOCAL search_path TO own_schema_y', 'SELECT * FROM orders', 'ROLLBACK'),
      a.query('SELECT * FROM orders', 'SHOW search_path'),
    ],
  },
  {
    name: 'DO: SET, set_config and a dynamic EXECUTE in a block last for the session',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query("DO $$ BEGIN SET search_path = 'own_schema'; SET own_schema.one = 'x'; END $$"),
      a.query("DO $$ BEGIN PERFORM set_config('own_schema.two', 'y', false); END $$"),
      a.query("DO $$ BEGIN EXECUTE format('SET %I = %L', 'work_mem', '3MB'); END $$"),
      b.query(
        'SHOW search_path',
        "SELECT current_setting('own_schema.one', true)",
        'SHOW work_mem',
      ),
      a.query('SHOW search_path', 'SHOW own_schema.one', 'SHOW own_schema.two', 'SHOW work_mem'),
      a.query(
        "DO $$ BEGIN SET LOCAL own_schema.one = 'z'; END $$",
        'SHOW own_schema.one',
        'DISCARD ALL',
      ),
      a.query('SHOW search_path', 'SHOW work_mem'),
    ],
    differences: [
      {
        reason: 'a custom setting that somebody has once set on the link is empty there, not NULL',
        dependsOnLink: true,
        instead: {
          5: ['T current_setting(table 0.0 type 25,-1,-1 format 0)', 'D ""', 'C SELECT 1', 'Z I'],
        },
      },
    ],
  },
  {
    name: 'timeouts: a statement_timeout of the session is hit, then reset',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query("SET statement_timeout = '250ms'", 'SELECT pg_sleep(20)', 'SHOW statement_timeout'),
      b.query('SHOW statement_timeout', 'SELECT pg_sleep(0.3)'),
      a.query('BEGIN', 'SELECT pg_sleep(20)', 'ROLLBACK', 'RESET statement_timeout'),
      a.query('SELECT pg_sleep(0.3)', 'SHOW statement_timeout'),
    ],
  },
  {
    name: 'timeouts: idle_in_transaction_session_timeout ends the session',
    group: GROUP,
    steps: [a.query("SET idle_in_transaction_session_timeout = '60ms'", 'BEGIN'), closed()],
  },
  {
    name: 'read only: default_transaction_read_only, and a write that fails',
    group: GROUP,
    sessions: TWO,
    setup: 'CREATE TABLE written (n int);',
    steps: [
      a.query(
        'SET default_transaction_read_only = on',
        'INSERT INTO own_schema.written VALUES (1)',
      ),
      b.query('INSERT INTO own_schema.written VALUES (2)', 'SHOW transaction_read_only'),
      a.query('BEGIN READ WRITE', 'INSERT INTO own_schema.written VALUES (3)', 'COMMIT'),
      a.query('BEGIN', 'SHOW transaction_read_only', 'COMMIT', 'SHOW transaction_read_only'),
      a.query('SET default_transaction_read_only TO DEFAULT'),
      a.query('INSERT INTO own_schema.written VALUES (4)', 'TABLE own_schema.written'),
    ],
  },
  {
    name: 'settings: pg_settings tells value, source and reset value of what the session has set',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query("SET work_mem = '3MB'", "SET DateStyle = 'German'", "SET own_schema.own = 'x'"),
      b.query("SET enable_seqscan = 'off'"),
      a.query(
        CHANGED,
        "SELECT name, setting, unit, source, reset_val FROM pg_settings WHERE name IN ('work_mem', 'DateStyle', 'enable_seqscan', 'TimeZone') ORDER BY name",
        'RESET ALL',
        CHANGED,
      ),
      b.query(CHANGED),
    ],
  },
  {
    name: 'settings: a SET to the value that is there anyway, and its source in pg_settings',
    group: GROUP,
    steps: [
      a.query("SET IntervalStyle = 'postgres'", 'SHOW IntervalStyle', SOURCE),
      a.query("SET IntervalStyle = 'iso_8601'", SOURCE, 'SHOW IntervalStyle'),
    ],
    differences: [
      {
        reason: 'what a session sets to the value of a fresh connection is not kept as set',
        dependsOnLink: true,
        instead: {
          3: ['T upper(table 0.0 type 25,-1,-1 format 0)', 'D "DEFAULT"', 'C SELECT 1', 'Z I'],
        },
      },
    ],
  },
  {
    name: 'settings: SHOW ALL is the same list as directly',
    group: GROUP,
    steps: [
      // Settings of extensions are in the list where the extension has been loaded.
      a.query("SET work_mem = '3MB'", ...LIST, 'RESET work_mem', ...LIST),
      a.query("SELECT count(*) > 200 FROM pg_settings WHERE source <> 'session'"),
    ],
  },
];

const COPYING: readonly Scenario[] = [
  {
    name: 'COPY: out and in with a DateStyle and search_path set before',
    group: GROUP,
    sessions: TWO,
    setup: "CREATE TABLE days (d date, f float8); INSERT INTO days VALUES ('2024-02-01', 0.1);",
    steps: [
      a.query('SET search_path = own_schema', "SET DateStyle = 'German'"),
      b.query("SET DateStyle = 'SQL, DMY'", 'COPY own_schema.days TO STDOUT'),
      a.query('COPY days TO STDOUT'),
      a.send('G', 1, query('COPY days FROM STDIN')),
      a.send('Z', 1, copyData('03.04.2024\t1.5\n'), copyData('31.12.2024\t2\n'), copyDone()),
      b.query('COPY (SELECT d FROM own_schema.days ORDER BY d) TO STDOUT (FORMAT csv)'),
      a.query('BEGIN', "SET DateStyle = 'ISO'", 'COPY days TO STDOUT', 'ROLLBACK'),
      a.query('COPY days TO STDOUT', 'SHOW DateStyle'),
    ],
  },
  {
    name: 'COPY: by the extended protocol, with bad data first',
    group: GROUP,
    setup: 'CREATE TABLE days (d date);',
    steps: [
      a.query("SET DateStyle = 'ISO, DMY'"),
      a.send('G', 1, parse('COPY own_schema.days FROM STDIN'), bind(), execute()),
      a.send('Z', 1, copyData('31/12/2024\n'), copyData('12/31/2024\n'), copyDone(), sync()),
      a.send('G', 1, parse('COPY own_schema.days FROM STDIN'), bind(), execute()),
      a.send('Z', 1, copyData('02/01/2024\n'), copyDone(), sync()),
      a.group(parse('COPY own_schema.days TO STDOUT', 'out')),
      a.group(bind({ statement: 'out' }), execute()),
      a.query('SET DateStyle = Postgres'),
      a.group(bind({ statement: 'out' }), execute()),
    ],
  },
];

export const habitScenarios: readonly Scenario[] = [...SECURITY, ...SETTINGS, ...COPYING];
