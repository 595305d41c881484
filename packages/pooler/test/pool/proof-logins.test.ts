import { databaseName, userName } from '../../src/ports/names';
import type { ProofResult } from '../../src/ports/proof-logins';
import type { ServerPasswords } from '../../src/ports/server-passwords';
import type { PoolerSettings, ServerTls } from '../../src/settings/settings';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';

const VERIFIED: ServerTls = {
  mode: 'verify-full',
  options: {
    ...{ key: undefined, cert: undefined, ca: undefined, ciphers: undefined },
    verify: 'full',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
  },
};
const REFUSED = {
  severity: 'FATAL',
  code: '28000',
  message: 'PAM authentication failed for user "alice"',
} as const;
const STARTING = { severity: 'FATAL', code: '57P03', message: 'starting up' } as const;
const SERVER = { host: 'db.test', port: 5432 };

function open(changes: Partial<PoolerSettings> = {}): Promise<Rig> {
  return Rig.open({ serverTls: VERIFIED, ...changes });
}

/** What it comes to is in the list. */
function prove(rig: Rig, { user = 'alice', database = 'app', server = SERVER } = {}) {
  const results: string[] = [];
  const giveUp = rig.pooler.proofs.prove(
    { database: databaseName(database), user: userName(user), server, password: 'token' },
    (result) => results.push(wordOf(result)),
  );
  return { results, giveUp };
}

function wordOf(result: ProofResult): string {
  if (result.kind === 'proven') return 'proven';
  return result.kind === 'refused' ? `refused: ${result.reason}` : `failed: ${result.error.code}`;
}

test('a login proves the password, and its link stays in the pool', async () => {
  const rig = await open();
  const { results } = prove(rig);
  expect(results).toEqual([]);
  await rig.settle();
  expect(results).toEqual(['proven']);
  expect(rig.pool().idleCount).toBe(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
  expect(rig.server.dials).toBe(1);
});

test('the password is not sent where nobody has proved to be the server', async () => {
  const rig = await open({ serverTls: { mode: 'disable', options: undefined } });
  const { results } = prove(rig);
  await rig.settle();
  expect(results).toHaveLength(1);
  expect(results[0]).toBe('failed: 28000');
  expect(rig.server.dials).toBe(0);
});

test('a reload amid the handshake does not make a server that nobody has verified a verified one', async () => {
  const { options } = VERIFIED;
  if (options === undefined) throw new Error('no TLS');
  const withTls = (serverTls: ServerTls) => ({
    databases: new Map([[databaseName('app'), databaseSettings({ serverTls })]]),
  });
  const rig = await open(withTls({ mode: 'require', options: { ...options, verify: 'none' } }));
  const { results } = prove(rig);
  await Promise.resolve();
  const [link] = rig.pool().links;
  while (link?.wire?.tls === undefined) rig.tasks.runOne();
  rig.pooler.reload({ ...rig.pooler.settings, ...withTls(VERIFIED) }, rig.pooler.credentials);
  await rig.settle();
  expect(rig.server.dials).toBe(0);
  expect(results).toEqual(['failed: 28000']);
});

test('a refused password is tried once, and no matter of the others in the pool', async () => {
  const rig = await open();
  const client = await rig.client();
  rig.server.dialling = { kind: 'reject', error: REFUSED };
  const { results } = prove(rig);
  await rig.pass(5000);
  expect(results).toEqual([`refused: 28000: ${REFUSED.message}`]);
  expect(rig.server.dials).toBe(2);
  expect(rig.pool().supply.gate.isOpen).toBe(true);
  rig.server.dialling = { kind: 'accept' };
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

test('that the own password of the pool is refused holds up no proof, which lets others in', async () => {
  const rig = await open();
  rig.server.dialling = { kind: 'reject', error: REFUSED };
  const client = rig.caller();
  await rig.settle();
  expect(client.sqlState).toBe('28000');
  rig.server.dialling = { kind: 'accept' };
  const { results } = prove(rig);
  await rig.settle();
  expect(results).toEqual(['proven']);
  expect(rig.caller().closed).toBe(false);
  expect((await rig.client()).closed).toBe(false);
});

test('a server that starts up is waited for, and one that is not there is not', async () => {
  const rig = await open();
  rig.server.dialling = { kind: 'reject', error: STARTING };
  const early = prove(rig);
  await rig.pass(3000);
  expect(early.results).toEqual([]);
  expect(rig.server.dials).toBeLessThan(20);
  rig.server.dialling = { kind: 'accept' };
  await rig.pass(1000);
  expect(early.results).toEqual(['proven']);
  rig.server.dialling = { kind: 'refuse' };
  const late = prove(rig, { user: 'bob' });
  await rig.pass(1000);
  expect(late.results).toEqual(['failed: 57P03']);
});

test('a login that is never answered makes the server look bad to nobody', async () => {
  const rig = await open({ serverConnectTimeoutMs: 2000 });
  rig.server.dialling = { kind: 'mute' };
  const { results } = prove(rig);
  await rig.pass(2500);
  expect(results).toEqual(['failed: 57P03']);
  expect(rig.pool().supply.gate.isOpen).toBe(true);
});

test('in a pool full of idle links one of them gives way', async () => {
  const rig = await open({ poolSize: 2 });
  const [one, other] = await rig.holders(2);
  for (const client of [one, other]) client?.send(query('COMMIT'));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(2);
  const { results } = prove(rig);
  await rig.settle();
  expect(results).toEqual(['proven']);
  expect(rig.server.openMax).toBe(2);
  expect(rig.pool().idleCount).toBe(2);
});

test('of all that are no good one costs a full pool a link, and the others use its place', async () => {
  const rig = await open({ poolSize: 8 });
  for (const client of await rig.holders(8)) client.send(query('COMMIT'));
  await rig.settle();
  rig.server.dialling = { kind: 'reject', error: REFUSED };
  const forged = Array.from({ length: 8 }, () => prove(rig));
  await rig.pass(500);
  for (const { results } of forged) expect(results[0]).toMatch(/^refused/);
  expect(rig.pool().idleCount).toBe(7);
});

test('also links that come back give way for one of them alone', async () => {
  const rig = await open({ poolSize: 4 });
  const holders = await rig.holders(4);
  rig.server.dialling = { kind: 'reject', error: REFUSED };
  const forged = Array.from({ length: 4 }, () => prove(rig));
  await rig.pass(200);
  for (const client of holders) client.send(query('COMMIT'));
  await rig.settle();
  for (const { results } of forged) expect(results[0]).toMatch(/^refused/);
  expect(rig.pool().idleCount).toBe(3);
});

test.each([
  ['without a password for another the last link of a pool stays', true, [], 1],
  ['with a password for another the last link of a pool makes room', false, ['proven'], 1],
])('%s', async (_, lacks, expected, idle) => {
  const passwords: ServerPasswords = { begin: () => undefined, lacks: () => lacks };
  const rig = await Rig.open({ serverTls: VERIFIED, poolSize: 1 }, { serverPasswords: passwords });
  const [holder] = await rig.holders(1);
  const { results } = prove(rig);
  await rig.pass(200);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(results).toEqual(expected);
  expect(rig.pool().idleCount).toBe(idle);
  expect(rig.server.dials).toBe(1 + expected.length);
});

test('a pool of two loses one link at most while it has no password for another', async () => {
  const passwords: ServerPasswords = { begin: () => undefined, lacks: () => true };
  const rig = await Rig.open({ serverTls: VERIFIED, poolSize: 2 }, { serverPasswords: passwords });
  for (const client of await rig.holders(2)) client.send(query('COMMIT'));
  await rig.settle();
  rig.server.dialling = { kind: 'reject', error: REFUSED };
  for (let i = 0; i < 6; i++) prove(rig);
  await rig.pass(500);
  expect(rig.pool().idleCount).toBe(1);
  rig.server.dialling = { kind: 'accept' };
  const good = prove(rig);
  await rig.pass(500);
  expect(good.results).toEqual(['proven']);
});

test('another pool gives way to one of them at a time', async () => {
  const rig = await open({
    databases: new Map([
      [databaseName('app'), databaseSettings({ poolSize: 4, databaseLinksMax: 4 })],
    ]),
  });
  for (const client of await rig.holders(4)) client.send(query('COMMIT'));
  await rig.settle();
  expect(rig.pool().idleCount).toBe(4);
  rig.server.dialling = { kind: 'reject', error: REFUSED };
  const forged = Array.from({ length: 4 }, () => prove(rig, { user: 'mallory' }));
  await rig.pass(2000);
  for (const { results } of forged) expect(results[0]).toMatch(/^refused/);
  expect(rig.pool().idleCount).toBe(3);
});

test('a client that has waited longer gets its link first, and no proof holds it up', async () => {
  const rig = await open({ poolSize: 1 });
  await rig.holders(1);
  const client = await rig.client();
  client.send(query('SELECT 1'));
  await rig.pass(1);
  const { results } = prove(rig);
  await rig.settle();
  rig.server.live[0]?.close();
  await rig.settle();
  expect(client.tags).toBe('CZ');
  await rig.pass(500);
  expect(results).toEqual(['proven']);
});

test('behind busy links it has its turn, also when clients wait who have come later', async () => {
  const rig = await open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const { results } = prove(rig);
  await rig.pass(200);
  const late = await rig.client();
  late.send(query('SELECT 1'));
  await rig.settle();
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(results).toEqual(['proven']);
  expect(late.tags).toBe('CZ');
  expect(rig.server.openMax).toBe(1);
});

test('query_wait_timeout ends its wait', async () => {
  const rig = await open({ poolSize: 1, queryWaitTimeoutMs: 3000 });
  await rig.holders(1);
  const { results } = prove(rig);
  await rig.pass(4000);
  expect(results).toEqual(['failed: 53300']);
  expect(rig.server.dials).toBe(1);
});

test('who gives up while it waits hears so at once, and no login is made', async () => {
  const rig = await open({ poolSize: 1 });
  const [holder] = await rig.holders(1);
  const { results, giveUp } = prove(rig);
  await rig.settle();
  giveUp();
  giveUp();
  expect(results).toEqual(['failed: 53300']);
  holder?.send(query('COMMIT'));
  await rig.settle();
  expect(rig.server.dials).toBe(1);
  expect(rig.pool().idleCount).toBe(1);
});

test('a login that has begun goes on when nobody wants to know any more', async () => {
  const rig = await open();
  const { results, giveUp } = prove(rig);
  await Promise.resolve();
  expect(rig.pool().links.size).toBe(1);
  giveUp();
  await rig.settle();
  expect(results).toEqual(['proven']);
});

test('a login that nobody wants any more is not tried again, also without query_wait_timeout', async () => {
  const rig = await open({ queryWaitTimeoutMs: 0 });
  rig.server.dialling = { kind: 'reject', error: STARTING };
  const { results, giveUp } = prove(rig);
  await Promise.resolve();
  expect(rig.pool().links.size).toBe(1);
  giveUp();
  await rig.pass(10_000);
  expect(results).toEqual(['failed: 57P03']);
  expect(rig.server.dials).toBe(1);
  expect(rig.pool().proofWaiters.length).toBe(0);
});

test('a server that the database does not have any more is not asked', async () => {
  const rig = await open();
  const { results } = prove(rig, { server: { host: 'elsewhere.test', port: 5432 } });
  await rig.pass(1);
  expect(results).toEqual(['failed: 57P03']);
  expect(rig.server.addresses).toEqual([]);
  expect(rig.pool().supply.gate.isOpen).toBe(true);
});

test('an unknown database, and one that is drained, are failures for the client', async () => {
  const rig = await open();
  const unknown = prove(rig, { database: 'nowhere' });
  await rig.pass(10);
  expect(unknown.results).toEqual(['failed: 3D000']);
  void rig.pooler.drain('links-closed');
  const late = prove(rig);
  await rig.pass(10);
  expect(late.results).toEqual(['failed: 57P01']);
});

test('users that somebody has made up are forgotten, and there are never too many', async () => {
  const rig = await open({
    databases: new Map([[databaseName('app'), databaseSettings({ poolSize: 0 })]]),
  });
  rig.server.dialling = { kind: 'reject', error: REFUSED };
  const proofs = Array.from({ length: 1001 }, (_, n) => prove(rig, { user: `user${n}` }));
  await rig.pass(1000);
  expect(proofs[999]?.results[0]).toMatch(/^refused/);
  expect(proofs[1000]?.results).toEqual(['failed: 53300']);
  expect(rig.pooler.pools.size).toBe(1000);
  await rig.pass(62_000);
  expect(rig.pooler.pools.size).toBe(0);
  rig.server.dialling = { kind: 'accept' };
  const good = prove(rig, { user: 'real' });
  await rig.settle();
  expect(good.results).toEqual(['proven']);
});
