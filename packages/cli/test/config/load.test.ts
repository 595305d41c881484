import { databaseName, userName } from '@pgweir/pooler';
import { load, loaded, problems, warnings } from '../support/config-files';

const USERS = { '/etc/pgweir/userlist.txt': '"app" "secret"\n' };
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n';

describe('defaults', () => {
  test('are those of the reference when a file says nothing', () => {
    const { pooler, listen, log } = loaded('[databases]\n[pgbouncer]\n');
    expect(pooler).toMatchObject({
      authType: 'md5',
      poolMode: 'session',
      clientsMax: 100,
      poolSize: 20,
      minPoolSize: 0,
      reservePoolTimeoutMs: 5000,
      serverResetQuery: 'DISCARD ALL',
      serverCheckDelayMs: 30_000,
      serverCheckQuery: '',
      serverLifetimeMs: 3_600_000,
      serverIdleTimeoutMs: 600_000,
      serverConnectTimeoutMs: 15_000,
      queryWaitTimeoutMs: 120_000,
      queryTimeoutMs: 0,
      sessionState: 'track',
      preparedStatementsMax: 200,
      pinnedPerPoolMax: 0,
      pinnedLimitAction: 'wait',
      sequencePinTimeoutMs: 1000,
      clientLoginTimeoutMs: 60_000,
      packetBytesMax: 2_147_483_647,
      clientTlsMode: 'disable',
      clientTls: undefined,
      logConnections: true,
      fallbackDatabase: undefined,
    });
    expect(pooler.serverTls).toMatchObject({
      mode: 'prefer',
      options: { verify: 'none', minVersion: 'TLSv1.2' },
    });
    expect([...pooler.trackExtraParameters]).toEqual(['intervalstyle']);
    expect(listen).toEqual({
      addresses: [],
      port: 6432,
      backlog: 4096,
      reusePort: false,
      unixSocketDir: '/tmp',
      unixSocketMode: 0o777,
      unixSocketGroup: undefined,
    });
    expect(log).toEqual({ file: undefined, format: 'text', verbose: 0, stats: true });
  });
});

describe('global settings', () => {
  test('reach the pooler in its units', () => {
    const { pooler, listen } = loaded(
      [
        '[pgbouncer]',
        'listen_addr = 127.0.0.1, ::1',
        'listen_port = 7000',
        'unix_socket_mode = 0770',
        'unix_socket_group = postgres',
        'pool_mode = Transaction',
        'default_pool_size = 0x10',
        'query_timeout = 1.5',
        'idle_transaction_timeout = 250ms',
        'transaction_timeout = 2min',
        'server_round_robin = on',
        'session_state = strict',
        'max_prepared_statements = 0',
        'max_pinned_per_pool = 4',
        'pinned_limit_action = error',
        'sequence_pin_timeout = 0.25',
        'server_check_query =',
        'ignore_startup_parameters = extra_float_digits, OPTIONS',
      ].join('\n'),
    );
    expect(listen).toMatchObject({
      addresses: ['127.0.0.1', '::1'],
      port: 7000,
      unixSocketMode: 0o770,
      unixSocketGroup: { name: 'postgres', gid: 71 },
    });
    expect(pooler).toMatchObject({
      poolMode: 'transaction',
      poolSize: 16,
      queryTimeoutMs: 1500,
      idleTransactionTimeoutMs: 250,
      transactionTimeoutMs: 120_000,
      serverRoundRobin: true,
      sessionState: 'strict',
      preparedStatementsMax: 0,
      pinnedPerPoolMax: 4,
      pinnedLimitAction: 'error',
      sequencePinTimeoutMs: 250,
      serverCheckQuery: undefined,
    });
    expect([...pooler.ignoreStartupParameters]).toEqual(['extra_float_digits', 'options']);
  });

  test('the last assignment wins, also from a section that is opened again', () => {
    const { pooler } = loaded(
      '[pgbouncer]\nmax_client_conn = 1\n[databases]\na = host=x\n[pgbouncer]\nmax_client_conn = 2\n',
    );
    expect(pooler.clientsMax).toBe(2);
  });

  test('an assignment that a later one replaces is judged all the same', () => {
    expect(problems('[pgbouncer]\nmax_client_conn = many\nmax_client_conn = 5\n')).toEqual([
      expect.stringContaining(
        '2: max_client_conn = "many" is not a valid value; accepted: a whole',
      ),
    ]);
  });
});

describe('databases and users', () => {
  test('an entry says what differs from the global settings', () => {
    const { pooler } = loaded(
      [
        '[databases]',
        "app = host=10.0.0.1,10.0.0.2 port=5433 dbname=app_db user=svc password='it''s' pool_size=7" +
          ' reserve_pool=3 pool_mode=statement server_lifetime=60 query_wait_timeout=500ms' +
          ' timezone=UTC load_balance_hosts=disable session_state=leak max_pinned_per_pool=2',
        "'my db' = dbname=x",
        '* = host=fallback',
        '[users]',
        'svc = pool_mode=session max_user_connections=9 query_timeout=2 session_state=strict max_pinned_per_pool=0',
      ].join('\n'),
    );
    expect(pooler.databases.get(databaseName('app'))).toEqual({
      dbname: 'app_db',
      hosts: ['10.0.0.1', '10.0.0.2'],
      topology: 'static',
      instanceHostPattern: undefined,
      patroniUrls: [],
      secret: undefined,
      secretRoleArn: undefined,
      readWriteSplit: false,
      replicaBalance: 'least-outstanding',
      replicaWeights: [],
      replicaFallback: 'primary',
      replicaPoolSize: undefined,
      consistency: undefined,
      maxReplicaLagMs: undefined,
      ports: [5433],
      forcedUser: 'svc',
      password: "it's",
      authUser: undefined,
      authQuery: undefined,
      authDatabase: undefined,
      serverTls: undefined,
      connectQuery: undefined,
      loadBalanceHosts: 'disable',
      poolMode: 'statement',
      sessionState: 'leak',
      pinnedPerPoolMax: 2,
      poolSize: 7,
      minPoolSize: undefined,
      reservePoolSize: 3,
      databaseLinksMax: undefined,
      databaseClientsMax: undefined,
      serverLifetimeMs: 60_000,
      queryWaitTimeoutMs: 500,
      startupParameters: new Map([['timezone', 'UTC']]),
    });
    expect(pooler.databases.get(databaseName('my db'))).toMatchObject({
      hosts: ['/tmp'],
      ports: [5432],
    });
    expect(pooler.fallbackDatabase).toMatchObject({ hosts: ['fallback'], dbname: undefined });
    expect(pooler.databases.has(databaseName('*'))).toBe(false);
    expect(pooler.users.get(userName('svc'))).toMatchObject({
      poolMode: 'session',
      sessionState: 'strict',
      pinnedPerPoolMax: 0,
      userLinksMax: 9,
      queryTimeoutMs: 2000,
      poolSize: undefined,
    });
  });

  test('without host the directory of our own Unix socket is used', () => {
    const { pooler } = loaded(
      '[databases]\na = dbname=a\n[pgbouncer]\nunix_socket_dir = /run/pg\n',
    );
    expect(pooler.databases.get(databaseName('a'))?.hosts).toEqual(['/run/pg']);
  });

  test.each([
    ['pgbouncer = host=x', 'reserved for the console'],
    ['pgweir = host=x', 'reserved for the console'],
    [`${'a'.repeat(64)} = host=x`, '1 to 63 bytes'],
    ['a = host=x hots=y', 'unknown parameter "hots", did you mean "host"?'],
    ['a = host=x port=0', 'accepted: whole numbers from 1 to 65535'],
    ['a = host=x port=65536', 'accepted: whole numbers from 1 to 65535'],
    ['a = host=x pool_size=-1', 'accepted: a whole number from 0'],
    ['a = host=x,,y', 'an empty name'],
    ['a = host= port=1', 'host: the value is empty'],
    [`a = host=/${'x'.repeat(100)}`, 'longer than 107 bytes'],
  ])('the entry %s is refused', (entry, message) => {
    expect(problems(`[databases]\n${entry}\n`)).toEqual([expect.stringContaining(message)]);
  });

  test('a password never shows in a message', () => {
    const long = 'hunter2'.repeat(10_000);
    const found = problems(`[databases]\na = password=${long}\nb = password='hunter2 host=x\n`);
    expect(found).toHaveLength(2);
    expect(found.join()).not.toContain('hunter2');
  });

  test('auth_type = any lets nobody into a database without a user, and says so', () => {
    const ini = '[databases]\na = host=x\nb = host=x user=u\n[pgbouncer]\nauth_type = any\n';
    expect(warnings(ini)).toContainEqual(
      expect.stringContaining('2: database "a": auth_type = any needs user='),
    );
  });

  test('a pool that keeps more links than it may have is warned about', () => {
    const ini = `${BASE}min_pool_size = 30\n[databases]\na = host=x pool_size=2 min_pool_size=3\n`;
    expect(warnings(ini, USERS)).toEqual([
      expect.stringContaining('5: min_pool_size (30) is larger than default_pool_size (20)'),
      expect.stringContaining('7: database "a": min_pool_size (3) is larger than pool_size (2)'),
    ]);
  });
});

describe('settings without effect and refused settings', () => {
  test.each(['so_reuseport = 0', 'tcp_user_timeout = 0'])(
    '%s asks for what happens anyway and gets no warning',
    (assignment) => {
      expect(load(`${BASE}${assignment}\n`, USERS)).toMatchObject({ kind: 'ok', warnings: [] });
    },
  );

  test.each(['auth_type = pam'])('%s is refused with a reason', (assignment) => {
    expect(problems(`${BASE}${assignment}\n`, USERS)).toEqual([
      expect.stringMatching(/^5: \w+ = "\w+" is refused: \w.{20,}/),
    ]);
  });
});

describe('a reload', () => {
  const before = loaded(`${BASE}listen_port = 7000\nmax_client_conn = 10\n`, USERS);

  test('keeps what cannot change while running, and says so', () => {
    const result = load(`${BASE}listen_port = 7001\nmax_client_conn = 11\n`, USERS, {
      running: before,
    });
    expect(result).toMatchObject({
      kind: 'ok',
      config: { listen: { port: 7000 }, pooler: { clientsMax: 11 } },
      warnings: [{ line: 5, message: 'listen_port = "7001" needs a restart; "7000" remains' }],
    });
  });

  test('is all or nothing: with one bad line there is no configuration at all', () => {
    const result = load(`${BASE}max_client_conn = 11\nquery_timeout = soon\n`, USERS, {
      running: before,
    });
    expect(result.kind).toBe('failed');
    expect(result).not.toHaveProperty('config');
    expect(before.pooler.clientsMax).toBe(10);
  });

  test('goes back to the default when a line is deleted', () => {
    expect(loaded(BASE, USERS, { running: before }).pooler.clientsMax).toBe(100);
  });

  test('keeps the very object of TLS options while their content stays', () => {
    const same = loaded(`${BASE}max_client_conn = 12\n`, USERS, { running: before });
    expect(same.pooler.serverTls).toBe(before.pooler.serverTls);
    const other = loaded(`${BASE}server_tls_protocols = tlsv1.3\n`, USERS, { running: before });
    expect(other.pooler.serverTls).not.toBe(before.pooler.serverTls);
  });
});

test('eleven mistakes give eleven problems, each with its line', () => {
  const found = problems(
    [
      '[databases]',
      'pgbouncer = host=x',
      'app = host=x prot=5432',
      '[pgbouncer]',
      'listen_port = 70000',
      'pool_mode = transactional',
      'max_client_con = 5',
      'query_timeout = -1',
      'this is no assignment',
      'auth_type = ldap',
      'auth_file = missing.txt',
      'client_tls_sslmode = requird',
      '[pgbouncers]',
    ].join('\n'),
  );
  const lines = found.map((problem) => Number(problem.split(':')[0]));
  expect(lines).toEqual([2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
});

test('a file that is not there gives one problem', () => {
  expect(load('', {}, { cwd: '/elsewhere' })).toMatchObject({
    kind: 'failed',
    problems: [{ message: 'cannot read "pgweir.ini": no such file' }],
  });
});

test('the usual file of a PgBouncer user starts, with warnings only for what is missing here', () => {
  const result = load(
    `;;; an ordinary installation
[databases]
; foodb =
app = host=/var/run/postgresql dbname=app auth_user=pgbouncer
forced = host=10.1.2.3 port=300 user=svc password='a b' client_encoding=UNICODE datestyle=ISO connect_query='SELECT 1'
* = host=testserver
[users]
svc = pool_mode=session max_user_connections=10
[peers]
[pgbouncer]
logfile = /var/log/postgresql/pgbouncer.log
pidfile = /var/run/postgresql/pgbouncer.pid
listen_addr = *
listen_port = 6432
unix_socket_dir = /var/run/postgresql
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
auth_user = pgbouncer
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename=$1
auth_hba_file =
admin_users = postgres, admin
stats_users = stats, postgres
pool_mode = transaction
server_reset_query = DISCARD ALL
server_reset_query_always = 0
ignore_startup_parameters = extra_float_digits,search_path
server_check_query = select 1
server_check_delay = 30
max_client_conn = 1000
default_pool_size = 20
min_pool_size = 0
reserve_pool_size = 5
reserve_pool_timeout = 3
max_db_connections = 50
server_round_robin = 0
log_connections = 1
log_disconnections = 1
log_pooler_errors = 1
stats_period = 60
server_lifetime = 1200
server_idle_timeout = 60
client_login_timeout = 60
autodb_idle_timeout = 3600
query_wait_timeout = 120
client_idle_timeout = 0
idle_transaction_timeout = 0
pkt_buf = 4096
listen_backlog = 128
sbuf_loopcnt = 5
tcp_defer_accept = 0
tcp_keepalive = 1
tcp_keepidle = 60
dns_max_ttl = 15
disable_pqexec = 0
verbose = 0
`,
    { '/etc/pgbouncer/userlist.txt': '"postgres" "md5d131dd02c5e6eec4d131dd02c5e6eec4"\n' },
  );
  expect(result.kind).toBe('ok');
  expect(
    result.warnings.map(({ line, message }) => `${line} ${message.split(' has no')[0]}`),
  ).toEqual(['47 pkt_buf', '49 sbuf_loopcnt', '50 tcp_defer_accept']);
});

test('a list of hosts has one port, or one for each', () => {
  const of = (entry: string) => `${BASE.replace('* = host=db', `a = ${entry}`)}`;
  const portsOf = (entry: string) =>
    loaded(of(entry), USERS).pooler.databases.get(databaseName('a'))?.ports;
  expect(portsOf('host=x,y port=6000')).toEqual([6000]);
  expect(portsOf('host=x,y port=6000,6001')).toEqual([6000, 6001]);
  expect(problems(of('host=x,y,z port=6000,6001'), USERS)).toEqual([
    '2: database "a": port has 2 values for 3 hosts; accepted: one, or one for each',
  ]);
  expect(problems(of('host=x,y port=6000,many'), USERS)).toEqual([
    expect.stringContaining('port = "6000,many" is not a valid value'),
  ]);
});
