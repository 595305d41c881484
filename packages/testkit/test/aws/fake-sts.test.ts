import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { join } from 'node:path';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import {
  AwsKeys,
  certsDir,
  type FakeSts,
  type FakeStsOptions,
  type SignedRequest,
  startFakeSts,
  waitFor,
} from '@pgweir/testkit';
import { signed, type Unsigned, withEnvironment } from './signer';

const keys = new AwsKeys();
const ann = keys.addUser('team/ann');
const session = keys.addSession({ role: 'team/app', session: 'i-1' });
let sts: FakeSts;

afterEach(() => sts.stop());

async function start(options: Partial<FakeStsOptions> = {}): Promise<void> {
  sts = await startFakeSts({ keys, ...options });
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Sends a request as it is, whatever host it is signed for. @throws when the connection is cut */
async function send(request: SignedRequest, base = sts.url, servername?: string): Promise<Answer> {
  const { method, url: path, headers, body } = request;
  const ca = readFileSync(join(certsDir(), 'ca.crt'));
  const options = { method, path, headers: headers.flat(), port: new URL(base).port };
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const sending = base.startsWith('https:')
      ? secureRequest({ ...options, host: '127.0.0.1', ca, ...(servername ? { servername } : {}) })
      : plainRequest({ ...options, host: '127.0.0.1', agent: false });
    sending.on('response', resolve).on('error', reject).end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return { status: message.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

const HOST = { host: 'sts.us-east-1.amazonaws.com' };
const IDENTITY = { Action: 'GetCallerIdentity', Version: '2011-06-15' };
const URL_FORM: Unsigned = { query: IDENTITY, headers: HOST };
const POST_FORM: Unsigned = {
  method: 'POST',
  headers: { ...HOST, 'content-type': 'application/x-www-form-urlencoded' },
  body: `${new URLSearchParams(IDENTITY)}`,
};

test('GetCallerIdentity names who signed, in each form', async () => {
  await start();
  for (const key of [ann, session]) {
    for (const request of [
      await signed('presigned', URL_FORM, key),
      await signed('header', POST_FORM, key),
    ]) {
      const { status, body } = await send(request);
      expect(status).toBe(200);
      expect(body).toContain(`<Arn>${key.arn}</Arn>`);
      expect(body).toContain(`<UserId>${key.userId}</UserId>`);
      expect(body).toContain(`<Account>${key.account}</Account>`);
    }
  }
  expect(session.arn).toBe('arn:aws:sts::123456789012:assumed-role/app/i-1');
  expect(sts.endpoint.requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET', 'POST']);
});

test('a wrong signature, an unknown key and none at all are refused', async () => {
  await start();
  const liar = { ...ann, secretAccessKey: session.secretAccessKey };
  const bad: readonly [SignedRequest, number, string][] = [
    [await signed('presigned', URL_FORM, liar), 403, 'SignatureDoesNotMatch'],
    [await signed('header', POST_FORM, liar), 403, 'SignatureDoesNotMatch'],
    [await signed('presigned', URL_FORM, new AwsKeys().addUser('x')), 403, 'InvalidClientTokenId'],
    [await signed('presigned', URL_FORM, ann, { region: 'eu-west-1' }), 403, 'Signature'],
    [{ ...(await signed('header', POST_FORM, ann)), body: 'Action=X' }, 403, 'Signature'],
    [
      { method: 'GET', url: '/?Action=x', headers: [['host', 'x']], body: '' },
      403,
      'MissingAuthentication',
    ],
    [await signed('presigned', { ...URL_FORM, query: {} }, ann), 400, 'InvalidAction'],
    [await signed('presigned', { ...URL_FORM, path: '/x' }, ann), 404, 'UnknownOperation'],
  ];
  for (const [request, status, code] of bad) {
    const answer = await send(request);
    expect(answer).toEqual({ status, body: expect.stringContaining(`<Code>${code}`) });
  }
});

test('a URL is good for 15 minutes, whatever X-Amz-Expires says', async () => {
  let aheadMs = 0;
  await start({ wallMs: () => Date.now() + aheadMs });
  const short = await signed('presigned', URL_FORM, ann, { expiresS: 1 });
  const long = await signed('presigned', URL_FORM, ann, { expiresS: 604_800 });
  aheadMs = 14 * 60_000;
  expect((await send(short)).status).toBe(200);
  aheadMs = 16 * 60_000;
  const { status, body } = await send(long);
  expect(status).toBe(403);
  expect(body).toContain('<Code>SignatureDoesNotMatch</Code>');
  expect(body).toContain('Signature expired');
});

test("the SDK's AssumeRole gets credentials that are good", async () => {
  await start();
  const RoleArn = sts.addRole({ name: 'team/db', trusts: [ann.arn], externalId: 'out' });
  const assume = (as: typeof ann, ExternalId?: string) =>
    withEnvironment(as, { AWS_ENDPOINT_URL_STS: sts.url }, () =>
      fromTemporaryCredentials({
        params: { RoleArn, RoleSessionName: 's-1', ...(ExternalId ? { ExternalId } : {}) },
      })(),
    );
  const got = await assume(ann, 'out');
  expect(got.expiration?.getTime()).toBeGreaterThan(Date.now() + 3_500_000);
  const key = { ...session, ...got };
  const { body } = await send(await signed('presigned', URL_FORM, key));
  expect(body).toContain('<Arn>arn:aws:sts::123456789012:assumed-role/db/s-1</Arn>');
  await expect(assume(ann)).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(assume(keys.addUser('bob'), 'out')).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('TLS has a certificate for the name that clients ask for', async () => {
  await start({ tls: { names: [HOST.host] } });
  const request = await signed('presigned', URL_FORM, ann);
  expect((await send(request, sts.url, HOST.host)).status).toBe(200);
  await expect(send(request, sts.url, 'elsewhere.example')).rejects.toThrow('altnames');
});

test('accidents happen for as long as they are wanted', async () => {
  await start();
  const request = await signed('presigned', URL_FORM, ann);
  const { endpoint } = sts;
  endpoint.setAccident({ kind: 'throttle' }, 1);
  expect(await send(request)).toMatchObject({
    ...{ status: 400, body: expect.stringContaining('<Code>Throttling</Code>') },
  });
  endpoint.setAccident({ kind: 'unavailable' }, 1);
  expect((await send(request)).status).toBe(503);
  endpoint.setAccident({ kind: 'redirect', to: 'http://127.0.0.1:9/' }, 1);
  expect((await send(request)).status).toBe(302);
  endpoint.setAccident({ kind: 'reset' }, 1);
  await expect(send(request)).rejects.toMatchObject({ code: 'ECONNRESET' });
  endpoint.setAccident({ kind: 'garbage' }, 1);
  expect((await send(request)).body).not.toContain('Arn');
  endpoint.setAccident({ kind: 'delay', ms: 50 }, 1);
  expect((await send(request)).body).toContain(ann.arn);
  expect((await send(request)).body).toContain(ann.arn);
  expect(endpoint.requests).toHaveLength(7);
});

test('stopping ends what hangs and what does not end', async () => {
  await start();
  const request = await signed('presigned', URL_FORM, ann);
  for (const kind of ['hang', 'endless'] as const) {
    sts.endpoint.setAccident({ kind });
    const before = sts.endpoint.requests.length;
    const ended = expect(send(request)).rejects.toThrow();
    await waitFor(() => sts.endpoint.requests.length > before, { what: 'the request' });
    await sts.stop();
    await ended;
    await sts.endpoint.start();
  }
});
