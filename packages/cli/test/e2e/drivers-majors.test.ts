import { availableMajors, MAJORS } from '@pgweir/testkit';
import { Client } from 'pg';
import postgres from 'postgres';
import { onPath, run } from './support/programs';
import { codeOf, pgWay, type Rig, startRig } from './support/rig';

/** Some majors have no binaries on some platforms. */
const available = availableMajors();

for (const major of MAJORS) {
  const missing = available.includes(major) ? '' : ' (skipped: no binaries for this platform)';
  const describeMajor = missing === '' ? describe : describe.skip;
  describeMajor(`PostgreSQL ${major} in transaction mode${missing}`, () => {
    let rig: Rig;

    beforeAll(async () => {
      rig = await startRig({
        cluster: {
          major,
          users: [{ name: 'ann', password: 'one' }],
          databases: [{ name: 'shop', owner: 'ann' }],
          hba: ['host all all 127.0.0.1/32 scram-sha-256'],
        },
        settings: {
          auth_type: 'scram-sha-256',
          pool_mode: 'transaction',
          default_pool_size: '2',
        },
        databases: { shop: '{server}' },
        userlist: '"ann" "one"\n',
      });
    });

    afterAll(() => rig?.stop());

    test('pg: parameters, transactions, errors, settings of its own', async () => {
      const clients = ['UTC', 'Asia/Tokyo', 'Europe/Rome'].map(
        (zone) =>
          new Client({
            ...pgWay(rig.daemon, 'tcp'),
            user: 'ann',
            password: 'one',
            database: 'shop',
            options: `-c TimeZone=${zone} -c search_path=${zone === 'UTC' ? 'public' : 'pg_temp'}`,
          }),
      );
      try {
        for (const client of clients) await client.connect();
        const seen: unknown[] = [];
        for (const client of clients) {
          await client.query('BEGIN');
          await client.query('CREATE TEMPORARY TABLE t (n int) ON COMMIT DROP');
          await client.query('INSERT INTO t VALUES ($1)', [7]);
          expect(await codeOf(client.query('SELECT 1/0'))).toBe('22012');
          await client.query('ROLLBACK');
          const { rows } = await client.query(
            `SELECT current_setting('TimeZone') AS zone, current_setting('search_path') AS path,
               current_setting('server_version_num')::int / 10000 AS major`,
          );
          seen.push(rows[0]);
        }
        expect(seen).toEqual([
          { zone: 'UTC', path: 'public', major },
          { zone: 'Asia/Tokyo', path: 'pg_temp', major },
          { zone: 'Europe/Rome', path: 'pg_temp', major },
        ]);
      } finally {
        for (const client of clients) await client.end();
      }
    });

    test('postgres.js: parameters, transactions, cursors, COPY, cancel', async () => {
      const { host, port } = rig.daemon;
      const login = { host, port, user: 'ann', password: 'one', database: 'shop' };
      const sql = postgres({ ...login, max: 4, prepare: false, onnotice: () => undefined });
      try {
        const numbers = Array.from({ length: 50 }, (_, n) => n);
        const rows = await Promise.all(numbers.map((n) => sql`SELECT ${n}::int AS n`));
        expect(rows.map(([row]) => row?.n)).toEqual(numbers);
        await sql.begin(async (tx) => {
          await tx`CREATE TABLE copied (n int)`;
          const into = await tx`COPY copied FROM STDIN`.writable();
          into.end('1\n2\n3\n');
          await new Promise((resolve, reject) => into.on('finish', resolve).on('error', reject));
        });
        const sizes: number[] = [];
        await sql`SELECT n FROM copied`.cursor(2, (portion) => {
          sizes.push(portion.length);
        });
        expect(sizes).toEqual([2, 1]);
        const slow = sql`SELECT pg_sleep(20)`.execute();
        const timer = setInterval(() => slow.cancel(), 50);
        expect(await codeOf(slow)).toBe('57014');
        clearInterval(timer);
      } finally {
        await sql.end({ timeout: 5 });
      }
    });

    const withPsql = onPath('psql') ? test : test.skip;
    withPsql(`psql${onPath('psql') ? '' : ' (skipped: there is no psql on PATH)'}`, async () => {
      const { daemon } = rig;
      const env = { PGUSER: 'ann', PGPASSWORD: 'one', PGDATABASE: 'shop' };
      const where = ['-h', daemon.host, '-p', String(daemon.port), '-XAtq'];
      const input = `BEGIN; CREATE TABLE p AS SELECT generate_series(1, 5) AS n; COMMIT;
        \\copy p to stdout
        SELECT sum(n) FROM p; SELECT 1/0; SELECT 'after';\n`;
      const { code, stdout, stderr } = await run('psql', where, { env, input });
      expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n2\n3\n4\n5\n15\nafter\n' });
      expect(stderr).toMatch(/division by zero/);
    });
  });
}
