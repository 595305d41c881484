import { databaseName, userName } from '../../src/ports/names';
import { query } from '../kit/messages';
import type { Rig } from '../kit/rig';
import { poolerSettings } from '../kit/settings';
import {
  APP,
  asked,
  askers,
  asking,
  databaseSettings,
  FILE,
  failures,
  login,
  password,
} from './stage';

/** All links of auth_user are taken by a transaction of a client. */
async function taken(rig: Rig): Promise<void> {
  const holder = await rig.client({ user: 'asker' });
  holder.send(query('BEGIN'));
  await rig.settle();
}

/** A rig where auth_user may log in as well, with one link. */
async function narrow(changes: Parameters<typeof asking>[0] = {}): Promise<Rig> {
  const rig = await asking(
    { authType: 'trust', poolSize: 1, ...changes },
    { alice: 'tea', bob: 'tea', asker: 'x' },
  );
  await taken(rig);
  return rig;
}

test('a burst of logins of one user asks twice, whatever its size', async () => {
  const rig = await asking();
  const clients = Array.from({ length: 200 }, () => rig.caller());
  await rig.settle();
  for (const client of clients) client.send(password('tea'));
  await rig.settle();
  for (const client of clients) expect(client.tags).toMatch(/Z$/);
  expect(askers(rig).flatMap(asked).length).toBeLessThanOrEqual(2);
});

test('who comes after the question was asked gets the answer to another one', async () => {
  const rig = await asking({ authQuery: 'hang' });
  const first = rig.caller();
  await rig.settle();
  const [backend] = askers(rig);
  const later = [rig.caller(), rig.caller()];
  await rig.settle();
  expect(backend && asked(backend)).toEqual(['alice']);
  rig.server.table = () => ({ columns: 2, rows: [['alice', 'changed']] });
  backend?.finish();
  await rig.settle();
  backend?.finish();
  await rig.settle();
  expect(backend && asked(backend)).toEqual(['alice', 'alice']);
  first.send(password('tea'));
  for (const client of later) client.send(password('changed'));
  await rig.settle();
  for (const client of [first, ...later]) expect(client.tags).toMatch(/Z$/);
});

test('a look-up waits in the queue of the pool of auth_user, under its cap', async () => {
  const rig = await narrow();
  const client = rig.caller();
  await rig.settle();
  expect(client.tags).toBe('');
  expect(rig.pool('app', 'asker').waiters.length).toBe(1);
  expect(askers(rig)).toHaveLength(1);
});

test('a client that leaves while it waits leaves the queue, and nobody else does', async () => {
  const rig = await narrow();
  const [alice, other, bob] = [rig.caller(), rig.caller(), rig.caller({ user: 'bob' })];
  await rig.settle();
  alice.hangUp();
  await rig.settle();
  expect(rig.pool('app', 'asker').waiters.length).toBe(2);
  other.hangUp();
  await rig.settle();
  expect(rig.pool('app', 'asker').waiters.length).toBe(1);
  askers(rig)[0]?.terminate();
  await rig.settle();
  expect(bob.tags).toMatch(/Z$/);
});

test('a question that nobody waits for any more is not in the way of the next one', async () => {
  const rig = await asking({ authQuery: 'hang' });
  const first = rig.caller();
  await rig.settle();
  const second = rig.caller();
  await rig.settle();
  first.hangUp();
  await rig.settle();
  const [abandoned, fresh] = askers(rig);
  expect(fresh && asked(fresh)).toEqual(['alice']);
  abandoned?.finish();
  await rig.settle();
  expect(second.tags).toBe('');
  fresh?.finish();
  await rig.settle();
  expect(second.tags).toBe('R');
  expect(rig.pool('app', 'asker').idleCount).toBe(2);
});

test('a question that nobody waits for and that never ends costs its link in the end', async () => {
  const rig = await asking({ authQuery: 'hang', serverConnectTimeoutMs: 2000 });
  const client = rig.caller();
  await rig.settle();
  client.hangUp();
  await rig.pass(1000);
  expect(askers(rig)[0]?.closed).toBe(false);
  await rig.pass(2000);
  expect(askers(rig)[0]?.closed).toBe(true);
});

test('query_wait_timeout ends the wait for a link', async () => {
  const rig = await narrow({ queryWaitTimeoutMs: 5000 });
  const client = rig.caller();
  await rig.pass(4000);
  expect(client.tags).toBe('');
  await rig.pass(2000);
  expect(client.errors).toMatchObject([{ code: '53300', message: 'query_wait_timeout' }]);
  expect(rig.pool('app', 'asker').waiters.length).toBe(0);
});

test('client_login_timeout ends the wait for the answer', async () => {
  const rig = await asking({ authQuery: 'hang', clientLoginTimeoutMs: 5000 });
  const client = rig.caller();
  await rig.pass(6000);
  expect(client.errors).toMatchObject([{ message: 'client_login_timeout' }]);
});

test('a link that is lost while the query runs is an error that says so', async () => {
  const rig = await asking({ authQuery: 'hang' });
  const client = rig.caller();
  await rig.settle();
  askers(rig)[0]?.crash();
  await rig.settle();
  expect(client.sqlState).toBe('08006');
  expect(failures(rig)).toHaveLength(1);
});

test('PostgreSQL ends the connection while the query runs', async () => {
  const rig = await asking({ authQuery: 'hang' });
  const client = rig.caller();
  await rig.settle();
  askers(rig)[0]?.terminate();
  await rig.settle();
  expect(client.sqlState).toBe('08006');
  expect(client.closed).toBe(true);
});

test('after a reload who waits is looked up as the new settings say', async () => {
  const rig = await narrow();
  const client = rig.caller();
  await rig.settle();
  const databases = new Map([
    [APP, databaseSettings()],
    [databaseName('other'), databaseSettings()],
  ]);
  const authUser = userName('asker');
  const now = { authUser, authDatabase: databaseName('other'), poolSize: 1, databases };
  rig.pooler.reload(poolerSettings(now), FILE);
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
  expect(rig.pool('app', 'asker').waiters.length).toBe(0);
});

test('a reload that removes auth_user leaves nobody waiting', async () => {
  const rig = await narrow();
  const client = rig.caller();
  await rig.settle();
  rig.pooler.reload(poolerSettings({ poolSize: 1 }), FILE);
  await rig.settle();
  expect(client.sqlState).toBe('28000');
});

test('a pooler that shuts down tells those who wait', async () => {
  const rig = await narrow();
  const client = rig.caller();
  await rig.settle();
  rig.pooler.drain('links-closed').catch(() => undefined);
  await rig.settle();
  expect(client.sqlState).toBe('57P01');
});

describe('the link of a look-up', () => {
  const OPTIONS = { options: '-c search_path=evil', search_path: 'evil' };

  test('hears nothing of what the client has sent but its name', async () => {
    const rig = await asking({ authType: 'trust' });
    const client = rig.caller(OPTIONS);
    await rig.settle();
    expect(client.tags).toMatch(/Z$/);
    const [backend] = askers(rig);
    expect([...(backend?.parameters ?? [])].toString()).not.toContain('evil');
    expect(Buffer.concat(backend?.chunks ?? []).toString()).not.toContain('evil');
  });

  test('has not the settings of the client that had it last', async () => {
    const rig = await asking({ authType: 'trust', poolSize: 1 }, { alice: 'tea', asker: 'x' });
    const owner = await rig.client({ user: 'asker', search_path: 'evil' });
    owner.send(query('SELECT 1'));
    await rig.settle();
    const [backend] = askers(rig);
    expect(backend?.queries.at(-2)).toContain("set_config(E'search_path',E'evil',false)");
    const before = backend?.received.length ?? 0;
    await login(rig, 'alice', '');
    const since = backend?.received.slice(before) ?? [];
    expect(since[0]?.body.toString()).toBe('RESET "search_path"\0');
    expect(since.map(({ tag }) => tag).join('')).toBe('QCCPBDECCS');
  });

  test.each([{ poolMode: 'session' as const }, { sessionState: 'leak' as const }])(
    'is wiped where nobody looks at what clients leave: %j',
    async (changes) => {
      const rig = await asking({ authType: 'trust', serverResetQuery: '', ...changes });
      await login(rig, 'alice', '');
      const [backend] = askers(rig);
      expect(backend?.queries[0]).toContain('RESET ALL');
      expect(backend?.queries[0]).toContain('DISCARD TEMP');
    },
  );

  test('goes back to its pool, for whoever comes next', async () => {
    const rig = await asking({ authType: 'trust', poolSize: 1 }, { alice: 'tea', asker: 'x' });
    await login(rig, 'alice', '');
    const owner = await rig.client({ user: 'asker' });
    owner.send(query('SELECT 1'));
    await rig.settle();
    expect(owner.tags).toBe('CZ');
    expect(askers(rig)).toHaveLength(1);
  });
});

test('names of databases that strangers make up cost no more than so many', async () => {
  const fallbackDatabase = databaseSettings({ authUser: userName('asker') });
  const idle = { serverIdleTimeoutMs: 60_000 };
  const rig = await asking({ databases: new Map(), fallbackDatabase, ...idle });
  const strangers = Array.from({ length: 120 }, (_, at) =>
    rig.caller({ user: `stranger${at}`, database: `made_up_${at}` }),
  );
  await rig.settle();
  expect(rig.pooler.databases.size).toBe(100);
  expect(strangers.filter(({ sqlState }) => sqlState === 'F0000')).toHaveLength(20);
  for (const stranger of strangers) stranger.hangUp();
  await rig.pass(700_000);
  expect(rig.pooler.databases.size).toBe(0);
  const alice = rig.caller({ database: 'made_up_5' });
  await rig.settle();
  alice.send(password('tea'));
  await rig.settle();
  expect(alice.tags).toMatch(/Z$/);
});
