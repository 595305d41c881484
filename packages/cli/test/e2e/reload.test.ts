import {
  type Cluster,
  type Daemon,
  frontend,
  RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { Gate } from './support/gate';
import {
  ask,
  backendPid,
  backendsOf,
  enter,
  entry,
  errorIn,
  ini,
  type PoolerOptions,
  pooler,
  refusal,
  untilError,
  userlist,
  value,
} from './support/stage';

let cluster: Cluster;
let daemon: Daemon;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({
    users: [{ name: 'app' }, { name: 'ann' }],
    databases: [{ name: 'one' }, { name: 'two' }],
  });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await daemon.stop();
});

async function start(options: PoolerOptions = {}): Promise<void> {
  daemon = await pooler(cluster.primary, options);
}

async function reload(options: PoolerOptions): Promise<void> {
  await daemon.reload(ini(cluster.primary, options));
}

async function arrive(who: Parameters<typeof enter>[1] = {}): Promise<RawClient> {
  const client = await enter(daemon, who);
  clients.push(client);
  return client;
}

function database(name: string, dbname: string): string {
  return `${name} = host=127.0.0.1 port=${cluster.primary.port} dbname=${dbname}`;
}

const NAME = 'SELECT current_database()';

test('a larger pool serves those who wait at once, a smaller one closes what is too much', async () => {
  await start({ settings: { default_pool_size: 1 } });
  const all = await Promise.all(Array.from({ length: 3 }, () => arrive()));
  await all[0]?.query('BEGIN');
  for (const client of all.slice(1)) client.send(frontend.query('BEGIN'));
  await reload({ settings: { default_pool_size: 3 } });
  for (const client of all.slice(1)) expect(errorIn(await client.until('Z'))).toBeUndefined();
  expect(await backendsOf(cluster.primary)).toHaveLength(3);
  await reload({ settings: { default_pool_size: 1 } });
  for (const client of all) expect(errorIn(await client.query('COMMIT'))).toBeUndefined();
  await waitFor(async () => (await backendsOf(cluster.primary)).length === 1, { what: 'one link' });
  for (const client of all) expect(await ask(client, 'SELECT 1')).toBe('1');
});

test('a new database is there', async () => {
  await start({ databases: [database('app', 'one')] });
  expect(await refusal(daemon, { database: 'new' })).toBe('FATAL 3D000 no such database: new');
  await reload({ databases: [database('app', 'one'), database('new', 'two')] });
  expect(await ask(await arrive({ database: 'new' }), NAME)).toBe('two');
});

test('clients of a database that is removed are told, all others stay', async () => {
  await start({ databases: [database('app', 'one'), database('old', 'two')] });
  const gone = [await arrive({ database: 'old' }), await arrive({ database: 'old' })];
  const stays = await arrive();
  await gone[0]?.query('BEGIN');
  await stays.query('BEGIN');
  await reload({ databases: [database('app', 'one')] });
  for (const client of gone) {
    expect(await untilError(client)).toBe('FATAL 57P01 database removed');
    await client.closed;
  }
  expect(await ask(stays, NAME)).toBe('one');
  expect(await refusal(daemon, { database: 'old' })).toBe('FATAL 3D000 no such database: old');
});

test('a database that is removed and comes back leads where it says now', async () => {
  const app = database('app', 'one');
  await start({ databases: [app, `${database('old', 'one')} pool_size=1`] });
  const before = await arrive({ database: 'old' });
  expect(await ask(before, NAME)).toBe('one');
  await reload({ databases: [app] });
  await reload({ databases: [app, database('old', 'two')] });
  const after = await arrive({ database: 'old' });
  expect(await ask(after, NAME)).toBe('two');
  await after.query('BEGIN');
  const other = await arrive({ database: 'old' });
  expect(await ask(other, NAME)).toBe('two');
});

test('a database that leads elsewhere: links are replaced, transactions finish where they are', async () => {
  const gate = await Gate.before(cluster.primary);
  try {
    await start();
    const [busy, idle] = [await arrive(), await arrive()];
    await busy.query('BEGIN');
    const pids = [await backendPid(busy), await backendPid(idle)];
    expect(gate.accepted).toBe(0);
    await reload({ databases: [entry(gate, 'app')] });
    expect(pids).not.toContain(await backendPid(idle));
    expect(gate.accepted).toBeGreaterThan(0);
    expect(await backendPid(busy)).toBe(pids[0]);
    await busy.query('COMMIT');
    expect(pids).not.toContain(await backendPid(busy));
    await waitFor(
      async () => (await backendsOf(cluster.primary)).every((pid) => !pids.includes(pid)),
      { what: 'the old links to go' },
    );
  } finally {
    await gate.close();
  }
});

test('another database behind the same name: links are replaced, and new clients are told of it', async () => {
  await cluster.primary.query("ALTER DATABASE two SET timezone = 'Asia/Tokyo'");
  await start({ databases: [database('app', 'one')] });
  const client = await arrive();
  expect(await ask(client, NAME)).toBe('one');
  await reload({ databases: [database('app', 'two')] });
  const next = await RawClient.connect({ host: daemon.host, port: daemon.port });
  clients.push(next);
  const { parameters } = await next.login({ user: 'app', database: 'app' });
  expect(parameters.get('TimeZone')).toBe('Asia/Tokyo');
  expect(await ask(client, NAME)).toBe('two');
});

test('a database of the * entry that gets an entry of its own keeps its clients', async () => {
  const any = `* = host=127.0.0.1 port=${cluster.primary.port}`;
  await start({ databases: [any] });
  const client = await arrive({ database: 'one' });
  const pid = await backendPid(client);
  await reload({ databases: [any, database('one', 'one')] });
  expect(await ask(client, NAME)).toBe('one');
  await reload({ databases: [any, database('one', 'two')] });
  expect(await backendPid(client)).not.toBe(pid);
  expect(await ask(client, NAME)).toBe('two');
});

test('a broken file changes nothing, and the log says where it is broken', async () => {
  await start({ databases: [database('app', 'one')], settings: { default_pool_size: 1 } });
  const client = await arrive();
  const pid = await backendPid(client);
  const from = daemon.log().length;
  await daemon.reload(
    [
      '[databases]',
      database('app', 'two'),
      '[pgbouncer]',
      'pool_mode = transactional',
      'auth_type = trust',
      'auth_file = {dir}/userlist.txt',
      'default_pool_sice = 5',
    ].join('\n'),
  );
  const news = daemon.log().slice(from);
  expect(news).toMatch(/ERROR .*pgweir\.ini:4: .*pool_mode/);
  expect(news).toMatch(/ERROR .*pgweir\.ini:7: .*default_pool_sice/);
  expect(news).toContain('RELOAD failed');
  expect(await backendPid(client)).toBe(pid);
  expect(await ask(await arrive(), NAME)).toBe('one');
});

test('a file that is not there any more changes nothing', async () => {
  await start({ settings: { auth_file: '{dir}/userlist.txt' } });
  await reload({ settings: { auth_file: '{dir}/nowhere.txt' } });
  expect(daemon.log()).toContain('RELOAD failed');
  expect(await ask(await arrive(), 'SELECT 1')).toBe('1');
});

test('a user that is removed cannot log in any more, and one that is new can', async () => {
  await start({ names: ['app'] });
  const client = await arrive();
  expect(await refusal(daemon, { user: 'ann' })).toBe('FATAL 28000 "trust" authentication failed');
  daemon.write('userlist.txt', userlist(['ann']));
  await daemon.reload();
  expect(await refusal(daemon)).toBe('FATAL 28000 "trust" authentication failed');
  expect(await ask(await arrive({ user: 'ann' }), 'SELECT current_user')).toBe('ann');
  expect(await ask(client, 'SELECT 1')).toBe('1');
});

test('time limits of clients that are there already change', async () => {
  await start();
  const client = await arrive();
  await client.query('BEGIN');
  await reload({ settings: { idle_transaction_timeout: 0.2 } });
  expect(await untilError(client)).toBe('FATAL 25P03 idle transaction timeout');
});

test('what clients have left in leak mode does not reach those whose state is followed from now on', async () => {
  const leak = { default_pool_size: 1, session_state: 'leak', max_prepared_statements: 0 };
  await start({ settings: leak });
  const [one, other] = [await arrive(), await arrive()];
  await one.query("SET work_mem = '77MB'");
  one.send(frontend.parse("SELECT 'a secret'", 'named'), frontend.sync());
  await one.until('Z');
  await reload({ settings: { default_pool_size: 1 } });
  expect(await ask(other, 'SHOW work_mem')).toBe('4MB');
  other.send(frontend.bind({ statement: 'named' }), frontend.execute(), frontend.sync());
  expect(errorIn(await other.until('Z'))?.C).toBe('26000');
});

test('many reloads under load disturb nobody', async () => {
  await start({ settings: { default_pool_size: 3 } });
  let running = true;
  let served = 0;
  const all = await Promise.all(Array.from({ length: 10 }, () => arrive()));
  const load = all.map(async (client) => {
    while (running) {
      expect(value(await client.query(NAME))).toBe('postgres');
      client.forget();
      served += 1;
    }
  });
  try {
    for (let i = 0; i < 10; i++) {
      const more = i % 2 === 0 ? 'connect_query=select' : '';
      await reload({
        databases: [entry(cluster.primary, 'app', more)],
        settings: { default_pool_size: 1 + (i % 4) },
      });
      const before = served;
      await waitFor(() => served > before + 10, { what: 'the load to go on' });
    }
  } finally {
    running = false;
    await Promise.all(load);
  }
});
