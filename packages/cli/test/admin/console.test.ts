import { type ClientId, type LinkId, type PinView, userName } from '@pgweir/pooler';
import { ConsoleClient, FULL, PICTURE } from '../support/console-client';

const ask = async (sql: string, picture = PICTURE) => await new ConsoleClient({ picture }).ask(sql);

const many = (text: string, count = 60_000): string => text.repeat(count);

test.each([
  ['spaces in the middle', `SHOW${many(' ')}!`],
  ['spaces of all kinds', `SHOW${many(' \t\n', 20_000)}!`],
  ['spaces around a semicolon', `SHOW${many(' ')};${many(' ')}!`],
  ['spaces before', `${many(' ')}SHOW !`],
  ['semicolons', `SHOW ${many(';')}!`],
  ['quotes', `SHOW ${many("'")}!`],
  ['words', many('SHOW ')],
])('a command with tens of thousands of %s is refused at once', async (_name, sql) => {
  const client = new ConsoleClient();
  const startMs = performance.now();
  const { tags } = await client.ask(sql);
  expect(tags).toBe('EZ');
  // Seconds, when the time grows with the square of the length.
  expect(performance.now() - startMs).toBeLessThan(500);
});

test('spaces before, between and behind words and semicolon do not matter', async () => {
  for (const sql of ['SHOW VERSION', ' show \n\t version ', 'show version ;  ', 'Show  Version;']) {
    expect((await ask(sql)).tags).toBe('TDCZ');
  }
});

test('SELECT is another word for SHOW', async () => {
  expect((await ask('select version')).rows).toEqual((await ask('SHOW VERSION')).rows);
});

/** Texts as the reference has them, and commands that PgBouncer does not take. */
test.each([
  ['', "invalid command '', use SHOW HELP;"],
  [';', "invalid command ';', use SHOW HELP;"],
  ['SELECT 1', "invalid command 'SELECT 1', use SHOW HELP;"],
  ['BEGIN', "invalid command 'BEGIN', use SHOW HELP;"],
  ['SHOW', "invalid command 'SHOW', use SHOW HELP;"],
  ['SHOW no_such', "invalid command 'SHOW no_such', use SHOW HELP;"],
  ['SHOW transaction_isolation', "invalid command 'SHOW transaction_isolation', use SHOW HELP;"],
  ['SHOW POOLS now', "invalid command 'SHOW POOLS now', use SHOW HELP;"],
  ['PAUSE a b', "invalid command 'PAUSE a b', use SHOW HELP;"],
  ['PAUSE my-db', "invalid command 'PAUSE my-db', use SHOW HELP;"],
  ['SUSPEND x', "invalid command 'SUSPEND x', use SHOW HELP;"],
  ['SHUTDOWN NEVER', "invalid command 'SHUTDOWN NEVER', use SHOW HELP;"],
  ['RELOAD everything', "invalid command 'RELOAD everything', use SHOW HELP;"],
  ['SET', "invalid command 'SET', use SHOW HELP;"],
  ['SET verbose', "invalid command 'SET verbose', use SHOW HELP;"],
  ["SET verbose = 'x", "invalid command 'SET verbose = 'x', use SHOW HELP;"],
  ['PAUSE "a', `invalid command 'PAUSE "a', use SHOW HELP;`],
  ['A_WORD_OF_MORE_THAN_FIFTEEN', 'bad arguments'],
  [`PAUSE ${'a'.repeat(64)}`, 'bad arguments'],
  [`SET verbose = ${'1'.repeat(256)}`, 'bad arguments'],
  ['SWITCHOVER', "invalid command 'SWITCHOVER', use SHOW HELP;"],
  ['SWITCHOVER app', "invalid command 'SWITCHOVER app', use SHOW HELP;"],
  ['SWITCHOVER app db2', "invalid command 'SWITCHOVER app db2', use SHOW HELP;"],
  ['SWITCHOVER app TO', "invalid command 'SWITCHOVER app TO', use SHOW HELP;"],
  ['SWITCHOVER app TO db2 now', "invalid command 'SWITCHOVER app TO db2 now', use SHOW HELP;"],
  [`SWITCHOVER ${'a'.repeat(64)} TO db2`, 'bad arguments'],
  ['DISABLE', 'a database is required'],
  ['ENABLE', 'a database is required'],
  ['KILL_CLIENT', 'invalid client pointer supplied'],
  ['KILL_CLIENT x', 'invalid client pointer supplied'],
  ['constructor', "invalid command 'constructor', use SHOW HELP;"],
  ['SHOW constructor', "invalid command 'SHOW constructor', use SHOW HELP;"],
])(
  '%s is refused with the words of PgBouncer, and the connection goes on',
  async (sql, message) => {
    const client = new ConsoleClient();
    const { tags, errors } = await client.ask(sql);
    expect(tags).toBe('EZ');
    expect(errors[0]?.message).toBe(message);
    expect(client.orders).toEqual([]);
    expect((await client.ask('SHOW VERSION')).tags).toBe('TDCZ');
  },
);

test.each([
  ['PAUSE', { kind: 'pause', database: undefined }, 'PAUSE'],
  ['RESET statements', { kind: 'resetStatements' }, 'RESET'],
  ['PAUSE app', { kind: 'pause', database: 'app' }, 'PAUSE'],
  ['pause "My-Db""s";', { kind: 'pause', database: 'My-Db"s' }, 'PAUSE'],
  ['RESUME', { kind: 'resume', database: undefined }, 'RESUME'],
  ['DISABLE app', { kind: 'disable', database: 'app' }, 'DISABLE'],
  ['ENABLE app', { kind: 'enable', database: 'app' }, 'ENABLE'],
  ['RECONNECT', { kind: 'reconnect', database: undefined }, 'RECONNECT'],
  ['KILL app', { kind: 'kill', database: 'app' }, 'KILL'],
  ['KILL_CLIENT 42', { kind: 'killClient', client: 42 }, 'KILL_CLIENT'],
  ['KILL_CLIENT c42', { kind: 'killClient', client: 42 }, 'KILL_CLIENT'],
  ['SUSPEND', { kind: 'suspend', client: 1 }, 'SUSPEND'],
  ['WAIT_CLOSE', { kind: 'waitClose', database: undefined }, 'WAIT_CLOSE'],
])('%s is an order', async (sql, order, tag) => {
  const client = new ConsoleClient();
  const { tags, completed } = await client.ask(sql);
  expect(tags).toBe('CZ');
  expect(completed).toEqual([tag]);
  expect(client.orders).toEqual([order]);
});

test.each([
  'PAUSE',
  'RELOAD',
  'RELOAD WORKERS',
  'SHUTDOWN',
  'KILL_CLIENT 1',
  'SUSPEND',
  'RESUME',
  'SET verbose = 1',
  'SWITCHOVER app TO db2',
  'RESET STATEMENTS',
  'SHOW FDS',
])('%s is for admin_users only', async (sql) => {
  const client = new ConsoleClient({ user: 'reader' });
  const { errors } = await client.ask(sql);
  expect(errors).toMatchObject([{ message: 'admin access needed', code: '42501' }]);
  expect(client.orders).toEqual([]);
});

test('admin_users may do everything, stats_users may look, and nobody else comes in', async () => {
  const { console } = new ConsoleClient();
  const users = ['admin', 'reader', 'ann'];
  expect(users.map((user) => console.admits(userName(user)))).toEqual([true, true, false]);
  for (const user of ['admin', 'reader'] as const) {
    const client = new ConsoleClient({ user });
    expect((await client.ask('SHOW VERSION')).errors).toEqual([]);
    expect((await client.ask('RELOAD')).errors).toHaveLength(user === 'admin' ? 0 : 1);
  }
});

test('SET answers with what was set; what drivers set is heard and ignored', async () => {
  const asked: (readonly string[])[] = [];
  const set = async (key: string, value: string) => {
    asked.push([key, value]);
    return key !== 'nonsense';
  };
  const client = new ConsoleClient({ commands: { set } });
  for (const [sql, key, value] of [
    ['SET verbose = 2', 'verbose', '2'],
    ['set Verbose to 2;', 'verbose', '2'],
    ["SET server_reset_query='SELECT ''a'''", 'server_reset_query', "SELECT 'a'"],
    ['SET server_idle_timeout=0.5', 'server_idle_timeout', '0.5'],
  ] as const) {
    expect((await client.ask(sql)).completed).toEqual([`SET ${key}=${value}`]);
    expect(asked.at(-1)).toEqual([key, value]);
  }
  expect((await client.ask('SET nonsense = 1')).errors[0]?.message).toBe('SET failed');
  const before = asked.length;
  const ignored = await client.ask("SET client_encoding TO 'UTF8'");
  expect(ignored.notices[0]?.message).toBe('SET ignored');
  expect(ignored.completed).toEqual(['SET']);
  expect(asked).toHaveLength(before);
  expect((await client.ask('SHOW TimeZone')).rows).toEqual([['GMT']]);
});

test('SHOW HELP is a notice that names every item and command', async () => {
  const { tags, notices } = await ask('SHOW HELP');
  expect(tags).toBe('NCZ');
  expect(notices[0]?.message).toBe('Console usage');
  for (const word of [
    'ACTIVE_SOCKETS',
    'PINS',
    'QUEUE',
    'REPLICAS',
    'ROUTING',
    'KILL_CLIENT',
    'WAIT_CLOSE',
    'SWITCHOVER',
  ]) {
    expect(notices[0]?.detail).toContain(word);
  }
});

test('SWITCHOVER names a database and a server; a cancel request calls it off', async () => {
  const ways = [
    ['SWITCHOVER app TO db-2.example.org:5433', 'app', 'db-2.example.org:5433'],
    ['switchover "my-db" to "::1";', 'my-db', '::1'],
  ] as const;
  for (const [sql, database, target] of ways) {
    const client = new ConsoleClient();
    expect((await client.ask(sql)).completed).toEqual(['SWITCHOVER']);
    expect(client.orders).toEqual([{ kind: 'switchover', database, target }]);
  }
  let finish: (problem: string) => void = () => undefined;
  const seen: string[] = [];
  const client = new ConsoleClient({
    commands: {
      order: (order) => {
        seen.push(order.kind);
        if (order.kind === 'callOffSwitchover') finish('switchover called off: canceled');
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    },
  });
  expect((await client.ask('SWITCHOVER app TO db2')).tags).toBe('');
  client.cancel();
  const { errors } = await client.heard();
  expect(errors).toMatchObject([{ message: 'switchover called off: canceled', code: '55000' }]);
  expect(seen).toEqual(['switchover', 'callOffSwitchover']);
});

test('a cancel request ends the PAUSE that waits by resuming', async () => {
  let finish: (problem: string | undefined) => void = () => undefined;
  const seen: unknown[] = [];
  const client = new ConsoleClient({
    commands: {
      order: (order) => {
        seen.push(order);
        if (order.kind === 'resume') finish('resumed');
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    },
  });
  expect((await client.ask('PAUSE app')).tags).toBe('');
  client.cancel();
  expect((await client.heard()).tags).toBe('EZ');
  expect(seen).toEqual([
    { kind: 'pause', database: 'app' },
    { kind: 'resume', database: 'app' },
  ]);
});

test('what was suspended goes on when the client that did it leaves', async () => {
  const client = new ConsoleClient();
  await client.ask('SUSPEND');
  client.leave();
  expect(client.orders).toEqual([
    { kind: 'suspend', client: 1 },
    { kind: 'unsuspend', client: 1 },
  ]);
  for (const refusing of [
    new ConsoleClient({ user: 'reader' }),
    new ConsoleClient({ commands: { order: async () => 'already suspended/paused' } }),
  ]) {
    await refusing.ask('SUSPEND');
    refusing.leave();
    expect(refusing.orders).toEqual([]);
  }
  const other = new ConsoleClient();
  await other.ask('PAUSE');
  other.leave();
  expect(other.orders).toEqual([{ kind: 'pause' }]);
});

test('SHOW PINS says who keeps a link, why, since when and by which statement', async () => {
  const sinceMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const pin: PinView = {
    client: 7 as ClientId,
    database: 'app',
    user: 'ann',
    address: '10.0.0.9',
    port: 4711,
    link: 3 as LinkId,
    reasons: ['temporary object', 'advisory lock'],
    statement: 'CREATE TEMP TABLE t (a int)',
    sinceMs,
  };
  const { columns, rows } = await ask('SHOW PINS', { ...PICTURE, pins: [pin] });
  expect(columns.join()).toBe('database,user,client,addr,port,link,reason,statement,since,seconds');
  const [row = []] = rows;
  expect(row.slice(0, -2)).toEqual([
    'app',
    'ann',
    '7',
    '10.0.0.9',
    '4711',
    '3',
    'temporary object, advisory lock',
    'CREATE TEMP TABLE t (a int)',
  ]);
  expect(row.at(-2)).toMatch(/^2026-01-0[123] \d\d:\d\d:05 \S+$/);
  const age = Math.floor((Date.now() - sinceMs) / 1000);
  expect(Math.abs(Number(row.at(-1)) - age)).toBeLessThan(60);
});

test('SHOW REPLICAS has what each server of a database does for reads', async () => {
  const { columns, rows } = await ask('SHOW REPLICAS', {
    ...PICTURE,
    replicas: [
      {
        ...{ database: 'app', host: 'db-2', port: '5433', transactions: 2 ** 40 },
        ...{ linksActive: 3, linksIdle: 2, linksDialing: 1, clientsWaiting: 7 },
      },
    ],
  });
  expect(columns.join()).toBe(
    'database,host,port,transactions,sv_active,sv_idle,sv_login,cl_waiting',
  );
  expect(rows).toEqual([['app', 'db-2', '5433', '1099511627776', '3', '2', '1', '7']]);
});

test('SHOW ROUTING has the databases whose reads go to replicas, and what became of these', async () => {
  const entry = 'host=a,b read_write_split=on pool_mode=transaction';
  const rowsOf = (database: string) =>
    FULL.stats.map((one) => ({
      ...one,
      ...{ database, replicaTransactions: 5, readsOnPrimary: 2 ** 40, rerouted: 1 },
    }));
  const client = new ConsoleClient({
    picture: { ...PICTURE, stats: ['b', 'plain', 'a'].flatMap(rowsOf) },
    ini: `[databases]\na = ${entry}\nb = ${entry}\nplain = host=a\n[pgbouncer]\nauth_type = trust\nadmin_users = ann\nhealth_check_user = ann\n`,
  });
  const { columns, rows } = await client.ask('SHOW ROUTING');
  expect(columns.join()).toBe('database,replica_xacts,reads_on_primary,rerouted');
  expect(rows).toEqual([
    ['a', '5', '1099511627776', '1'],
    ['b', '5', '1099511627776', '1'],
  ]);
});

test('SHOW STATEMENTS has what takes most of the time first, in microseconds', async () => {
  const [statement] = FULL.statements;
  if (statement === undefined) throw new Error('no statement');
  const cumulative = statement.times.cumulative.map((_, at) => (at < 5 ? 0 : 4));
  const times = { cumulative, sumUs: 6000.4, maxUs: 1800 };
  const { columns, rows } = await ask('show statements', {
    ...PICTURE,
    statements: [statement, { ...statement, statement: 'SELECT a', calls: 4, times }],
  });
  expect(columns.join(' ')).toBe(
    'database user fingerprint statement calls rows errors total_us mean_us p95_us max_us wait_us',
  );
  expect(rows).toEqual([
    [
      'app',
      'ann',
      '50fde20626009aba',
      'SELECT a',
      '4',
      '6',
      '1',
      '6000',
      '1500',
      '1760',
      '1800',
      '25',
    ],
    ['app', 'ann', '50fde20626009aba', 'SELECT ?', '3', '6', '1', '1', '0', '0', '1235', '25'],
  ]);
});

test('SHOW PIN_COUNTS has the total of each reason, by database', async () => {
  const { rows } = await ask('show pin_counts', {
    ...PICTURE,
    pinCounts: [
      { database: 'b', reason: 'cursor', count: 1 },
      { database: 'a', reason: 'listen', count: 2 },
      { database: 'a', reason: 'cursor', count: 30 },
    ],
  });
  expect(rows).toEqual([
    ['a', 'cursor', '30'],
    ['a', 'listen', '2'],
    ['b', 'cursor', '1'],
  ]);
});

test('whoever runs the daemon may do everything', async () => {
  const client = new ConsoleClient({ user: 'reader', isOwner: true });
  for (const command of ['RELOAD', 'PAUSE', 'SHOW FDS', 'SHUTDOWN']) {
    expect((await client.ask(command)).tags).toMatch(/CZ$/);
  }
});
