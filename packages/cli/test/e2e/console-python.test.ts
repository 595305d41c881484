import { spawnSync } from 'node:child_process';
import { type Daemon, startDaemon } from '@pgweir/testkit';
import { Client } from 'pg';
import { run } from './support/programs';

const DRIVERS = ['psycopg', 'psycopg2', 'pg8000'] as const;

/** Those that Python finds, by the name of their module. */
function driversThere(): readonly string[] {
  const look = `from importlib.util import find_spec
print(*[name for name in ${JSON.stringify(DRIVERS)} if find_spec(name)])`;
  const { stdout } = spawnSync('python3', ['-c', look], { encoding: 'utf8' });
  return (stdout ?? '').trim().split(' ');
}

/** Runs commands one after the other on one connection, and prints what each has brought, in JSON. */
const READER = `
import importlib, json, sys
driver, host, port, *commands = sys.argv[1:]
module = importlib.import_module('pg8000.dbapi' if driver == 'pg8000' else driver)
name = 'database' if driver == 'pg8000' else 'dbname'
connection = module.connect(
    host=host, port=int(port), user='chief', password='chief secret', **{name: 'pgbouncer'})
connection.autocommit = True
cursor = connection.cursor()
for command in commands:
    try:
        cursor.execute(command)
        columns = [column[0] for column in cursor.description or []]
        rows = cursor.fetchall() if columns else []
        print(json.dumps({'columns': columns, 'rows': [list(row) for row in rows]}, default=str))
    except module.Error as error:
        print(json.dumps({'columns': ['error'], 'rows': [[str(error)]]}))
connection.close()
`;

const INI = `[databases]
app = host=127.0.0.1 port=1 pool_size=4
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {dir}
auth_type = scram-sha-256
auth_file = {dir}/userlist.txt
admin_users = chief
`;

let daemon: Daemon;
let console: Client;

beforeAll(async () => {
  daemon = await startDaemon({ config: INI, userlist: '"chief" "chief secret"\n' });
  const { host, port } = daemon;
  const login = { host, port, user: 'chief', password: 'chief secret' };
  console = new Client({ ...login, database: 'pgbouncer' });
  await console.connect();
});

afterAll(async () => {
  await console?.end();
  await daemon?.stop();
});

interface Brought {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const there = driversThere();

describe.each(DRIVERS)('%s', (driver) => {
  const [testIt, why] = there.includes(driver)
    ? [test, '']
    : ([test.skip, ` (skipped: python3 has no ${driver})`] as const);

  async function read(commands: readonly string[]): Promise<readonly Brought[]> {
    const args = ['-c', READER, driver, daemon.host, String(daemon.port), ...commands];
    const { code, stdout, stderr } = await run('python3', args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(commands.length);
    return lines.map((line) => JSON.parse(line) as Brought);
  }

  testIt(`reads the console as pg does, reloads, and survives an error${why}`, async () => {
    const items = ['DATABASES', 'POOLS', 'STATS', 'LISTS', 'CONFIG', 'USERS', 'VERSION'];
    const shows = items.map((item) => `SHOW ${item}`);
    const [error, reload, ...shown] = await read(['SHOW nosuch', 'RELOAD', ...shows]);
    expect(error?.rows.flat().join()).toContain("invalid command 'SHOW nosuch', use SHOW HELP;");
    expect(reload).toEqual({ columns: [], rows: [] });
    expect(daemon.log()).toContain('configuration reloaded');
    for (const [at, sql] of shows.entries()) {
      const { fields, rows } = await console.query(sql);
      expect([sql, shown[at]?.columns]).toEqual([sql, fields.map(({ name }) => name)]);
      expect([sql, shown[at]?.rows.length]).toEqual([sql, rows.length]);
    }
    const [databases, , stats, , config] = shown;
    // Numbers are numbers, NULL is nothing.
    const app = databases?.rows.find(([name]) => name === 'app') ?? [];
    const cell = (column: string) => app[databases?.columns.indexOf(column) ?? -1];
    expect(['host', 'port', 'pool_size', 'force_user', 'paused'].map(cell)).toEqual([
      '127.0.0.1',
      1,
      4,
      null,
      0,
    ]);
    // Decimals, which JSON has as texts.
    const decimals = stats?.columns.slice(1).map(() => expect.stringMatching(/^\d/)) ?? [];
    expect(stats?.rows).toContainEqual(['pgbouncer', ...decimals]);
    expect(config?.rows).toContainEqual(['auth_type', 'scram-sha-256', 'md5', 'yes']);
  });
});
