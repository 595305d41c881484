import { authenticationOk, backendKeyData, parameterStatus, readyForQuery } from '@pgweir/protocol';
import { frame, query } from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';

const KEY = backendKeyData(1, Buffer.from('1234'));
const WELCOME = Buffer.concat([authenticationOk(), KEY, readyForQuery('I')]);

describe.each([0, 15_000])('with server_connect_timeout %i', (serverConnectTimeoutMs) => {
  test.each([
    ['a second key', KEY],
    ['another ReadyForQuery', readyForQuery('I')],
    ['a bad length', Buffer.from([0x53, 0, 0, 0, 1])],
    ['a row', frame('D', Buffer.alloc(2))],
    ['an unknown message', frame('?')],
  ])('%s behind the first ReadyForQuery ends the dial at once', async (_name, nonsense) => {
    const rig = await Rig.open({ serverConnectTimeoutMs });
    rig.server.dialling = { kind: 'mute' };
    const client = rig.caller();
    await rig.settle();
    rig.server.backend.send(WELCOME, nonsense);
    await rig.settle();
    expect(client.errors).toHaveLength(1);
    expect(client.sqlState).toBe('57P03');
    expect(client.closed).toBe(true);
    expect(rig.server.open).toBe(0);
    expect(rig.budget.total).toBe(0);
    expect(rig.log.count('server login failed')).toBe(1);
    rig.server.dialling = { kind: 'accept' };
    const next = rig.caller();
    await rig.pass(1000);
    expect(next.tags).toMatch(/Z$/);
  });
});

test('what a server may say behind its first ReadyForQuery disturbs nobody', async () => {
  const rig = await Rig.open();
  rig.server.dialling = { kind: 'mute' };
  const client = rig.caller();
  await rig.settle();
  rig.server.backend.send(WELCOME, parameterStatus('TimeZone', 'UTC'));
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
  client.forget();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

/** A pool of three, every link of which has been lost to a server that never closes its side. */
async function lostLinks(answer: Buffer | undefined) {
  const rig = await Rig.open({
    poolSize: 3,
    serverConnectTimeoutMs: 1000,
    serverLoginRetryMs: 200,
  });
  rig.server.dialling = { kind: 'mute' };
  rig.server.closesOnGoodbye = false;
  const lost: TestClient[] = [];
  for (let i = 0; i < 3; i++) {
    lost.push(rig.caller());
    await rig.pass(500);
    if (answer !== undefined) rig.server.backends.at(-1)?.send(answer);
    await rig.pass(1500);
  }
  for (const client of lost) expect(client.sqlState).toBe('57P03');
  expect(rig.budget.total).toBe(3);
  rig.server.dialling = { kind: 'accept' };
  rig.server.closesOnGoodbye = true;
  return rig;
}

test('a server that accepts, says nothing and never closes is given up after ten seconds', async () => {
  const rig = await lostLinks(undefined);
  const client = rig.caller();
  await rig.pass(15_000);
  expect(client.tags).toMatch(/Z$/);
  expect(rig.budget.total).toBe(1);
  expect(rig.server.open).toBe(1);
});

test('a server that has answered counts until it closes its side', async () => {
  const rig = await lostLinks(authenticationOk());
  const client = rig.caller();
  await rig.pass(60_000);
  expect(client.tags).toBe('R');
  expect(rig.budget.total).toBe(3);
  rig.server.backends[0]?.close();
  await rig.pass(1000);
  expect(client.tags).toMatch(/Z$/);
  expect(rig.budget.total).toBe(3);
});
