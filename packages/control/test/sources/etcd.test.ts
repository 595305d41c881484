import { CollectingLogger, EtcdGateway, startEtcd, waitFor } from '@pgweir/testkit';
import { EtcdLease } from '../../src/lease/etcd-lease';
import { Etcd } from '../../src/sources/etcd';
import { readAnswer, readGrant, readRefusal, readToken } from '../../src/sources/etcd-answers';
import { realClock } from '../probe/kit/real-clock';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const LOGIN = { user: 'weir', password: 'seven seals' };

async function gateway(options = {}): Promise<EtcdGateway> {
  const opened = await EtcdGateway.open(options);
  closing.push(() => opened.stop());
  return opened;
}

function etcdAt(addresses: readonly string[], login?: typeof LOGIN): Etcd {
  const urls = addresses.map((address) => new URL(`http://${address}`));
  return new Etcd({ urls, login, tls: undefined, clock: realClock });
}

async function errorOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

test('what one has put the other finds, with the revisions that conditions are about', async () => {
  const running = await startEtcd();
  closing.push(() => running.stop());
  const etcd = etcdAt([running.address]);
  const before = await etcd.look('k');
  expect(before.found).toBeUndefined();
  const { id, seconds } = await etcd.grant(5);
  expect(seconds).toBe(5);
  const put = (value: string, revision: string, target: 'MOD' | 'CREATE' = 'MOD') =>
    etcd.transact({
      conditions: [{ key: 'k', target, revision }],
      what: { kind: 'put', key: 'k', value, lease: id },
      otherwise: 'k',
    });
  const first = await put('ä', '0');
  expect(first).toMatchObject({ succeeded: true, found: undefined });
  const { revision } = first;
  const refused = await put('b', '0');
  expect(refused).toMatchObject({
    ...{ succeeded: false },
    found: { value: 'ä', createRevision: revision, modRevision: revision },
  });
  const second = await put('b', revision);
  expect(second.succeeded).toBe(true);
  expect((await put('c', revision, 'CREATE')).succeeded).toBe(true);
  expect((await etcd.look('k')).found).toMatchObject({ value: 'c', createRevision: revision });
  const gone = { kind: 'delete', key: 'k' } as const;
  const conditions = [{ key: 'k', target: 'CREATE', revision }] as const;
  expect(await etcd.transact({ conditions, what: gone, otherwise: 'k' })).toMatchObject({
    succeeded: true,
  });
  expect((await etcd.look('k')).found).toBeUndefined();
});

test('a lease that nobody renews goes, with its key, and another one has it', async () => {
  const running = await startEtcd();
  closing.push(() => running.stop());
  const log = new CollectingLogger();
  const open = (holder: string): EtcdLease => {
    const lease = new EtcdLease({
      ...{ etcd: etcdAt([running.address]), key: 'weir/lease', ttlMs: 5_000, holder },
      ...{ nonce: holder, clock: realClock, log },
    });
    closing.push(() => lease.close());
    lease.start();
    return lease;
  };
  const first = open('one');
  await waitFor(() => first.standing.kind === 'held', { what: 'the lease to be held' });
  const second = open('two');
  await waitFor(() => second.standing.kind === 'elsewhere', { what: 'the other one to look' });
  expect(second.standing).toEqual({ kind: 'elsewhere', holder: 'one' });
  const choice = { systemIdentifier: '7', timeline: 1, target: 'b:5432' };
  expect(await first.choose(choice)).toEqual({ kind: 'chosen' });
  expect(await second.choose(choice)).toMatchObject({ kind: 'failed' });
  running.freeze();
  await waitFor(() => first.leftMs === 0, { what: 'the lease to end', deadlineMs: 10_000 });
  expect(first.standing).toMatchObject({ kind: 'unknown' });
  running.thaw();
  await waitFor(() => first.leftMs + second.leftMs > 0, { what: 'one to have it again' });
  await first.close();
  await waitFor(() => second.standing.kind === 'held', { what: 'the other one to have it' });
  expect(await second.chosen('7')).toEqual(choice);
});

test('one member that is gone, or does not know, is as good as none: the next one is asked', async () => {
  const gone = await gateway();
  await gone.stop();
  const sick = await gateway();
  sick.accident = (_path, response) => {
    response.writeHead(503).end('{"error":"etcdserver: no leader","code":14}');
    return true;
  };
  const well = await gateway();
  const etcd = etcdAt([gone.address, sick.address, well.address]);
  expect((await etcd.look('k')).found).toBeUndefined();
  await etcd.look('k');
  // It goes on with the one that has answered.
  expect(sick.asked).toHaveLength(1);
  expect(well.asked).toHaveLength(2);
});

test.each<[string, number, string, RegExp]>([
  ['an error of the server', 500, 'oops', /HTTP status 500$/],
  ['no leader', 503, '{"error":"no leader","code":14}', /HTTP status 503 no leader/],
  ['nonsense', 200, 'hello', /no JSON/],
  ['something else', 200, '{"hello":1}', /an answer that etcd does not give/],
  ['no number', 200, '{"header":{"revision":"x"}}', /an answer that etcd does not give/],
  ['two keys', 200, '{"header":{"revision":"1"},"kvs":[{},{}]}', /an answer that etcd/],
  ['too much', 200, 'x'.repeat(300_000), /more than \d+ bytes/],
  ['another place', 302, '', /HTTP status 302/],
])('%s is no answer', async (_what, status, body, reason) => {
  const member = await gateway();
  member.accident = (_path, response) => {
    response.writeHead(status, { Location: 'http://127.0.0.1:1/' }).end(body);
    return true;
  };
  expect(await errorOf(etcdAt([member.address]).look('k'))).toMatch(reason);
});

test('one that says nothing is not waited for', async () => {
  const member = await gateway();
  member.accident = () => true;
  expect(await errorOf(etcdAt([member.address]).look('k'))).toMatch(/no answer in 1000 ms/);
});

describe('with a login', () => {
  test('a token is got once, and anew when it is none any more', async () => {
    const member = await gateway({ login: LOGIN });
    const etcd = etcdAt([member.address], LOGIN);
    await etcd.look('k');
    await etcd.grant(5);
    member.forgetTokens();
    await etcd.look('k');
    expect(member.asked).toEqual([
      ...['v3/auth/authenticate', 'v3/kv/range', 'v3/lease/grant'],
      ...['v3/kv/range', 'v3/auth/authenticate', 'v3/kv/range'],
    ]);
  });

  test('a wrong one is said, without the password', async () => {
    const member = await gateway({ login: LOGIN });
    const wrong = await errorOf(
      etcdAt([member.address], { ...LOGIN, password: 'hunter2' }).look('k'),
    );
    expect(wrong).toMatch(/HTTP status 400 etcdserver: authentication failed/);
    expect(wrong).not.toContain('hunter2');
    expect(await errorOf(etcdAt([member.address]).look('k'))).toMatch(/401 .*invalid auth token/);
  });
});

test('what etcd would not say is not read', () => {
  expect(readAnswer(undefined)).toBeUndefined();
  expect(readAnswer({ header: { revision: 7 } })).toMatchObject({ revision: '7' });
  expect(readAnswer({ header: { revision: '1' }, kvs: [{ value: 'eA==' }] })).toBeUndefined();
  expect(readGrant({ ID: '0', TTL: '5' })).toBeUndefined();
  expect(readGrant({ ID: '5' })).toBeUndefined();
  expect(readGrant({ ID: '5', TTL: '7' })).toEqual({ id: '5', seconds: 7 });
  expect(readToken({ token: '' })).toBeUndefined();
  expect(readRefusal('x')).toEqual({ code: undefined, text: '' });
  expect(readRefusal({ error: `a\n${'x'.repeat(999)}` }).text).toHaveLength(200);
});
