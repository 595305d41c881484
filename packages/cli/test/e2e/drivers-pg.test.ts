import { waitFor } from '@pgweir/testkit';
import { type ClientConfig, Pool, type QueryConfig } from 'pg';
import {
  CLIENT_TLS,
  codeOf,
  MODES,
  type PoolMode,
  pgWay,
  type Rig,
  startRig,
  WAYS,
  type Way,
  withPg,
} from './support/rig';

const ANN = { user: 'ann', password: 'one' } as const;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    cluster: {
      users: [{ name: 'ann', password: 'one' }],
      databases: [{ name: 'shop', owner: 'ann' }],
      hba: ['host all all 127.0.0.1/32 scram-sha-256'],
    },
    settings: { auth_type: 'scram-sha-256', default_pool_size: '3', ...CLIENT_TLS },
    databases: Object.fromEntries(
      MODES.map((mode) => [mode, `{server} dbname=shop pool_mode=${mode}`]),
    ),
    userlist: '"ann" "one"\n',
  });
});

afterAll(() => rig?.stop());

const everywhere = MODES.flatMap((mode) => WAYS.map((way) => [mode, way] as const));
const withTransactions = everywhere.filter(([mode]) => mode !== 'statement');
const inSessions = WAYS.map((way) => ['session', way] as const);

function target(mode: PoolMode, way: Way): ClientConfig {
  return { ...pgWay(rig.daemon, way), ...ANN, database: mode };
}

describe.each(everywhere)('pg in %s mode over %s', (mode, way) => {
  test('values of many types go there and come back', async () => {
    await withPg(target(mode, way), async (client) => {
      const { rows } = await client.query(
        'SELECT $1::int AS i, $2::text AS t, $3::bytea AS b, $4::jsonb AS j, $5::int[] AS a, $6::text AS n',
        [42, 'grüße', Buffer.from([0, 1, 255]), { deep: [1] }, [1, 2, 3], null],
      );
      expect(rows).toEqual([
        {
          i: 42,
          t: 'grüße',
          b: Buffer.from([0, 1, 255]),
          j: { deep: [1] },
          a: [1, 2, 3],
          n: null,
        },
      ]);
    });
  });

  test('after an error the same connection goes on', async () => {
    await withPg(target(mode, way), async (client) => {
      expect(await codeOf(client.query('SELECT 1/0'))).toBe('22012');
      expect(await codeOf(client.query('SELECT $1::int / 0', [1]))).toBe('22012');
      expect(await codeOf(client.query('SELEKT'))).toBe('42601');
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    });
  });

  test('many rows, a large value, and rows fetched in portions arrive whole', async () => {
    await withPg(target(mode, way), async (client) => {
      const many = await client.query(
        "SELECT n, repeat('x', 100) AS text FROM generate_series(1, 20000) AS n",
      );
      expect(many.rows).toHaveLength(20_000);
      expect(many.rows.at(-1)).toEqual({ n: 20_000, text: 'x'.repeat(100) });
      const large = await client.query("SELECT repeat('y', 3000000) AS text");
      expect(large.rows[0]?.text).toBe('y'.repeat(3_000_000));
      // `rows` (of pg, though not of its types): an Execute for ten rows each.
      const inTens: QueryConfig & { readonly rows: number } = {
        text: 'SELECT n FROM generate_series(1, $1::int) AS n',
        values: [95],
        rows: 10,
      };
      const portions = await client.query<{ n: number }>(inTens);
      expect(portions.rows.map(({ n }) => n)).toEqual(Array.from({ length: 95 }, (_, i) => i + 1));
    });
  });
});

describe.each(withTransactions)('pg in %s mode over %s', (mode, way) => {
  test('transactions commit, roll back, and stay in what state they are', async () => {
    const table = `account_${mode}_${way}`;
    await withPg(target(mode, way), async (client) => {
      await client.query(`CREATE TABLE ${table} (balance int)`);
      await client.query('BEGIN');
      await client.query(`INSERT INTO ${table} VALUES ($1)`, [100]);
      await client.query('COMMIT');
      await client.query('BEGIN');
      await client.query(`UPDATE ${table} SET balance = 0`);
      expect(await codeOf(client.query('SELECT 1/0'))).toBe('22012');
      expect(await codeOf(client.query('SELECT 1'))).toBe('25P02');
      await client.query('ROLLBACK');
      const { rows } = await client.query(`SELECT balance FROM ${table}`);
      expect(rows).toEqual([{ balance: 100 }]);
    });
  });

  test('a pool of more clients than links serves all of them', async () => {
    const pool = new Pool({ ...target(mode, way), max: mode === 'session' ? 3 : 10 });
    try {
      const numbers = Array.from({ length: 60 }, (_, n) => n);
      const results = await Promise.all(numbers.map((n) => pool.query('SELECT $1::int AS n', [n])));
      expect(results.map(({ rows }) => rows[0]?.n)).toEqual(numbers);
    } finally {
      await pool.end();
    }
  });
});

test.each(WAYS)('in statement mode a transaction over %s is refused with 0A000', async (way) => {
  await withPg(target('statement', way), async (client) => {
    expect(await codeOf(client.query('BEGIN'))).toBe('0A000');
  });
  const { rows } = await withPg(target('statement', way), (client) =>
    client.query('SELECT now() = statement_timestamp() AS fresh'),
  );
  expect(rows).toEqual([{ fresh: true }]);
});

describe.each(inSessions)('pg in %s mode over %s', (mode, way) => {
  test('named statements, temporary tables and settings last as long as the connection', async () => {
    await withPg(target(mode, way), async (client) => {
      const statement = { name: 'twice', text: 'SELECT $1::int * 2 AS n' };
      for (const value of [1, 2, 3]) {
        const { rows } = await client.query({ ...statement, values: [value] });
        expect(rows).toEqual([{ n: value * 2 }]);
      }
      await client.query("SET statement_timeout = '7s'");
      await client.query('CREATE TEMPORARY TABLE scratch AS SELECT 1 AS n');
      expect((await client.query('SELECT n FROM scratch')).rows).toEqual([{ n: 1 }]);
      expect((await client.query('SHOW statement_timeout')).rows).toEqual([
        { statement_timeout: '7s' },
      ]);
    });
    await withPg(target(mode, way), async (client) => {
      const { rows } = await client.query(
        `SELECT current_setting('statement_timeout') AS timeout, to_regclass('scratch') AS found,
           (SELECT count(*)::int FROM pg_prepared_statements) AS statements`,
      );
      expect(rows).toEqual([{ timeout: '0', found: null, statements: 0 }]);
    });
  });

  test('LISTEN hears what another client notifies', async () => {
    await withPg(target(mode, way), async (listener) => {
      const heard: string[] = [];
      listener.on('notification', ({ channel, payload }) => heard.push(`${channel}: ${payload}`));
      await listener.query('LISTEN news');
      await withPg(target(mode, way), (speaker) => speaker.query("NOTIFY news, 'hello'"));
      await waitFor(() => heard.length > 0, { what: 'a notification' });
      expect(heard).toEqual(['news: hello']);
    });
  });
});
