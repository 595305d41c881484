import { databaseName } from '../../src/ports/names';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';

const STARTING = {
  severity: 'FATAL',
  code: '57P03',
  message: 'the database system is starting up',
} as const;
const WRONG_PASSWORD = {
  severity: 'FATAL',
  code: '28P01',
  message: 'password authentication failed for user "alice"',
} as const;

test("a pool that has never connected fails its clients with the server's own error", async () => {
  const rig = await Rig.open();
  rig.server.dialling = { kind: 'reject', error: WRONG_PASSWORD };
  const client = rig.caller();
  await rig.settle();
  expect(client.sqlState).toBe('28P01');
  expect(client.errors[0]?.message).toBe(WRONG_PASSWORD.message);
  expect(client.closed).toBe(true);
});

test('a refused connection fails a client at once with 57P03', async () => {
  const rig = await Rig.open();
  rig.server.dialling = { kind: 'refuse' };
  const client = rig.caller();
  await rig.settle();
  expect(client.sqlState).toBe('57P03');
  expect(client.errors[0]?.message).toContain('ECONNREFUSED');
});

test('every client gets the result of an attempt that was made for it', async () => {
  const rig = await Rig.open();
  rig.server.dialling = { kind: 'refuse' };
  rig.caller();
  await rig.settle();
  const second = rig.caller();
  await rig.settle();
  expect(second.messages.some(({ tag }) => tag === 'E')).toBe(false);
  rig.server.dialling = { kind: 'accept' };
  await rig.pass(300);
  expect(second.tags).toMatch(/Z$/);
});

test('no client gets the cached error once the server is back', async () => {
  const rig = await Rig.open();
  for (const dialling of [
    { kind: 'refuse' },
    { kind: 'reject', error: WRONG_PASSWORD },
    { kind: 'reject', error: STARTING },
  ] as const) {
    rig.server.dialling = dialling;
    const early = rig.caller();
    await rig.pass(5000);
    rig.server.dialling = { kind: 'accept' };
    const late = rig.caller();
    await rig.pass(1000);
    expect(late.errors).toEqual([]);
    expect(late.tags).toMatch(/Z$/);
    early.hangUp();
    late.hangUp();
    for (const backend of rig.server.live) backend.terminate();
    await rig.settle();
  }
});

test('a rejected login is not tried over and over', async () => {
  const rig = await Rig.open();
  rig.server.dialling = { kind: 'reject', error: WRONG_PASSWORD };
  for (let i = 0; i < 50; i++) {
    const client = rig.caller();
    await rig.pass(100);
    expect(client.sqlState).toBe('28P01');
  }
  expect(rig.server.dials).toBeLessThanOrEqual(6);
});

test('server_login_retry shortens the pause between two attempts', async () => {
  const rig = await Rig.open({ serverLoginRetryMs: 100 });
  rig.server.dialling = { kind: 'reject', error: WRONG_PASSWORD };
  rig.caller();
  await rig.pass(150);
  rig.server.dialling = { kind: 'accept' };
  const client = rig.caller();
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
});

test('57P03 from the server keeps clients waiting until it is up', async () => {
  const rig = await Rig.open();
  rig.server.dialling = { kind: 'reject', error: STARTING };
  const clients = [rig.caller(), rig.caller(), rig.caller()];
  await rig.pass(20_000);
  for (const client of clients) expect(client.tags).not.toContain('E');
  expect(rig.server.dials).toBeGreaterThan(10);
  rig.server.dialling = { kind: 'accept' };
  await rig.pass(1000);
  for (const client of clients) expect(client.tags).toMatch(/Z$/);
});

test('a full server (53300) keeps waiters waiting', async () => {
  const rig = await Rig.open();
  const [client, other] = await rig.clients(2);
  await rig.holders(1);
  rig.server.dialling = {
    kind: 'reject',
    error: { severity: 'FATAL', code: '53300', message: 'sorry, too many clients already' },
  };
  client?.send(query('SELECT 1'));
  other?.send(query('SELECT 1'));
  await rig.pass(5000);
  expect([client?.tags, other?.tags]).toEqual(['', '']);
  rig.server.dialling = { kind: 'accept' };
  await rig.pass(1000);
  expect([client?.tags, other?.tags]).toEqual(['CZ', 'CZ']);
});

test('waiters outlive failed dials while the pool has a link that works', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const [holder] = await rig.holders(1);
  rig.server.dialling = { kind: 'refuse' };
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(3000);
  expect(client.tags).toBe('');
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

test('a server that does not answer fails its clients at server_connect_timeout', async () => {
  const rig = await Rig.open({ serverConnectTimeoutMs: 5000 });
  rig.server.dialling = { kind: 'silence' };
  const client = rig.caller();
  await rig.pass(4900);
  expect(client.errors).toEqual([]);
  await rig.pass(200);
  expect(client.errors[0]?.message).toContain('connect timeout');
});

test('while the server is silent, new clients hear of the last failure at once', async () => {
  const rig = await Rig.open({ serverConnectTimeoutMs: 5000 });
  rig.server.dialling = { kind: 'silence' };
  rig.caller();
  await rig.pass(5100);
  rig.caller();
  await rig.pass(2000);
  const third = rig.caller();
  await rig.settle();
  expect(third.sqlState).toBe('57P03');
});

test('a login that is never answered fails at server_connect_timeout', async () => {
  const rig = await Rig.open({ serverConnectTimeoutMs: 5000 });
  rig.server.dialling = { kind: 'mute' };
  const client = rig.caller();
  await rig.pass(5100);
  expect(client.errors[0]?.message).toContain('login timeout');
  expect(rig.budget.total).toBe(rig.server.open);
});

test('server_connect_timeout 0 means no limit', async () => {
  const rig = await Rig.open({ serverConnectTimeoutMs: 0 });
  rig.server.dialling = { kind: 'mute' };
  const client = rig.caller();
  await rig.pass(60_000);
  expect(client.errors).toEqual([]);
  rig.server.backend.welcome();
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
});

test('a link lost during its connect query fails its client at once, and is replaced', async () => {
  const rig = await Rig.open({
    databases: new Map([[databaseName('app'), databaseSettings({ connectQuery: 'stuck' })]]),
  });
  const client = rig.caller();
  await rig.settle();
  rig.server.backend.crash();
  await rig.settle();
  expect(client.sqlState).toBe('57P03');
  const next = rig.caller();
  await rig.pass(300);
  expect(rig.server.dials).toBe(2);
  rig.server.backend.finish();
  await rig.settle();
  expect(next.tags).toMatch(/Z$/);
});

test('what the connect query reports belongs to the welcome of clients', async () => {
  const rig = await Rig.open({
    databases: new Map([[databaseName('app'), databaseSettings({ connectQuery: 'hang' })]]),
  });
  const client = rig.caller();
  await rig.settle();
  rig.server.backend.send(Buffer.from('530000001154696d655a6f6e650047', 'hex'));
  rig.server.backend.send(Buffer.from('4d5400', 'hex'));
  rig.server.backend.finish();
  await rig.settle();
  const zone = client.messages.find(({ body }) => body.toString().startsWith('TimeZone\0'));
  expect(zone?.body.toString()).toBe('TimeZone\0GMT\0');
  client.forget();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(rig.server.backend.queries).toEqual(['hang', 'SELECT 1']);
});
