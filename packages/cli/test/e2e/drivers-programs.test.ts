import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certsDir, waitFor } from '@pgweir/testkit';
import { type Ran, type RunOptions, run, testWith } from './support/programs';
import { CLIENT_TLS, MODES, type Rig, SOME_PAIRS, startRig, WAYS, type Way } from './support/rig';

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

function environment(database: string, way: Way): Record<string, string> {
  const { daemon } = rig;
  const tls: Record<string, string> =
    way === 'tls'
      ? { PGSSLMODE: 'verify-full', PGSSLROOTCERT: join(certsDir(), 'ca.crt') }
      : { PGSSLMODE: 'disable' };
  return {
    PGHOST: way === 'unix' ? daemon.socketDir : daemon.host,
    PGPORT: String(daemon.port),
    PGUSER: 'ann',
    PGPASSWORD: 'one',
    PGDATABASE: database,
    ...tls,
  };
}

function psql(
  [database, way]: readonly [string, Way],
  input: string,
  options: RunOptions = {},
): Promise<Ran> {
  const args = ['--no-psqlrc', '--quiet', '--no-align', '--tuples-only'];
  return run('psql', args, { input, ...options, env: environment(database, way) });
}

describe.each(MODES.flatMap((mode) => WAYS.map((way) => [mode, way] as const)))(
  'psql in %s mode over %s',
  (mode, way) => {
    testWith('psql')('statements, errors and recovery look as without a pooler', async () => {
      const { code, stdout, stderr } = await psql(
        [mode, way],
        "SELECT 1;\nSELECT 1/0;\nSELECT 2; SELECT 'grüße';\n\\echo :SQLSTATE\n",
      );
      expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n2\ngrüße\n00000\n' });
      expect(stderr).toMatch(/ERROR: {2}division by zero\n$/);
    });
  },
);

describe.each(SOME_PAIRS)('psql in %s mode over %s', (mode, way) => {
  testWith('psql')('\\copy carries 20 000 lines there and back', async () => {
    const [from, to] = ['in', 'out'].map((name) => join(rig.daemon.dir, `${mode}-${way}.${name}`));
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\t${'x'.repeat(n % 97)}\n`);
    writeFileSync(from ?? '', lines.join(''));
    const table = `copied_${mode}_${way}`;
    const { code, stderr, stdout } = await psql(
      [mode, way],
      `CREATE TABLE ${table} (n int, t text);
        \\copy ${table} from ${from}
        \\copy (SELECT * FROM ${table} ORDER BY n) to ${to}
        \\copy ${table} from ${to} with (format csv)
        SELECT count(*) FROM ${table};\n`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '20000\n' });
    expect(stderr).toMatch(/ERROR: {2}missing data for column/);
    expect(readFileSync(to ?? '', 'utf8')).toBe(lines.join(''));
  });

  testWith('psql')('Ctrl-C cancels the statement', async () => {
    const name = `cancelled_${mode}_${way}`;
    const { code, stderr } = await psql([mode, way], `SELECT '${name}', pg_sleep(15);\n`, {
      started: (child) => void whenSleeping(name).then(() => child.kill('SIGINT')),
    });
    expect(stderr).toMatch(/canceling statement due to user request/);
    // Without a terminal psql ends then.
    expect(code).toBe(3);
  });
});

describe.each(
  WAYS.flatMap((way) => (['session', 'transaction'] as const).map((mode) => [mode, way] as const)),
)('psql in %s mode over %s', (mode, way) => {
  testWith('psql')('transactions, cursors and savepoints work', async () => {
    const { code, stdout, stderr } = await psql(
      [mode, way],
      `\\set ON_ERROR_ROLLBACK on
        BEGIN; CREATE TABLE t_${mode}_${way} (n int); SELECT 1/0; INSERT INTO t_${mode}_${way} VALUES (7); COMMIT;
        BEGIN; DELETE FROM t_${mode}_${way}; ROLLBACK;
        \\set FETCH_COUNT 3
        SELECT g FROM generate_series(1, 8) AS g;
        SELECT * FROM t_${mode}_${way};\n`,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '1\n2\n3\n4\n5\n6\n7\n8\n7\n' });
    expect(stderr).toMatch(/division by zero/);
  });
});

testWith('psql')('a notification reaches psql in session mode', async () => {
  const { stdout } = await psql(
    ['session', 'tcp'],
    "LISTEN news;\nNOTIFY news, 'hello';\nSELECT 1;\n",
  );
  expect(stdout).toMatch(/Asynchronous notification "news" with payload "hello" received/);
});

describe('pgbench', () => {
  const cases = [
    ['session', 'simple', 'tcp'],
    ['session', 'extended', 'unix'],
    ['session', 'prepared', 'tls'],
    ['transaction', 'simple', 'tls'],
    ['transaction', 'extended', 'tcp'],
    ['transaction', 'extended', 'unix'],
  ] as const;
  testWith('pgbench')(
    'makes its tables with COPY and runs in every mode and protocol',
    async () => {
      const made = await run('pgbench', ['-i', '-q'], { env: environment('transaction', 'tcp') });
      expect(made).toMatchObject({ code: 0 });
      for (const [mode, protocol, way] of cases) {
        const env = environment(mode, way);
        const ran = await run('pgbench', ['-n', '-c', '4', '-t', '25', '-M', protocol], { env });
        expect(ran).toMatchObject({ code: 0 });
        expect(ran.stdout).toMatch(/transactions actually processed: 100\/100/);
        expect(ran.stdout).toMatch(/failed transactions: 0 /);
      }
    },
  );

  testWith('pgbench')('runs single statements in statement mode', async () => {
    const script = join(rig.daemon.dir, 'single.sql');
    writeFileSync(script, 'SELECT :client_id + 1;\n');
    for (const way of WAYS) {
      const env = environment('statement', way);
      const ran = await run('pgbench', ['-n', '-f', script, '-c', '8', '-t', '25'], { env });
      expect(ran).toMatchObject({ code: 0 });
      expect(ran.stdout).toMatch(/transactions actually processed: 200\/200/);
    }
  });
});

/** Resolves when a statement that contains `name` sleeps. */
async function whenSleeping(name: string): Promise<void> {
  await waitFor(
    async () => {
      const rows = await rig.cluster.primary.query(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE $1",
        [`%${name}%`],
      );
      return rows.length > 0;
    },
    { what: 'the statement to run' },
  );
}
