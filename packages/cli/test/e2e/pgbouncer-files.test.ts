import {
  type Cluster,
  type Daemon,
  pgbouncerCommand,
  pgbouncerVersion,
  startCluster,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { Client, type QueryResult } from 'pg';

/*
 * The rehearsal of a migration: PgBouncer and pgweir run with the same files, and neither clients nor
 * console notice which of them it is.
 */

const version = pgbouncerVersion();
const testBoth = version === undefined ? test.skip : test;
const why = version === undefined ? ' (skipped: there is no pgbouncer on PATH)' : '';

let cluster: Cluster;
const daemons: Daemon[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app', password: 'app secret' }] });
});

afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await cluster.stop();
});

const INI = (): string => `;; as it is found in the field
[databases]
app = host=127.0.0.1 port=${cluster.primary.port} dbname=postgres pool_size=3
several = host=127.0.0.1,127.0.0.1 port=${cluster.primary.port} dbname=postgres pool_mode=session
forced = host=127.0.0.1 port=${cluster.primary.port} dbname=postgres user=app connect_query='SELECT 1'
nowhere = host=127.0.0.1 port=1 dbname=postgres

[users]
app = pool_mode=transaction max_user_connections=40

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = md5
auth_file = {dir}/userlist.txt
admin_users = chief
stats_users = reader, other
ignore_startup_parameters = extra_float_digits, options
server_reset_query = DISCARD ALL
server_check_delay = 30
server_lifetime = 3600
server_idle_timeout = 600
query_wait_timeout = 20
max_client_conn = 200
default_pool_size = 5
reserve_pool_size = 2
reserve_pool_timeout = 3
stats_period = 60
pkt_buf = 4096
tcp_keepalive = 1
tcp_keepidle = 60
`;
const USERLIST = ['app', 'chief', 'reader'].map((user) => `"${user}" "${user} secret"\n`).join('');

async function start(command?: readonly [string, ...string[]]): Promise<Daemon> {
  const options = command === undefined ? {} : { command };
  const daemon = await startDaemon({ config: INI(), userlist: USERLIST, ...options });
  daemons.push(daemon);
  return daemon;
}

async function enter(daemon: Daemon, database: string, user = 'app'): Promise<Client> {
  const { host, port } = daemon;
  const client = new Client({ host, port, user, password: `${user} secret`, database });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** What a command comes to: rows are left out, because they are each daemon's own. */
async function saying(client: Client, sql: string): Promise<string> {
  const notices: string[] = [];
  const heard = ({ message }: { message?: string | undefined }) => notices.push(message ?? '');
  client.on('notice', heard);
  try {
    const { command, rowCount } = (await client.query(sql)) as QueryResult;
    return [...notices, command, rowCount === null ? 'no rows' : 'rows'].join(' | ');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    client.removeListener('notice', heard);
  }
}

/** Items that the oldest PgBouncer has which anybody still runs. */
const ITEMS = [
  ...[
    'VERSION',
    'STATS',
    'STATS_TOTALS',
    'STATS_AVERAGES',
    'TOTALS',
    'CLIENTS',
    'SERVERS',
    'SOCKETS',
  ],
  ...[
    'ACTIVE_SOCKETS',
    'POOLS',
    'LISTS',
    'USERS',
    'DATABASES',
    'CONFIG',
    'MEM',
    'DNS_HOSTS',
    'DNS_ZONES',
  ],
];

/** Names that a later PgBouncer has given to a column. */
const RENAMED: Readonly<Record<string, string>> = { reserve_pool: 'reserve_pool_size' };

const COMMANDS = [
  ...['', ';', 'SELECT 1', 'BEGIN', 'SHOW', 'SHOW nosuch', 'SHOW transaction_isolation', 'nosuch'],
  ...['SHOW client_encoding', 'SHOW datestyle', 'SHOW timezone', 'show version;', 'select version'],
  ...['SHOW standard_conforming_strings', 'SHOW default_transaction_isolation', 'SHOW "version"'],
  ...['SHOW VERSION ; ;', '/* c */ SHOW VERSION', 'SHOW VERSION -- x', 'EXPLAIN SHOW VERSION'],
  ...['PAUSE nosuch', 'PAUSE pgbouncer', 'PAUSE a b', 'PAUSE my-db', `PAUSE ${'a'.repeat(64)}`],
  ...['RESUME', 'RESUME app', 'RESUME nosuch', 'RESUME pgbouncer', 'A_WORD_OF_MORE_THAN_FIFTEEN'],
  ...[
    'DISABLE',
    'ENABLE',
    'DISABLE nosuch',
    'ENABLE nosuch',
    'DISABLE pgbouncer',
    'ENABLE pgbouncer',
  ],
  ...['KILL nosuch', 'KILL pgbouncer', 'RECONNECT nosuch', 'RECONNECT pgbouncer'],
  ...['WAIT_CLOSE nosuch', 'WAIT_CLOSE pgbouncer', 'WAIT_CLOSE', 'WAIT_CLOSE app'],
  ...[
    'SET',
    'SET verbose',
    'SET nosuch = 1',
    'SET verbose = 0',
    'SET verbose TO 0',
    "SET verbose='0'",
  ],
  ...['SET listen_port = 1', 'SET pool_mode = nonsense', `SET verbose = ${'1'.repeat(256)}`],
  ...['SET client_encoding TO utf8', "SET timezone='UTC'", 'SHUTDOWN NEVER', 'SUSPEND x'],
  ...['DISABLE app', 'ENABLE app', 'RECONNECT', 'RECONNECT app', 'RELOAD', 'SHOW HELP'],
  ...['PAUSE app', 'PAUSE app', 'RESUME app', 'PAUSE', 'PAUSE', 'SUSPEND', 'RESUME', 'RESUME'],
  ...['SUSPEND', 'PAUSE', 'RESUME', 'KILL forced', 'KILL forced', 'RESUME forced'],
];

/** What an application does, and hears. */
async function applicationOn(daemon: Daemon): Promise<readonly unknown[]> {
  const heard: unknown[] = [];
  for (const database of ['app', 'several', 'forced']) {
    const client = await enter(daemon, database, database === 'forced' ? 'chief' : 'app');
    try {
      for (const sql of [
        'SELECT current_user::text AS u, current_database()::text AS d',
        'BEGIN; CREATE TEMP TABLE t (n int) ON COMMIT DROP; INSERT INTO t VALUES (1); COMMIT',
        'SELECT 1 / 0',
        'SELECT n FROM generate_series(1, 3) n',
        'SHOW server_version_num',
      ]) {
        try {
          heard.push(JSON.stringify(await client.query(sql), ['rows', 'u', 'd', 'n', 'command']));
        } catch (error) {
          heard.push(Object(error).code);
        }
      }
    } finally {
      await client.end();
    }
  }
  const refused = async (database: string, user: string) => {
    try {
      await (await enter(daemon, database, user)).end();
      return 'entered';
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  heard.push(await refused('nosuch', 'app'), await refused('app', 'stranger'));
  heard.push(await refused('pgbouncer', 'app'));
  return heard;
}

testBoth(
  `clients, console and log of PgBouncer ${version ?? ''} and of pgweir with the same files${why}`,
  async () => {
    const [bouncer, weir] = [await start(pgbouncerCommand()), await start()];
    expect(await applicationOn(weir)).toEqual(await applicationOn(bouncer));
    const [before, after] = [
      await enter(bouncer, 'pgbouncer', 'chief'),
      await enter(weir, 'pgbouncer', 'chief'),
    ];
    for (const item of ITEMS) {
      const [was, is] = [await before.query(`SHOW ${item}`), await after.query(`SHOW ${item}`)];
      const columns = ({ fields }: QueryResult) =>
        fields.map(({ name, dataTypeID }) => `${RENAMED[name] ?? name} ${dataTypeID}`);
      const wanted = columns(was);
      expect([item, columns(is).filter((column) => wanted.includes(column))]).toEqual([
        item,
        wanted,
      ]);
    }
    for (const sql of COMMANDS) {
      expect([sql, await saying(after, sql)]).toEqual([sql, await saying(before, sql)]);
    }
    const [reads, nowReads] = [
      await enter(bouncer, 'pgbouncer', 'reader'),
      await enter(weir, 'pgbouncer', 'reader'),
    ];
    for (const sql of [
      'PAUSE',
      'SHOW FDS',
      'SHOW STATS',
      'RELOAD',
      'KILL',
      'SET verbose=1',
      'SUSPEND',
    ]) {
      expect([sql, await saying(nowReads, sql)]).toEqual([sql, await saying(reads, sql)]);
    }
    // Every setting that it shows has the same value here, but those that are known to differ.
    const config = async (client: Client) =>
      new Map((await client.query('SHOW CONFIG')).rows.map((row) => [row.key, row]));
    const [old, now] = [await config(before), await config(after)];
    const differing = [...old].filter(
      ([key, row]) => JSON.stringify(now.get(key)) !== JSON.stringify(row),
    );
    const known = ['auth_file', 'conffile', 'listen_backlog', 'listen_port', 'user'];
    // Their defaults have changed since: client_tls_ciphers and the like.
    const younger = [
      ...['client_tls_ciphers', 'server_check_query', 'server_tls_ciphers', 'server_tls_sslmode'],
    ];
    expect(differing.map(([key]) => key).filter((key) => !known.includes(key))).toEqual(
      Number(version?.split('.')[1]) < 24 ? younger : [],
    );
    await Promise.all([before, after, reads, nowReads].map((client) => client.end()));
    for (const daemon of [bouncer, weir]) {
      await waitFor(async () => daemon.log().includes('client close request'), {
        what: 'the clients to be gone',
      });
      for (const line of [
        'login attempt',
        'closing because: client close request',
        'pooler error: ',
      ]) {
        expect(daemon.log()).toContain(line);
      }
    }
  },
);
