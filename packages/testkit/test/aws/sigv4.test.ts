import { AwsKeys, type SignedRequest, type SigV4Rules, verifySigV4 } from '@pgweir/testkit';
import fc from 'fast-check';
import { type SignOptions, signed, type Unsigned } from './signer';

const keys = new AwsKeys();
const user = keys.addUser('ann');
const session = keys.addSession({ role: 'app', expiresAtMs: Date.UTC(2040, 0) });
const AT = new Date('2030-03-04T05:06:07Z');

function judge(request: SignedRequest, rules: Partial<SigV4Rules> = {}): string {
  const verdict = verifySigV4(request, {
    ...{ keys, service: 'sts', region: 'us-east-1', nowMs: AT.getTime(), ...rules },
  });
  return verdict.kind === 'signed' ? verdict.by.arn : verdict.code;
}

const FORMS = ['header', 'presigned'] as const;
const HOST = { host: 'sts.us-east-1.amazonaws.com' };

const text = fc.string({ unit: 'binary', maxLength: 12 });
const unsigned: fc.Arbitrary<Unsigned> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  path: fc
    .array(fc.oneof(text.map(encodeURIComponent), fc.constantFrom('', '.', '..', 'a')))
    .map((parts) => `/${parts.join('/')}`),
  query: fc.dictionary(
    text.filter((name) => name !== '' && !/^x-amz-|^__proto__$/i.test(name)),
    fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
    { maxKeys: 4, noNullPrototype: true },
  ),
  headers: fc
    .dictionary(
      fc.stringMatching(/^[Tt]-[a-zA-Z0-9]{1,5}$/),
      fc.stringMatching(/^[ -~\t]{0,20}$/),
      { maxKeys: 3, noNullPrototype: true },
    )
    // Names that differ in nothing but case are one header in a signer that keeps them in an object.
    .map((some) => ({
      ...Object.fromEntries(Object.entries(some).map(([k, v]) => [k.toLowerCase(), v])),
      ...HOST,
    })),
  body: fc.string({ maxLength: 30 }),
});

test.each(FORMS)("what the SDK's signer signs is signed: %s", async (form) => {
  await fc.assert(
    fc.asyncProperty(unsigned, fc.constantFrom(user, session), async (request, key) => {
      expect(judge(await signed(form, request, key, { at: AT }))).toBe(key.arn);
    }),
    { numRuns: 150 },
  );
});

const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const REQUEST: Unsigned = {
  ...{ method: 'POST', path: '/some/path', query: { Action: 'GetCallerIdentity', b: '1 2/3' } },
  ...{ headers: { ...HOST, 'x-pgweir-server-id': 'pooler.example' }, body: 'Version=2011' },
};

/** All places of a request in which a byte matters; names of headers come in any case. */
function places(request: SignedRequest): readonly string[] {
  return [request.method, request.url, `${request.body}`, ...request.headers.map(([, v]) => v)];
}

function withPlace(request: SignedRequest, index: number, value: string): SignedRequest {
  const [method = '', url = '', body = '', ...values] = places(request).with(index, value);
  const headers = request.headers.map(([name], i) => [name, values[i] ?? ''] as const);
  return { method, url, body, headers };
}

test.each(FORMS)('no byte can be changed: %s', async (form) => {
  for (const key of [user, session]) {
    const good = await signed(form, REQUEST, key, { at: AT });
    expect(judge(good)).toBe(key.arn);
    const all = places(good).flatMap((place, index) =>
      [...place].flatMap((char, at) => (ALNUM.includes(char) ? [{ index, at }] : [])),
    );
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.constantFrom(...ALNUM), ({ index, at }, char) => {
        const place = places(good)[index] ?? '';
        const changed = place.slice(0, at) + char + place.slice(at + 1);
        // Escapes may be written in either case.
        fc.pre(unescaped(changed) !== unescaped(place));
        expect(judge(withPlace(good, index, changed))).not.toBe(key.arn);
      }),
      { numRuns: 500 },
    );
  }
});

function unescaped(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, (part) => part.toUpperCase());
}

test.each<[string, SignOptions, Partial<SigV4Rules>, string]>([
  ['another service', { service: 'rds-db' }, {}, 'SignatureDoesNotMatch'],
  ['another region', { region: 'eu-west-1' }, {}, 'SignatureDoesNotMatch'],
  ['a minute of skew', { at: new Date(AT.getTime() + 240_000) }, {}, 'ok'],
  ['a request from the future', { at: new Date(AT.getTime() + 301_000) }, {}, 'RequestExpired'],
  ['an old request', { at: new Date(AT.getTime() - 301_000) }, {}, 'RequestExpired'],
  ['a key that has expired', {}, { nowMs: Date.UTC(2040, 0) }, 'ExpiredToken'],
  ['a key that nobody knows', {}, { keys: new AwsKeys() }, 'InvalidClientTokenId'],
])('%s', async (_, options, rules, expected) => {
  for (const form of FORMS) {
    const request = await signed(form, REQUEST, session, { at: AT, ...options });
    expect(judge(request, rules)).toBe(expected === 'ok' ? session.arn : expected);
  }
});

test('a URL is good for as long as it says, or as the service says', async () => {
  const request = await signed('presigned', REQUEST, user, { at: AT, expiresS: 3600 });
  const after = (seconds: number): Partial<SigV4Rules> => ({
    nowMs: AT.getTime() + seconds * 1000,
  });
  expect(judge(request, after(3600))).toBe(user.arn);
  expect(judge(request, after(3601))).toBe('RequestExpired');
  expect(judge(request, { ...after(900), presignedLifeMs: 900_000 })).toBe(user.arn);
  expect(judge(request, { ...after(901), presignedLifeMs: 900_000 })).toBe('RequestExpired');
});

test('a session token that is missing, of another session or not needed is refused', async () => {
  const other = keys.addSession({ role: 'app' });
  const bad = [
    { ...session, sessionToken: other.sessionToken },
    { ...user, sessionToken: other.sessionToken },
    Object.fromEntries(Object.entries(session).filter(([name]) => name !== 'sessionToken')),
  ];
  for (const form of FORMS) {
    for (const key of bad) {
      const request = await signed(form, REQUEST, { ...user, ...key }, { at: AT });
      expect(judge(request)).toBe('InvalidClientTokenId');
    }
  }
});

test('a header of AWS that is not signed, or a signed one that is gone, is refused', async () => {
  const request = await signed('header', REQUEST, user, { at: AT });
  const added = [...request.headers, ['x-amz-more', 'x'] as const];
  expect(judge({ ...request, headers: added })).toBe('SignatureDoesNotMatch');
  const less = request.headers.filter(([name]) => name !== 'x-pgweir-server-id');
  expect(judge({ ...request, headers: less })).toBe('SignatureDoesNotMatch');
});

test('a request without a signature, with two, or with half of one is told so', async () => {
  const inHeader = await signed('header', REQUEST, user, { at: AT });
  const inQuery = await signed('presigned', REQUEST, user, { at: AT });
  const plain = inHeader.headers.filter(([name]) => name !== 'authorization');
  expect(judge({ ...inHeader, headers: plain })).toBe('MissingAuthenticationToken');
  expect(judge({ ...inQuery, headers: inHeader.headers })).toBe('IncompleteSignature');
  const half = inQuery.url.replace(/&X-Amz-Date=[^&]*/, '');
  expect(judge({ ...inQuery, url: half })).toBe('IncompleteSignature');
  const twice = `${inQuery.url}&X-Amz-Expires=60`;
  expect(judge({ ...inQuery, url: twice })).toBe('IncompleteSignature');
  expect(judge({ ...inQuery, url: `${inQuery.url}&a=%zz` })).toBe('IncompleteSignature');
});
