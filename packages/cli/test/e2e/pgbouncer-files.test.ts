import {
  type Cluster,
  type Daemon,
  pgbouncerCommand,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import type { Client } from 'pg';
import {
  columns,
  enter,
  ITEMS,
  saying,
  startEither,
  testBoth,
  VERSION as version,
  WHY as why,
} from './support/rehearsal';

/*
 * The rehearsal of a migration: PgBouncer and pgweir run with the same files, and neither clients nor
 * console notice which of them it is.
 */

let cluster: Cluster;
const daemons: Daemon[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app', password: 'app secret' }] });
});

afterAll(async () => {
  await Promise.all(daemons.map((daemon) => daemon.stop()));
  await cluster.stop();
});

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

async function start(command?: readonly [string, ...string[]]): Promise<Daemon> {
  const daemon = await startEither(cluster, command);
  daemons.push(daemon);
  return daemon;
}

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
