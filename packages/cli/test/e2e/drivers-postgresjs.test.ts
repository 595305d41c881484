import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { waitFor } from '@pgweir/testkit';
import postgres from 'postgres';
import {
  authority,
  CLIENT_TLS,
  codeOf,
  MODES,
  type PoolMode,
  type Rig,
  SOME_PAIRS,
  startRig,
  WAYS,
  type Way,
} from './support/rig';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    cluster: {
      users: [{ name: 'ann', password: 'one' }],
      databases: [{ name: 'shop', owner: 'ann' }],
      hba: ['host all all 127.0.0.1/32 scram-sha-256'],
    },
    settings: { auth_type: 'scram-sha-256', default_pool_size: '4', ...CLIENT_TLS },
    databases: Object.fromEntries(
      MODES.map((mode) => [mode, `{server} dbname=shop pool_mode=${mode}`]),
    ),
    userlist: '"ann" "one"\n',
  });
});

afterAll(() => rig?.stop());

/** Named statements belong to a link, so outside of session mode the driver is told not to make any. */
async function withSql<T>(
  { mode, way, max = 2 }: { mode: PoolMode; way: Way; max?: number },
  use: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const { daemon } = rig;
  const sql = postgres({
    ...(way === 'unix'
      ? { path: daemon.socketPath }
      : { host: daemon.host, port: daemon.port, ssl: way === 'tls' && { ca: authority() } }),
    user: 'ann',
    password: 'one',
    database: mode,
    max,
    prepare: mode === 'session',
    onnotice: () => undefined,
  });
  try {
    return await use(sql);
  } finally {
    // Not for ever, should a query hang.
    await sql.end({ timeout: 5 });
  }
}

const everywhere = MODES.flatMap((mode) => WAYS.map((way) => ({ mode, way })));

describe.each(everywhere)('postgres.js in $mode mode over $way', ({ mode, way }) => {
  test('values of many types go there and come back', async () => {
    await withSql({ mode, way }, async (sql) => {
      const rows = await sql`
        SELECT ${42}::int AS i, ${'grüße'}::text AS t, ${sql.array([1, 2], 1007)}::int[] AS a,
          ${sql.json({ deep: [1] })}::jsonb AS j, ${null}::text AS n`;
      expect([...rows]).toEqual([{ i: 42, t: 'grüße', a: [1, 2], j: { deep: [1] }, n: null }]);
    });
  });

  test('queries are pipelined, and one that fails does not harm the others', async () => {
    await withSql({ mode, way }, async (sql) => {
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, n) =>
          n % 10 === 7 ? sql`SELECT 1 / ${0}::int` : sql`SELECT ${n}::int AS n`,
        ),
      );
      const seen = results.map((result) =>
        result.status === 'fulfilled' ? result.value[0]?.n : result.reason.code,
      );
      expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => (n % 10 === 7 ? '22012' : n)));
    });
  });

  test('a cursor fetches in portions, and may be left in the middle', async () => {
    await withSql({ mode, way, max: 1 }, async (sql) => {
      const sizes: number[] = [];
      await sql`SELECT n FROM generate_series(1, 25) AS n`.cursor(10, (rows) => {
        sizes.push(rows.length);
      });
      expect(sizes).toEqual([10, 10, 5]);
      for await (const rows of sql`SELECT n FROM generate_series(1, 1000) AS n`.cursor(10)) {
        expect(rows).toHaveLength(10);
        break;
      }
      expect([...(await sql`SELECT 1 AS one`)]).toEqual([{ one: 1 }]);
    });
  });
});

describe.each(SOME_PAIRS.map(([mode, way]) => ({ mode, way })))(
  'postgres.js in $mode mode over $way',
  ({ mode, way }) => {
    test('a running query is cancelled with 57014, and the connection goes on', async () => {
      await withSql({ mode, way, max: 1 }, async (sql) => {
        await sql`SELECT 1`;
        const query = sql`SELECT pg_sleep(20)`.execute();
        await sleeperSeen();
        query.cancel();
        expect(await codeOf(query)).toBe('57014');
        expect([...(await sql`SELECT 1 AS one`)]).toEqual([{ one: 1 }]);
      });
    });

    test('COPY carries a table there and rows back', async () => {
      const table = `copied_${mode}_${way}`;
      await withSql({ mode, way, max: 1 }, async (sql) => {
        await sql`CREATE TABLE ${sql(table)} (n int, t text)`;
        const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\tline number ${n}\n`);
        const into = await sql`COPY ${sql(table)} FROM STDIN`.writable();
        await pipeline(Readable.from(lines), into);
        const [sum] =
          await sql`SELECT count(*)::int AS count, sum(n)::int AS sum FROM ${sql(table)}`;
        expect(sum).toEqual({ count: 20_000, sum: 199_990_000 });
        // The driver itself hangs after reading more than the buffer of a stream; psql reads it all.
        const first = sql`COPY (SELECT * FROM ${sql(table)} WHERE n < 100 ORDER BY n) TO STDOUT`;
        let text = '';
        for await (const chunk of await first.readable()) text += String(chunk);
        expect(text).toBe(lines.slice(0, 100).join(''));
        expect([...(await sql`SELECT 1 AS one`)]).toEqual([{ one: 1 }]);
      });
    });
  },
);

const withTransactions = everywhere.filter(({ mode }) => mode !== 'statement');

describe.each(withTransactions)('postgres.js in $mode mode over $way', ({ mode, way }) => {
  test('transactions and savepoints commit and roll back', async () => {
    const table = `account_${mode}_${way}`;
    await withSql({ mode, way }, async (sql) => {
      await sql`CREATE TABLE ${sql(table)} (balance int)`;
      const failed = sql.begin(async (tx) => {
        await tx`INSERT INTO ${tx(table)} VALUES (1)`;
        throw Object.assign(new Error('no'), { code: 'changed my mind' });
      });
      expect(await codeOf(failed)).toBe('changed my mind');
      await sql.begin(async (tx) => {
        await tx`INSERT INTO ${tx(table)} VALUES (2)`;
        const inner = tx.savepoint((point) => point`INSERT INTO ${point(table)} VALUES (1 / 0)`);
        expect(await codeOf(inner)).toBe('22012');
        await tx`INSERT INTO ${tx(table)} VALUES (3)`;
      });
      const rows = await sql`SELECT balance FROM ${sql(table)} ORDER BY 1`;
      expect(rows.map(({ balance }) => balance)).toEqual([2, 3]);
    });
  });
});

test.each(WAYS)('postgres.js listens and is notified in session mode over %s', async (way) => {
  await withSql({ mode: 'session', way }, async (sql) => {
    const heard: string[] = [];
    const { unlisten } = await sql.listen('news', (payload) => heard.push(payload));
    await sql.notify('news', 'hello');
    await waitFor(() => heard.length > 0, { what: 'a notification' });
    expect(heard).toEqual(['hello']);
    await unlisten();
  });
});

test('named statements of postgres.js are reused in session mode', async () => {
  await withSql({ mode: 'session', way: 'tcp', max: 1 }, async (sql) => {
    for (const n of [1, 2, 3]) {
      expect([...(await sql`SELECT ${n}::int * 2 AS twice`)]).toEqual([{ twice: n * 2 }]);
    }
    const [found] = await sql`
      SELECT generic_plans + custom_plans AS runs FROM pg_prepared_statements
      WHERE statement LIKE 'SELECT $1::int * 2%'`;
    expect(found).toEqual({ runs: '3' });
  });
});

async function sleeperSeen(): Promise<void> {
  await waitFor(
    async () => {
      const rows = await rig.cluster.primary.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
      );
      return rows.length > 0;
    },
    { what: 'the query to run' },
  );
}
