import { errorResponse, readyForQuery } from '@pgweir/protocol';
import { databaseName, userName } from '../src/ports/names';
import type { PoolerSettings } from '../src/settings/settings';
import { inspected, type Truth } from './kit/answers';
import { query } from './kit/messages';
import { Rig } from './kit/rig';
import { databaseSettings, NO_USER_SETTINGS } from './kit/settings';
import type { TestClient } from './kit/test-client';

/*
 * What an entry of [databases] or [users] says holds for its own clients, and for nobody else's.
 */

type Changes = Partial<PoolerSettings>;
type Who = Readonly<Record<'user' | 'database', string>>;

const OWN: Who = { user: 'alice', database: 'app' };

/** What an entry of either kind may say. */
interface Said {
  readonly poolSize?: number;
  readonly reservePoolSize?: number;
  readonly poolMode?: 'statement';
  readonly sessionState?: 'strict';
  readonly pinnedPerPoolMax?: number;
  /** Links of the database, or of the user. */
  readonly linksMax?: number;
}

function database({ linksMax, ...said }: Said): Changes {
  const own = { ...said, databaseLinksMax: linksMax };
  return {
    databases: new Map([
      [databaseName('app'), databaseSettings(own)],
      [databaseName('other'), databaseSettings()],
    ]),
  };
}

function user({ linksMax, ...said }: Said): Changes {
  const own = { ...NO_USER_SETTINGS, ...said, userLinksMax: linksMax };
  return { users: new Map([[userName('alice'), own]]) };
}

/** How many links there are for these clients when so many of them hold one, or wait for one. */
async function links(rig: Rig, who: Who, clients: number): Promise<number> {
  for (let i = 0; i < clients; i++) (await rig.client(who)).send(query('BEGIN'));
  await rig.pass(3000);
  const own = rig.server.live.filter(
    ({ parameters }) =>
      parameters.get('user') === who.user && parameters.get('database') === who.database,
  );
  return own.length;
}

const REFUSED = Buffer.concat([
  errorResponse({ severity: 'ERROR', code: '42601', message: 'syntax error' }),
  readyForQuery('I'),
]);

/** Lets PostgreSQL answer our questions: there are temporary tables. */
function tell(rig: Rig): void {
  const truth: Truth = { temporary: true, locks: false, setting: 'x' };
  for (const backend of rig.server.live) {
    backend.answer = (sql, self) =>
      sql.startsWith('pgweir') ? REFUSED : inspected(sql, truth, self);
  }
}

const TABLE = query('CREATE TEMP TABLE t (a int)');

async function pinned(rig: Rig, who: Who): Promise<TestClient> {
  const client = await rig.client(who);
  client.send(query('SELECT 1'));
  await rig.settle();
  tell(rig);
  client.forget();
  client.send(TABLE);
  await rig.settle();
  return client;
}

describe.each([
  { kind: 'database', says: database, others: { ...OWN, database: 'other' } },
  { kind: 'user', says: user, others: { ...OWN, user: 'bob' } },
])('an entry of a $kind', ({ says, others }) => {
  async function both<T>(changes: Changes, what: (rig: Rig, who: Who) => Promise<T>): Promise<T[]> {
    const rig = await Rig.open(changes);
    return [await what(rig, OWN), await what(rig, others)];
  }

  test('pool_size is for its own pools', async () => {
    const changes = { poolSize: 3, ...says({ poolSize: 1 }) };
    expect(await both(changes, (rig, who) => links(rig, who, 3))).toEqual([1, 3]);
  });

  test('reserve_pool_size is for its own pools', async () => {
    const changes = { poolSize: 1, reservePoolTimeoutMs: 1000, ...says({ reservePoolSize: 1 }) };
    expect(await both(changes, (rig, who) => links(rig, who, 3))).toEqual([2, 1]);
  });

  test('a limit of links of its own holds below the pool size', async () => {
    const changes = { poolSize: 3, ...says({ linksMax: 2 }) };
    expect(await both(changes, (rig, who) => links(rig, who, 3))).toEqual([2, 3]);
  });

  test('pool_mode is for its own clients', async () => {
    const begun = async (rig: Rig, who: Who) => {
      const client = await rig.client(who);
      client.send(query('BEGIN'));
      await rig.settle();
      return client.sqlState;
    };
    expect(await both(says({ poolMode: 'statement' }), begun)).toEqual(['0A000', undefined]);
  });

  test('session_state is for its own clients', async () => {
    const refused = async (rig: Rig, who: Who) => (await pinned(rig, who)).sqlState;
    expect(await both(says({ sessionState: 'strict' }), refused)).toEqual(['0A000', undefined]);
  });

  test('max_pinned_per_pool is for its own pools', async () => {
    const changes = { pinnedLimitAction: 'error' as const, ...says({ pinnedPerPoolMax: 1 }) };
    const second = async (rig: Rig, who: Who) => {
      await pinned(rig, who);
      return (await pinned(rig, who)).sqlState;
    };
    expect(await both(changes, second)).toEqual(['53300', undefined]);
  });
});

test('server_lifetime of a database closes its own links', async () => {
  const rig = await Rig.open({
    databases: new Map([
      [databaseName('app'), databaseSettings({ serverLifetimeMs: 10_000 })],
      [databaseName('other'), databaseSettings()],
    ]),
  });
  for (const database of ['app', 'other']) await rig.client({ database });
  await rig.pass(30_000);
  expect(rig.server.live.map(({ parameters }) => parameters.get('database'))).toEqual(['other']);
});

test('parameters of a database are sent at the login of each of its links', async () => {
  const said = {
    client_encoding: 'UTF8',
    datestyle: 'German',
    timezone: 'Asia/Tokyo',
    application_name: 'preset',
  };
  const startupParameters = new Map(Object.entries(said));
  const rig = await Rig.open({
    databases: new Map([[databaseName('app'), databaseSettings({ startupParameters })]]),
  });
  await rig.holders(2);
  for (const { parameters } of rig.server.live) {
    expect(Object.fromEntries(parameters)).toMatchObject(said);
  }
  expect(rig.server.open).toBe(2);
});

test.each([
  ['idle_transaction_timeout', { idleTransactionTimeoutMs: 2000 }, 'BEGIN', '25P03'],
  ['transaction_timeout', { transactionTimeoutMs: 2000 }, 'BEGIN', '25P04'],
  ['client_idle_timeout', { clientIdleTimeoutMs: 2000 }, 'SELECT 1', '57P05'],
  ['query_timeout', { queryTimeoutMs: 2000 }, 'hang', '57014'],
])('%s of a user ends its own clients', async (_name, said, sql, code) => {
  const own = { ...NO_USER_SETTINGS, ...said };
  const rig = await Rig.open({ users: new Map([[userName('alice'), own]]) });
  const [alice, bob] = [await rig.client(), await rig.client({ user: 'bob' })];
  for (const client of [alice, bob]) client.send(query(sql));
  await rig.pass(4000);
  expect([alice.sqlState, bob.sqlState]).toEqual([code, undefined]);
});

describe('several hosts', () => {
  const HOSTS = ['a.test', 'b.test', 'c.test'];

  /** Links of clients that come one after the other, or all at once, by host. */
  async function hostsOf(loadBalanceHosts: 'round-robin' | 'disable', down: string[] = []) {
    const entry = databaseSettings({ hosts: HOSTS, loadBalanceHosts });
    const rig = await Rig.open(
      { poolSize: 6, databases: new Map([[databaseName('app'), entry]]), serverLoginRetryMs: 100 },
      { resolver: { resolve: (host, done) => done({ addresses: [host] }) } },
    );
    const dialled = () =>
      rig.server.addresses.map((address) => (address.kind === 'tcp' ? address.host : ''));
    Object.defineProperty(rig.server, 'dialling', {
      get: () => ({ kind: down.includes(dialled().at(-1) ?? '') ? 'refuse' : 'accept' }),
    });
    return { rig, dialled, down };
  }

  test.each(['one after the other', 'at once'])(
    'take turns when links are opened %s',
    async (how) => {
      const { rig, dialled } = await hostsOf('round-robin');
      const clients = await rig.clients(6);
      for (const client of clients) {
        client.send(query('BEGIN'));
        if (how !== 'at once') await rig.settle();
      }
      await rig.settle();
      expect(dialled()).toEqual([...HOSTS, ...HOSTS]);
    },
  );

  test('with load_balance_hosts=disable the first serves alone, until it cannot be reached', async () => {
    const { rig, dialled, down } = await hostsOf('disable');
    const [holder] = await rig.holders(4);
    expect(new Set(dialled())).toEqual(new Set(['a.test']));
    down.push('a.test');
    for (const backend of rig.server.live.slice(1)) backend.terminate();
    await rig.settle();
    // These are dialled together, fail together, and go to the next host together.
    for (const client of await rig.clients(3)) client.send(query('BEGIN'));
    await rig.pass(1000);
    expect(dialled().slice(4)).toEqual([...Array(3).fill('a.test'), ...Array(3).fill('b.test')]);
    expect(holder?.closed).toBe(false);
  });

  test.each(['round-robin', 'disable'] as const)(
    'with %s the first client is served by the one that can be reached',
    async (how) => {
      const { rig, dialled } = await hostsOf(how, ['a.test', 'b.test']);
      const client = await rig.client();
      client.send(query('SELECT 1'));
      await rig.settle();
      expect(dialled()).toEqual(HOSTS);
      expect([client.tags, client.errors]).toEqual(['CZ', []]);
    },
  );

  test('a client hears an error when none of them can be reached, each time anew', async () => {
    const { rig, dialled, down } = await hostsOf('round-robin');
    down.push(...HOSTS);
    const client = rig.caller({});
    await rig.pass(50);
    expect(dialled()).toEqual(HOSTS);
    expect(client.sqlState).toBe('57P03');
  });
});
