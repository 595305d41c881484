import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableMajors, type Major } from '@pgweir/testkit';
import { startCompetitors } from './support/competitors';
import { onPath, type Ran, run, testWith } from './support/programs';
import { type Rig, startRig } from './support/rig';

/*
 * psql, pg_dump and pg_restore keep all kinds of state in their connection. Here they get one of two
 * links for one transaction at a time, while clients with other settings take turns with them.
 */

const COPIED_ROWS = 500;

/** `mirror` is filled directly, before the tests; the others through pgweir, each by one test. */
const DATABASES = ['mirror', 'shop', 'restored', 'parallel', 'plain'] as const;
type Database = (typeof DATABASES)[number];

let rig: Rig;
/** What the script says directly. */
let direct: Ran | undefined;

beforeAll(async () => {
  rig = await startRig({
    cluster: {
      ...newestFor('pg_dump'),
      users: [{ name: 'ann', password: 'one' }],
      databases: DATABASES.map((name) => ({ name, owner: 'ann' })),
      hba: ['host all all 127.0.0.1/32 scram-sha-256'],
    },
    settings: {
      auth_type: 'scram-sha-256',
      pool_mode: 'transaction',
      default_pool_size: '2',
    },
    databases: Object.fromEntries(DATABASES.map((name) => [name, '{server}'])),
    userlist: '"ann" "one"\n',
  });
  writeScript();
  if (onPath('psql')) direct = await runScript('mirror', 'direct');
});

afterAll(() => rig?.stop());

/** pg_dump refuses a server that is newer than itself. */
function newestFor(program: string): { readonly major?: Major } {
  if (!onPath(program)) return {};
  const version = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout;
  const own = Number(/(\d+)[.\w]*\s/.exec(version)?.[1] ?? '0');
  const major = availableMajors()
    .filter((each) => each <= own)
    .at(-1);
  return major === undefined ? {} : { major };
}

type Way = 'direct' | 'pgweir';

function environment(database: Database, way: Way): Record<string, string> {
  const port = way === 'direct' ? rig.cluster.primary.port : rig.daemon.port;
  return {
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: 'ann',
    PGPASSWORD: 'one',
    PGDATABASE: database,
    PGSSLMODE: 'disable',
  };
}

/** Runs `body` while others use the same pool, and checks that they did and saw their own state. */
async function withCompetitors<T>(database: Database, body: () => Promise<T>): Promise<T> {
  const { host, port } = rig.daemon;
  const competitors = await startCompetitors({
    host,
    port,
    user: 'ann',
    password: 'one',
    database,
  });
  try {
    await competitors.ran(1);
    const result = await body();
    await competitors.ran(1);
    return result;
  } finally {
    await competitors.stop();
  }
}

function writeScript(): void {
  const { dir } = rig.daemon;
  const lines = Array.from(
    { length: COPIED_ROWS },
    (_, n) => `${n},"item, ${n}",0${(n % 9) + 1}.03.2024\n`,
  );
  writeFileSync(join(dir, 'items.csv'), lines.join(''));
  writeFileSync(join(dir, 'script.sql'), SCRIPT);
}

function runScript(database: Database, way: Way): Promise<Ran> {
  const { dir } = rig.daemon;
  const args = ['--no-psqlrc', '-v', `dir=${dir}`, '-f', join(dir, 'script.sql')];
  return run('psql', args, { env: environment(database, way) });
}

async function dump(database: Database, way: Way, args: readonly string[] = []): Promise<string> {
  const ran = await run('pg_dump', args, { env: environment(database, way) });
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
  return withoutKey(ran.stdout);
}

/** Newer versions of pg_dump write a random key into each dump. */
function withoutKey(text: string): string {
  return text.replaceAll(/^\\(un)?restrict .*\n/gm, '');
}

/** Restores an archive of `mirror` through pgweir; the database is then as `mirror`. */
async function restore(archive: string, database: Database, args: readonly string[]) {
  const ran = await withCompetitors(database, () =>
    run('pg_restore', [...args, `--dbname=${database}`, archive], {
      env: environment(database, 'pgweir'),
    }),
  );
  expect(ran).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await dump(database, 'direct')).toBe(await dump('mirror', 'direct'));
}

describe('in transaction mode with two links and competitors', () => {
  testWith('psql')('a schema and data script does what it does directly', async () => {
    expect(direct?.stdout).toMatch(/the end/);
    expect(direct?.stderr.match(/ERROR:/g)).toHaveLength(5);
    const through = await withCompetitors('shop', () => runScript('shop', 'pgweir'));
    expect(through).toEqual(direct);
    if (onPath('pg_dump'))
      expect(await dump('shop', 'direct')).toBe(await dump('mirror', 'direct'));
  });

  testWith('pg_dump')('a dump is the one of a direct connection', async () => {
    for (const args of [
      [],
      ['--inserts', '--schema=warehouse'],
      ['--quote-all-identifiers', '--schema-only'],
    ]) {
      const through = await withCompetitors('mirror', () => dump('mirror', 'pgweir', args));
      expect(through).toMatch(/CREATE TABLE "?warehouse"?."?items/);
      expect(through).toBe(await dump('mirror', 'direct', args));
    }
  });

  testWith('pg_restore')('a restored dump is the same database', async () => {
    const archive = join(rig.daemon.dir, 'mirror.dump');
    await withCompetitors('mirror', () =>
      dump('mirror', 'pgweir', ['--format=custom', `--file=${archive}`]),
    );
    await restore(archive, 'restored', []);
    await restore(archive, 'restored', ['--clean', '--if-exists']);
    await restore(archive, 'parallel', ['--jobs=2']);
  });

  testWith('pg_dump')('a plain dump goes in through psql', async () => {
    const file = join(rig.daemon.dir, 'plain.sql');
    writeFileSync(file, await dump('mirror', 'direct', ['--clean', '--if-exists']));
    const ran = await withCompetitors('plain', () =>
      run('psql', ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-f', file], {
        env: environment('plain', 'pgweir'),
      }),
    );
    expect({ code: ran.code, errors: ran.stderr.match(/ERROR/g) }).toEqual({
      code: 0,
      errors: null,
    });
    expect(await dump('plain', 'direct')).toBe(await dump('mirror', 'direct'));
  });
});

/** `:dir` is the folder of items.csv. What it prints is the same wherever it runs. */
const SCRIPT = String.raw`
\set schema warehouse
\set limit 3
SET client_min_messages = warning;
CREATE SCHEMA :schema;
SET search_path TO :schema, public;
SET DateStyle TO 'ISO, DMY';
SET TimeZone = 'Asia/Tokyo';
SET my.tenant = 'seven';

CREATE TYPE state AS ENUM ('new', 'sold');
CREATE TABLE items (
  id serial PRIMARY KEY, n int UNIQUE, name text NOT NULL, made date,
  state state DEFAULT 'new', seen timestamptz DEFAULT '2024-01-01 12:00'
);
CREATE TABLE sales (item int REFERENCES items, price numeric(8, 2), at timestamptz);
CREATE VIEW sold AS SELECT i.name, s.price FROM items i JOIN sales s ON s.item = i.id;
CREATE FUNCTION price_of(wanted int) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT sum(price) FROM sales WHERE item = wanted);
END $$;
CREATE FUNCTION tenant() RETURNS text LANGUAGE sql AS $$ SELECT current_setting('my.tenant') $$;
CREATE FUNCTION mark_sold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE items SET state = 'sold' WHERE id = NEW.item;
  RETURN NEW;
END $$;
CREATE TRIGGER sold AFTER INSERT ON sales FOR EACH ROW EXECUTE FUNCTION mark_sold();
SELECT tenant();

\set items_file :dir '/items.csv'
CREATE TEMP TABLE loaded (n int, name text, made date);
\set copy_command '\\copy loaded from ' :items_file ' with (format csv)'
:copy_command
INSERT INTO items (n, name, made) SELECT n, name, made FROM loaded ORDER BY n;
SELECT count(*), min(made), max(made) FROM items;
BEGIN;
SELECT nextval('items_id_seq');
SELECT currval('items_id_seq'), lastval();
COMMIT;
DROP TABLE loaded;
SELECT count(*) FROM loaded;

COPY sales (item, price, at) FROM stdin;
1	10.50	01-02-2024 10:00
2	99.99	02-02-2024 11:00
3	0.01	03-02-2024 12:00
\.
SELECT * FROM sold ORDER BY price LIMIT :limit;
SELECT item, at FROM sales ORDER BY item;

PREPARE by_state (state) AS SELECT count(*) FROM items WHERE state = $1;
EXECUTE by_state ('sold');
BEGIN;
UPDATE items SET state = 'sold' WHERE n < 10;
EXECUTE by_state ('sold');
SAVEPOINT one;
SET LOCAL DateStyle TO German;
SELECT made FROM items WHERE id = 1;
SELECT 1 / 0;
ROLLBACK TO one;
SELECT made FROM items WHERE id = 1;
ROLLBACK;
EXECUTE by_state ('sold');
DEALLOCATE by_state;
EXECUTE by_state ('sold');

BEGIN;
SET search_path TO nowhere;
CREATE TEMP TABLE report ON COMMIT DROP AS SELECT 1 AS one;
SELECT * FROM report;
ROLLBACK;
SHOW search_path;
SELECT price_of(2);

CREATE TEMP TABLE totals AS SELECT state, count(*) FROM items GROUP BY state;
SELECT * FROM totals ORDER BY state;
DECLARE outside CURSOR FOR SELECT 1;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT name FROM items ORDER BY id;
COMMIT;
FETCH 2 FROM held;
FETCH 2 FROM held;
CLOSE held;

DO $$ BEGIN PERFORM set_config('my.tenant', 'eight', false); END $$;
SELECT tenant();
SELECT setval('items_id_seq', 1000);
INSERT INTO items (n, name) VALUES (-1, 'last') RETURNING id;
SELECT count(*) AS rows FROM items \gset
\echo rows :rows
\if :rows
  \echo counted
\endif
\copy (SELECT id, name, seen FROM items ORDER BY id LIMIT 2) to stdout with (format csv)
RESET ALL;
SHOW search_path;
SELECT tenant();
SELECT count(*) FROM warehouse.items;
\echo the end
`;
