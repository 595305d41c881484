import {
  bind,
  close,
  describe,
  execute,
  flush,
  int32,
  parse,
  query,
  run,
  sync,
} from '../../wire/frontend';
import type { Scenario } from '../scenario';
import { a, b, TWO } from './voices';

const GROUP = 'drivers: Node.js';

const PEOPLE = `
CREATE TABLE people (id serial PRIMARY KEY, name text);
INSERT INTO people (name) VALUES ('ann'), ('bob'), ('cy');
`;
const BY_ID = 'SELECT id, name FROM own_schema.people WHERE id = $1';

/** What node-postgres sends after a Parse, or alone when it has parsed that name before. */
const bound = (name: string, value: string): Buffer =>
  Buffer.concat([
    bind({ statement: name, formats: [0], values: [value], results: [0] }),
    describe('P'),
    execute(),
  ]);

const NODE_POSTGRES: readonly Scenario[] = [
  {
    name: 'node-postgres: unnamed and named queries, transactions',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: 'UTF8' } } },
    setup: PEOPLE,
    steps: [
      a.group(parse('SELECT $1::text'), bound('', 'a')),
      a.group(parse(BY_ID, 'fetch-user'), bound('fetch-user', '1')),
      a.group(bound('fetch-user', '2')),
      a.query('begin'),
      a.ask('INSERT INTO own_schema.people (name) VALUES ($1)', ['n']),
      a.group(bound('fetch-user', '4')),
      a.query('commit', 'SELECT 1'),
      a.group(bound('fetch-user', '4')),
    ],
  },
  {
    name: 'node-postgres: an error in a named query, which is parsed again under its name',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(parse('SELECT nothing FROM own_schema.people', 'broken'), bound('broken', '1')),
      a.group(parse(BY_ID, 'broken'), bound('broken', 'not a number')),
      a.group(bound('broken', '1')),
    ],
  },
  {
    name: 'node-postgres: two clients use one name for different texts',
    group: GROUP,
    sessions: TWO,
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID, 'q'), bound('q', '1')),
      b.group(parse('SELECT upper($1)', 'q'), bound('q', 'one')),
      a.group(bound('q', '2')),
      b.group(bound('q', 'two')),
    ],
  },
  {
    name: 'node-postgres: pg-cursor reads in pieces within a transaction',
    group: GROUP,
    steps: [
      a.query('BEGIN'),
      a.send(
        'T',
        1,
        parse('SELECT generate_series(1, 7)'),
        bind({ portal: 'C_1' }),
        describe('P', 'C_1'),
        flush(),
      ),
      a.send('s', 1, execute(3, 'C_1'), flush()),
      a.send('s', 1, execute(3, 'C_1'), flush()),
      a.send('C', 1, execute(3, 'C_1'), flush()),
      a.group(close('P', 'C_1')),
      a.query('COMMIT'),
    ],
  },
  {
    name: 'node-postgres: pool with a SET for each connection',
    group: GROUP,
    sessions: TWO,
    steps: [
      a.query("SET SESSION search_path TO 'own_schema'; SET TIME ZONE 'Asia/Tokyo'"),
      b.query("SET SESSION search_path TO 'public'; SET TIME ZONE 'America/Caracas'"),
      a.ask("SELECT current_schema(), '2024-01-01 00:00+00'::timestamptz"),
      b.ask("SELECT current_schema(), '2024-01-01 00:00+00'::timestamptz"),
      a.ask("SELECT current_schema(), '2024-01-01 00:00+00'::timestamptz"),
    ],
  },
];

const POSTGRES_JS: readonly Scenario[] = [
  {
    name: 'postgres.js: Parse, Describe and Flush first, the rest after the answer',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: 'UTF8', application_name: 'postgres.js' } } },
    setup: PEOPLE,
    steps: [
      a.group(
        parse('SELECT 1 AS first', 'x1'),
        describe('S', 'x1'),
        bind({ statement: 'x1' }),
        execute(),
      ),
      a.send('T', 1, parse(BY_ID, 'x2', [0]), describe('S', 'x2'), flush()),
      a.group(bind({ statement: 'x2', values: ['1'] }), execute()),
      a.group(bind({ statement: 'x2', values: ['2'] }), execute()),
      a.query('begin '),
      a.send(
        'n',
        1,
        parse('INSERT INTO own_schema.people (name) VALUES ($1)', 'x4', [0]),
        describe('S', 'x4'),
        flush(),
      ),
      a.group(bind({ statement: 'x4', values: ['p'] }), execute()),
      a.group(
        parse('savepoint "s0"', 'x5'),
        describe('S', 'x5'),
        bind({ statement: 'x5' }),
        execute(),
      ),
      a.group(bind({ statement: 'x2', values: ['4'] }), execute()),
      a.group(parse('commit', 'x7'), describe('S', 'x7'), bind({ statement: 'x7' }), execute()),
      a.group(bind({ statement: 'x2', values: ['4'] }), execute()),
    ],
  },
  {
    name: 'postgres.js: a cursor by Execute and Flush without a transaction',
    group: GROUP,
    steps: [
      a.send(
        's',
        1,
        parse('SELECT generate_series(1,5) AS x', 'x8'),
        describe('S', 'x8'),
        bind({ statement: 'x8' }),
        execute(2),
        flush(),
      ),
      a.send('s', 1, execute(2), flush()),
      a.send('C', 1, execute(2), flush()),
      a.pipeline(sync()),
      a.group(bind({ statement: 'x8' }), execute()),
    ],
  },
  {
    name: 'postgres.js: queries one after the other without waiting',
    group: GROUP,
    setup: PEOPLE,
    steps: [
      a.group(parse(BY_ID, 'x2'), describe('S', 'x2')),
      a.pipeline(
        ...[1, 2, 3].flatMap((id) => [
          bind({ statement: 'x2', values: [`${id}`] }),
          execute(),
          sync(),
        ]),
        query('set search_path = own_schema; select 2'),
        run('SELECT count(*) FROM people'),
        sync(),
      ),
      a.ask('SELECT count(*) FROM people'),
    ],
  },
];

const PRISMA: readonly Scenario[] = [
  {
    name: 'Prisma: search_path at connect, statements s0 to s2, transactions',
    group: GROUP,
    sessions: { a: { parameters: { client_encoding: 'UTF8' } } },
    setup: PEOPLE,
    steps: [
      a.query('SET search_path = "own_schema"'),
      a.group(
        parse('SELECT "id", "name" FROM "people" WHERE "id" = $1 LIMIT $2 OFFSET $3', 's0'),
        describe('S', 's0'),
      ),
      a.group(
        bind({
          statement: 's0',
          formats: [1],
          values: [int32(1), Buffer.concat([int32(0), int32(1)]), Buffer.alloc(8)],
          results: [1],
        }),
        execute(),
      ),
      a.query('BEGIN'),
      a.group(
        parse('INSERT INTO "people" ("name") VALUES ($1) RETURNING "id"', 's1'),
        describe('S', 's1'),
      ),
      a.group(bind({ statement: 's1', formats: [1], values: ['di'], results: [1] }), execute()),
      a.query('COMMIT'),
      a.group(close('S', 's0')),
      a.group(bind({ statement: 's1', formats: [1], values: ['ed'], results: [1] }), execute()),
    ],
  },
  {
    name: 'Prisma: DEALLOCATE ALL within each transaction, as for PgBouncer',
    group: GROUP,
    setup: PEOPLE,
    steps: ['1', '2'].flatMap((id) => [
      a.query('BEGIN', 'DEALLOCATE ALL'),
      a.group(parse(BY_ID, 's0'), describe('S', 's0')),
      a.group(bind({ statement: 's0', values: [id] }), execute()),
      a.query('COMMIT'),
    ]),
  },
  {
    name: 'Prisma: migrate takes an advisory lock, applies a script, writes its table',
    group: GROUP,
    steps: [
      a.query(
        'SET search_path = "own_schema"',
        'SELECT version()',
        "SELECT pg_advisory_lock(hashtext('own_schema'))",
        'CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL, name VARCHAR(255) NOT NULL, steps INTEGER NOT NULL DEFAULT 0)',
        "INSERT INTO _prisma_migrations VALUES ('1', 'init')",
        'CREATE TYPE "Role" AS ENUM (\'USER\', \'ADMIN\'); CREATE TABLE "User" ("id" SERIAL NOT NULL, "role" "Role" NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id")); CREATE INDEX "User_role" ON "User" ("role");',
        "UPDATE _prisma_migrations SET steps = steps + 1 WHERE id = '1'",
        "SELECT pg_advisory_unlock(hashtext('own_schema'))",
      ),
      a.ask('SELECT name, steps FROM _prisma_migrations'),
    ],
  },
];

export const nodeScenarios: readonly Scenario[] = [...NODE_POSTGRES, ...POSTGRES_JS, ...PRISMA];
