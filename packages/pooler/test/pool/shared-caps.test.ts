import { LocalLinkBudget } from '../../src/pool/local-budget';
import type { LinkHolder, LinkWant } from '../../src/ports/link-budget';
import { databaseName, poolKey, userName } from '../../src/ports/names';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings, NO_USER_SETTINGS } from '../kit/settings';
import type { TestClient } from '../kit/test-client';

async function holder(rig: Rig, user: string): Promise<TestClient> {
  const client = await rig.client({ user });
  client.send(query('BEGIN'));
  await rig.settle();
  client.forget();
  return client;
}

async function commit(rig: Rig, client: TestClient): Promise<void> {
  client.send(query('COMMIT'));
  await rig.settle();
}

/** Two links of `busy` and one of `other`, all in transactions: max_db_connections is reached. */
async function full(changes: Parameters<typeof Rig.open>[0] = {}) {
  const rig = await Rig.open({ poolSize: 5, databaseLinksMax: 3, ...changes });
  const busy = [await holder(rig, 'busy'), await holder(rig, 'busy')];
  const other = await holder(rig, 'other');
  expect(rig.server.open).toBe(3);
  return { rig, busy, other };
}

test.each([0, 500, 3000, 20_000])(
  'a link of another pool that becomes idle after %i ms serves a waiter of a full database',
  async (ms) => {
    const { rig, busy, other } = await full();
    const newcomer = rig.caller({ user: 'newcomer' });
    await rig.pass(ms);
    expect(newcomer.tags).toBe('R');
    await commit(rig, other);
    await rig.pass(500);
    expect(newcomer.tags).toMatch(/Z$/);
    expect(rig.server.openMax).toBe(3);
    for (const client of busy) {
      client.send(query('SELECT 1'), query('COMMIT'));
      await rig.settle();
      expect(client.tags).toBe('CZCZ');
    }
    expect(rig.pool('app', 'busy').idleCount).toBe(2);
  },
);

test('the busy pool yields when its link comes back first, and only one link', async () => {
  const { rig, busy } = await full();
  const newcomer = rig.caller({ user: 'newcomer' });
  await rig.pass(3000);
  for (const client of busy) await commit(rig, client);
  await rig.pass(500);
  expect(newcomer.tags).toMatch(/Z$/);
  expect(rig.pool('app', 'busy').links.size).toBe(1);
  expect(rig.server.openMax).toBe(3);
});

test('a waiter with a transaction to run is served by the idle link of another pool too', async () => {
  const { rig, busy, other } = await full();
  const first = busy[0];
  if (first === undefined) throw new Error('no client');
  await commit(rig, first);
  const late = await rig.client({ user: 'late' });
  late.send(query('BEGIN'));
  await rig.settle();
  const another = await rig.client({ user: 'late' });
  another.send(query('SELECT 1'));
  await rig.pass(3000);
  expect(another.tags).toBe('');
  await commit(rig, other);
  await rig.pass(500);
  expect(another.tags).toBe('CZ');
  expect(rig.server.openMax).toBe(3);
});

test('a want is served by the idle link of another pool although a busy one owes it a link', () => {
  const budget = new LocalLinkBudget();
  const limits = { poolLinksMax: 0, databaseLinksMax: 3, userLinksMax: 0 };
  const want = (user: string): LinkWant => ({
    pool: poolKey(databaseName('a'), userName(user)),
    database: databaseName('a'),
    user: userName(user),
    ...limits,
  });
  const asked: string[] = [];
  const register = (user: string) => {
    const state: { idleSinceMs: number | undefined } = { idleSinceMs: undefined };
    const { pool, database } = want(user);
    const it: LinkHolder = {
      pool,
      database,
      user: userName(user),
      longestIdleSinceMs: () => state.idleSinceMs,
      giveUpIdleLink: () => {
        asked.push(`${user} closes`);
        state.idleSinceMs = undefined;
        return true;
      },
      yieldLink: () => asked.push(`${user} yields`),
      keepYieldedLink: () => asked.push(`${user} keeps`),
    };
    budget.register(it);
    return { it, state };
  };
  for (const user of ['busy', 'busy', 'other']) budget.request(want(user), () => undefined);
  register('busy');
  const other = register('other');
  budget.request(want('new'), () => undefined);
  for (let i = 0; i < 5; i++) budget.relieve();
  expect(asked).toEqual(['busy yields']);
  other.state.idleSinceMs = 1;
  budget.idleAvailable(other.it);
  expect(asked).toContain('other closes');
});

test("query_wait_timeout ends the wait for a pool's first login", async () => {
  const { rig } = await full({ queryWaitTimeoutMs: 5000, clientLoginTimeoutMs: 60_000 });
  const newcomer = rig.caller({ user: 'newcomer' });
  await rig.pass(4500);
  expect(newcomer.errors).toEqual([]);
  await rig.pass(1500);
  expect(newcomer.sqlState).toBe('53300');
  expect(newcomer.errors[0]?.message).toBe('query_wait_timeout');
  expect(newcomer.closed).toBe(true);
  expect(rig.pool('app', 'newcomer').welcomeWaiters.size).toBe(0);
});

test("a replication client takes an idle link's place of its own pool in a full database", async () => {
  const rig = await Rig.open({ poolSize: 5, databaseLinksMax: 2, queryWaitTimeoutMs: 20_000 });
  for (const client of await rig.holders(2)) await commit(rig, client);
  expect(rig.pool().idleCount).toBe(2);
  const walker = rig.caller({ replication: 'database' });
  await rig.pass(1000);
  expect(walker.tags).toMatch(/Z$/);
  expect(rig.pool().idleCount).toBe(1);
  expect(rig.server.openMax).toBe(2);
});

test("query_wait_timeout of a database or a user holds for a pool's first login", async () => {
  const { rig } = await full({
    databases: new Map([[databaseName('app'), databaseSettings({ queryWaitTimeoutMs: 5000 })]]),
    users: new Map([[userName('hasty'), { ...NO_USER_SETTINGS, queryWaitTimeoutMs: 2000 }]]),
  });
  const newcomers = [rig.caller({ user: 'newcomer' }), rig.caller({ user: 'hasty' })];
  await rig.pass(3000);
  expect(newcomers.map(({ sqlState }) => sqlState)).toEqual([undefined, '53300']);
  await rig.pass(3000);
  expect(newcomers.map(({ sqlState }) => sqlState)).toEqual(['53300', '53300']);
});

test('a replication client in a full database takes the first link of its pool that is free', async () => {
  const rig = await Rig.open({ poolSize: 5, databaseLinksMax: 2, queryWaitTimeoutMs: 20_000 });
  const [first] = await rig.holders(2);
  const walker = rig.caller({ replication: 'database' });
  await rig.pass(3000);
  expect(walker.tags).toBe('R');
  if (first !== undefined) await commit(rig, first);
  await rig.pass(1000);
  expect(walker.tags).toMatch(/Z$/);
  expect(rig.server.openMax).toBe(2);
});
