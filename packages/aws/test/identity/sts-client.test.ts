import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '@pgweir/pooler';
import { AwsKeys, type FakeSts, freePort, HandClock, startFakeSts, waitFor } from '@pgweir/testkit';
import { readToken, type StsRequest } from '../../src/identity/read-token';
import { StsClient } from '../../src/identity/sts-client';
import { HOST, RULES, signed } from './tokens';

const keys = new AwsKeys();
const ann = keys.addUser('ann');
const NEVER = new AbortController().signal;
/** On the wall it is now; nothing takes time unless a test moves it. */
class Clocks extends HandClock implements Clock {
  override wallMs(): number {
    return Date.now();
  }
}

let sts: FakeSts;
let clock: Clocks;
let client: StsClient;

beforeEach(async () => {
  sts = await startFakeSts({ keys });
  clock = new Clocks();
  client = new StsClient({ clock, endpoint: sts.url });
});

afterEach(async () => {
  client.close();
  await sts.stop();
});

async function request(credentials = ann): Promise<StsRequest> {
  const read = readToken(await signed({ credentials, at: new Date() }), RULES, Date.now());
  if (read.kind === 'refused') throw new Error(read.why);
  return read.request;
}

test('STS says who has signed, over one connection that is kept', async () => {
  for (let i = 0; i < 3; i++) {
    expect(await client.ask(await request(), NEVER)).toMatchObject({
      ...{ kind: 'identity', identity: { arn: ann.arn, account: '123456789012' } },
    });
  }
  expect(sts.endpoint.connections).toBe(1);
  const [first] = sts.endpoint.requests;
  const headers = new Map(first?.headers.map(([name, value]) => [name.toLowerCase(), value]));
  expect(headers.get('host')).toBe('sts.us-east-1.amazonaws.com');
  expect(headers.get('x-pgweir-server-id')).toBe(HOST);
  expect(clock.pending).toBe(0);
});

test('a wrong signature is refused', async () => {
  const credentials = { ...ann, secretAccessKey: 'guessed' };
  expect(await client.ask(await request(credentials), NEVER)).toEqual({
    ...{ kind: 'refused', why: 'STS: SignatureDoesNotMatch (403)' },
  });
});

test('a redirect is not followed', async () => {
  let hits = 0;
  const elsewhere = createServer((_, response) => {
    hits++;
    response.end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const { port } = elsewhere.address() as AddressInfo;
  sts.endpoint.setAccident({ kind: 'redirect', to: `http://127.0.0.1:${port}/` });
  expect(await client.ask(await request(), NEVER)).toEqual({
    ...{ kind: 'unavailable', why: 'STS redirects (302), which is not followed' },
  });
  elsewhere.close();
  expect(hits).toBe(0);
});

test.each([
  ['throttle', 'STS: Throttling (400)'],
  ['unavailable', 'STS: ServiceUnavailable (503)'],
  ['garbage', 'the answer of STS is not understood'],
  ['endless', 'the answer of STS is too long'],
] as const)('%s is no judgement', async (kind, why) => {
  sts.endpoint.setAccident({ kind });
  expect(await client.ask(await request(), NEVER)).toEqual({ kind: 'unavailable', why });
  sts.endpoint.setAccident(undefined);
  expect(await client.ask(await request(), NEVER)).toMatchObject({ kind: 'identity' });
});

test('a connection that breaks is made up for once', async () => {
  sts.endpoint.setAccident({ kind: 'reset' }, 1);
  expect(await client.ask(await request(), NEVER)).toMatchObject({ kind: 'identity' });
  sts.endpoint.setAccident({ kind: 'reset' });
  const before = sts.endpoint.requests.length;
  expect(await client.ask(await request(), NEVER)).toMatchObject({ kind: 'unavailable' });
  expect(sts.endpoint.requests.length - before).toBe(2);
});

test('kept connections that STS has closed, however many, cost no question its answer', async () => {
  const used = new WeakSet<Socket>();
  const server = createServer((incoming, response) => {
    // As a server that has given it up while the request was on its way.
    if (used.has(incoming.socket)) return void incoming.socket.destroy();
    used.add(incoming.socket);
    response.end(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">' +
        `<GetCallerIdentityResult><Arn>${ann.arn}</Arn><UserId>${ann.userId}</UserId>` +
        `<Account>${ann.account}</Account></GetCallerIdentityResult>` +
        '<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const other = new StsClient({ clock, endpoint: `http://127.0.0.1:${port}` });
  try {
    const ask = async (): Promise<string> => (await other.ask(await request(), NEVER)).kind;
    const together = await Promise.all([ask(), ask(), ask(), ask()]);
    expect(new Set([...together, await ask(), await ask()])).toEqual(new Set(['identity']));
  } finally {
    other.close();
    server.close();
  }
});

test('what does not answer is waited for no longer than 5 s', async () => {
  sts.endpoint.setAccident({ kind: 'hang' });
  const answer = client.ask(await request(), NEVER);
  await waitFor(async () => sts.endpoint.requests.length === 1, { what: 'STS to be asked' });
  clock.advance(5000);
  const why = 'STS has not answered within 5000 ms';
  expect(await answer).toEqual({ kind: 'unavailable', why });
});

test('who gives up leaves nothing behind', async () => {
  sts.endpoint.setAccident({ kind: 'hang' });
  const given = new AbortController();
  const answer = client.ask(await request(), given.signal);
  await waitFor(async () => sts.endpoint.requests.length === 1, { what: 'STS to be asked' });
  given.abort();
  expect(await answer).toMatchObject({ kind: 'unavailable' });
  expect(clock.pending).toBe(0);
});

test('nobody there is said at once, and nothing of the request', async () => {
  const dead = new StsClient({ clock, endpoint: `http://127.0.0.1:${await freePort()}` });
  expect(await dead.ask(await request(), NEVER)).toEqual({
    ...{ kind: 'unavailable', why: 'STS cannot be asked: ECONNREFUSED' },
  });
});

test('a certificate of an authority that is not trusted is refused before anything is sent', async () => {
  const secure = await startFakeSts({ keys, tls: {} });
  const wary = new StsClient({ clock, endpoint: secure.url });
  expect(await wary.ask(await request(), NEVER)).toMatchObject({
    kind: 'unavailable',
    why: expect.stringMatching(/^STS cannot be asked: .*(CERT|SIGNATURE|ISSUER)/),
  });
  expect(secure.endpoint.requests).toEqual([]);
  await secure.stop();
});

test('an environment that trusts every certificate does not make anybody STS', async () => {
  const secure = await startFakeSts({ keys, tls: {} });
  // An environment of its own: that of a test is not what the runtime looks at.
  const script = `
    const { StsClient } = require('./packages/aws/dist');
    const clock = { nowMs: () => 0, after: () => () => undefined };
    const client = new StsClient({ clock, endpoint: process.argv[1] });
    const asked = client.ask(JSON.parse(process.argv[2]), new AbortController().signal);
    asked.then((answer) => console.log(JSON.stringify(answer)) ?? client.close());
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-e', script, secure.url, JSON.stringify(await request())],
    {
      cwd: join(__dirname, '../../../..'),
      env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      timeout: 20_000,
    },
  );
  expect(JSON.parse(stdout)).toMatchObject({
    kind: 'unavailable',
    why: expect.stringMatching(/^STS cannot be asked: .*(CERT|SIGNATURE|ISSUER)/),
  });
  expect(secure.endpoint.requests).toEqual([]);
  await secure.stop();
});

test.each([
  'http://sts.example.org',
  'http://127.0.0.1.evil.org',
  'ftp://127.0.0.1',
  'https://user:password@host',
  'https://host/path',
  'https://host/?query',
  'sts.example.org',
])('%s is no endpoint', (endpoint) => {
  expect(() => new StsClient({ clock, endpoint })).toThrow(/^AWS_ENDPOINT_URL_STS is not https/);
});
