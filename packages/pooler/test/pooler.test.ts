import { databaseName, userName } from '../src/ports/names';
import type { PoolerSettings } from '../src/settings/settings';
import { query, terminate } from './kit/messages';
import { Rig } from './kit/rig';
import { databaseSettings, NO_USER_SETTINGS } from './kit/settings';

test('a client logs in, asks, is answered, and its link goes back to the pool', async () => {
  const rig = await Rig.open();
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.backend.queries).toEqual(['SELECT 1']);
  expect(rig.pool().idleCount).toBe(1);
  await rig.stop();
  expect(client.closed).toBe(true);
  expect(rig.server.open).toBe(0);
  expect(rig.budget.total).toBe(0);
});

test('a client that vanishes at any byte leaves nothing behind', async () => {
  const startup = Buffer.from('0000002000030000757365720061', 'hex');
  for (let cut = 0; cut <= startup.length; cut++) {
    const rig = await Rig.open();
    const client = rig.stranger();
    client.send(startup.subarray(0, cut));
    client.hangUp();
    await rig.settle();
    expect(rig.pooler.sessions.size).toBe(0);
    expect(client.output.length).toBe(0);
  }
});

test('max_client_conn refuses one client too many with 53300', async () => {
  const rig = await Rig.open({ clientsMax: 2 });
  const [first] = await rig.clients(2);
  const third = rig.caller();
  await rig.settle();
  expect(third.sqlState).toBe('53300');
  first?.hangUp();
  await rig.settle();
  expect((await rig.client()).closed).toBe(false);
});

test('the client limits of a database and of a user hold', async () => {
  const rig = await Rig.open({
    databases: new Map([
      [databaseName('app'), databaseSettings({ databaseClientsMax: 2 })],
      [databaseName('other'), databaseSettings()],
    ]),
    users: new Map([[userName('bob'), { ...NO_USER_SETTINGS, userClientsMax: 1 }]]),
  });
  await rig.clients(2);
  const third = rig.caller();
  const bobs = [rig.caller({ user: 'bob', database: 'other' })];
  await rig.settle();
  bobs.push(rig.caller({ user: 'bob', database: 'other' }));
  await rig.settle();
  expect(third.sqlState).toBe('53300');
  expect(bobs.map(({ sqlState }) => sqlState)).toEqual([undefined, '53300']);
});

test('the cap of a database holds over all its pools, and idle links make room', async () => {
  const rig = await Rig.open({ poolSize: 5, databaseLinksMax: 3 });
  const clients = [];
  for (const user of ['a', 'b', 'c', 'd', 'e']) clients.push(await rig.client({ user }));
  for (let round = 0; round < 3; round++) {
    for (const client of clients) {
      client.send(query('SELECT 1'));
      await rig.settle();
    }
    await rig.pass(1000);
  }
  for (const client of clients) expect(client.tags).toBe('CZCZCZ');
  expect(rig.server.openMax).toBe(3);
  expect(rig.log.count('evicted')).toBeGreaterThan(0);
});

test('a thousand clients at once never pass pool_size, and each is served', async () => {
  const rig = await Rig.open({ poolSize: 10, clientsMax: 0 });
  const clients = Array.from({ length: 1000 }, () => rig.caller());
  await rig.settle();
  for (const client of clients) client.forget();
  clients.forEach((client, i) => {
    client.send(query(`BEGIN ${i}`), query(`SELECT ${i}`), query('COMMIT'));
  });
  await rig.pass(1000);
  for (const client of clients) expect(client.tags).toBe('CZCZCZ');
  expect(rig.server.openMax).toBe(10);
  for (const client of clients) client.hangUp();
  await rig.settle();
  expect(rig.pooler.sessions.size).toBe(0);
});

test('draining lets transactions finish and starts no new ones', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const [waiter, idle] = await rig.clients(2);
  waiter?.send(query('SELECT 1'));
  await rig.settle();
  let drained = false;
  const done = rig.pooler.drain('links-closed').then(() => {
    drained = true;
  });
  await rig.settle();
  expect(waiter?.sqlState).toBe('57P01');
  idle?.send(query('SELECT 1'));
  holder?.send(query('SELECT 2'));
  await rig.settle();
  expect(idle?.sqlState).toBe('57P01');
  expect(holder?.tags).toBe('CZ');
  expect(drained).toBe(false);
  holder?.send(query('COMMIT'));
  await rig.settle();
  await done;
  expect(rig.server.open).toBe(0);
});

test('a server lost in mid-query is 08006; a FATAL error of its own stands alone', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const [first, second] = await rig.holders(2);
  rig.server.backends[0]?.crash();
  rig.server.backends[1]?.terminate();
  await rig.settle();
  expect(first?.sqlState).toBe('08006');
  expect(second?.sqlState).toBe('57P01');
  expect(second?.tags).toBe('E');
  expect([first?.closed, second?.closed]).toEqual([true, true]);
});

test('an idle link that PostgreSQL closes is forgotten, and nobody hears of it', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  rig.server.backend.terminate();
  await rig.settle();
  expect(rig.pool().links.size).toBe(0);
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

describe('each kind of line in the log has a switch of its own', () => {
  const LINES = {
    logConnections: 'login attempt',
    logDisconnections: 'closing because: client close request',
    logPoolerErrors: 'pooler error: query timeout',
  } as const;

  /** Somebody logs in and leaves by himself, somebody else is thrown out. */
  async function lines(changes: Partial<PoolerSettings>): Promise<readonly string[]> {
    const rig = await Rig.open({ queryTimeoutMs: 1000, ...changes });
    const [leaver, thrownOut] = await rig.clients(2);
    leaver?.send(terminate());
    thrownOut?.send(query('hang'));
    await rig.pass(2000);
    return Object.values(LINES).filter((line) => rig.log.count(line) > 0);
  }

  test('all of them are on', async () => {
    expect(await lines({})).toEqual(Object.values(LINES));
  });

  test.each(['logConnections', 'logDisconnections', 'logPoolerErrors'] as const)(
    'without %s its line is missing, and no other',
    async (name) => {
      const others = Object.values(LINES).filter((line) => line !== LINES[name]);
      expect(await lines({ [name]: false })).toEqual(others);
    },
  );

  test('log_disconnections is for the connections to servers as well', async () => {
    for (const logDisconnections of [true, false]) {
      const rig = await Rig.open({ logDisconnections, serverIdleTimeoutMs: 1000 });
      await rig.client();
      await rig.pass(2000);
      expect(rig.server.open).toBe(0);
      const line = 'closing server connection because: server idle timeout';
      expect(rig.log.count(line)).toBe(logDisconnections ? 1 : 0);
    }
  });
});

test('tcp_keepalive and tcp_keepidle reach both kinds of sockets, those after a reload too', async () => {
  const rig = await Rig.open({ poolSize: 1, tcpKeepAlive: true, tcpKeepIdleSeconds: 77 });
  const [client] = await rig.holders(1);
  expect(rig.server.acceptsWith).toMatchObject({ keepAlive: true, keepIdleSeconds: 77 });
  expect(rig.server.dialledWith).toMatchObject({ keepAlive: true, keepIdleSeconds: 77 });
  const { settings, credentials } = rig.pooler;
  rig.pooler.reload({ ...settings, tcpKeepAlive: false, tcpKeepIdleSeconds: 0 }, credentials);
  rig.server.backend.terminate();
  await rig.settle();
  expect(client?.closed).toBe(true);
  await rig.holders(1);
  expect(rig.server.acceptsWith).toEqual({ keepAlive: false, keepIdleSeconds: 0 });
  expect(rig.server.dialledWith).toEqual({ keepAlive: false, keepIdleSeconds: 0 });
});
