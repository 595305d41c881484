import fc from 'fast-check';
import {
  AHEAD_MS_MAX,
  isIdentityToken,
  type ReadToken,
  readToken,
} from '../../src/identity/read-token';
import { HOST, KEYS, RULES, SIGNED_AT, signed, tokenOf, urlOf } from './tokens';

const SIGNED_MS = SIGNED_AT.getTime();

function read(token: string, wallMs = SIGNED_MS, rules = RULES): ReadToken {
  return readToken(token, rules, wallMs);
}

/** Why a token is refused; `ok`: it is not. */
function why(token: string, wallMs = SIGNED_MS, rules = RULES): string {
  const result = read(token, wallMs, rules);
  return result.kind === 'ok' ? 'ok' : result.why;
}

/** A good token, with its URL changed. */
async function changed(change: (url: string) => string): Promise<string> {
  const url = urlOf(await signed());
  const other = change(url);
  expect(other).not.toBe(url);
  return tokenOf(other);
}

test('a token becomes a request to the regional endpoint, with the name that it is for', async () => {
  const token = await signed({ expiresS: 60 });
  expect(isIdentityToken(token)).toBe(true);
  const result = read(token);
  expect(result).toEqual({
    kind: 'ok',
    request: {
      ...{ host: 'sts.us-east-1.amazonaws.com', serverName: HOST },
      ...{ expiresAtMs: SIGNED_MS + 60_000, path: expect.any(String) },
    },
  });
});

test('the request has what the token has, put together anew', async () => {
  const credentials = { ...KEYS, sessionToken: 'a/b+c==' };
  const url = new URL(urlOf(await signed({ credentials })));
  const shuffled = [...url.searchParams].reverse();
  const query = shuffled.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&');
  const result = read(tokenOf(`https://${url.host}/?${query}#${HOST}`));
  if (result.kind !== 'ok') throw new Error(result.why);
  const rebuilt = new URL(result.request.path, 'https://x');
  expect(rebuilt.pathname).toBe('/');
  expect(Object.fromEntries(rebuilt.searchParams)).toEqual(Object.fromEntries(url.searchParams));
  expect(result.request.path).toContain('X-Amz-Security-Token=a%2Fb%2Bc%3D%3D');
});

test('China has another domain', async () => {
  const rules = { ...RULES, regions: ['cn-north-1'] };
  const token = await signed({ region: 'cn-north-1' });
  expect(read(token, SIGNED_MS, rules)).toMatchObject({
    request: { host: 'sts.cn-north-1.amazonaws.com.cn' },
  });
  const elsewhere = tokenOf(urlOf(token).replace('.com.cn', '.com'));
  expect(why(elsewhere, SIGNED_MS, rules)).toMatch(/is no endpoint of STS/);
});

test.each([
  ['http', (url: string) => url.replace('https:', 'http:'), /holds no URL/],
  ['a port', (url: string) => url.replace('.com/', '.com:8443/'), /holds no URL/],
  ['a user', (url: string) => url.replace('https://', 'https://me@'), /holds no URL/],
  ['a path', (url: string) => url.replace('/?', '/x?'), /holds no URL/],
  ['no path', (url: string) => url.replace('/?', '?'), /holds no URL/],
  ['a backslash', (url: string) => url.replace('.com/?', '.com\\@evil.org/?'), /holds no URL/],
  ['another host', (url: string) => url.replace('sts.', 'evil.'), /"evil.us-east-1/],
  ['a longer host', (url: string) => url.replace('.com/', '.com.evil.org/'), /no endpoint of STS/],
  ['a dot behind it', (url: string) => url.replace('.com/', '.com./'), /no endpoint of STS/],
  ['an address', (url: string) => url.replace(/sts\.[^/]+/, '127.0.0.1'), /"127.0.0.1" is no/],
  ['the global endpoint', (url: string) => url.replace('us-east-1.', ''), /no endpoint of STS/],
  ['a region not asked', (url: string) => url.replace('us-east-1.', 'us-west-2.'), /no endpoint/],
  ['capitals', (url: string) => url.replace('sts.', 'STS.'), /holds no URL/],
  ['no name', (url: string) => url.replace(/#.*/, ''), /holds no URL/],
  ['an empty name', (url: string) => url.replace(/#.*/, '#'), /holds no URL/],
  ['another name', (url: string) => url.replace(/#.*/, '#evil.org'), /"evil.org", which is not/],
  ['two fragments', (url: string) => url.replace('#', '#a#'), /is for another name, which/],
  [
    'a name in capitals',
    (url: string) => url.replace('#p', '#P'),
    /which is not in iam_server_name/,
  ],
  ['a line end', (url: string) => url.replace('#', '\r\nx: y#'), /holds no URL/],
  ['a NUL', (url: string) => url.replace('#', '\0#'), /holds no URL/],
  ['another letter', (url: string) => url.replace('Get', 'G\u00e9t'), /holds no URL/],
])('a URL with %s is refused', async (_, change, expected) => {
  expect(why(await changed(change))).toMatch(expected);
});

const REGION = 'us-east-1';
test.each([
  [
    'another action',
    'Action=GetCallerIdentity',
    'Action=AssumeRole',
    'Action is not GetCallerIdentity',
  ],
  ['no action', 'Action=GetCallerIdentity&', '', 'Action is missing'],
  ['an action in small letters', 'Action=', 'action=', '"action" is no parameter that is allowed'],
  ['two actions', 'Action=', 'Action=GetCallerIdentity&Action=', 'Action is there twice'],
  ['another action behind', '#', '&action=AssumeRole#', '"action" is no parameter that is allowed'],
  ['an escaped name', 'Action=', 'Actio%6E=', 'something is no parameter that is allowed'],
  [
    'a header of another service',
    '#',
    '&X-Amz-Content-Sha256=x#',
    '"X-Amz-Content-Sha256" is no parameter that is allowed',
  ],
  ['another parameter', '#', '&RoleArn=x#', 'something is no parameter that is allowed'],
  ['an empty parameter', '#', '&#', 'something is no parameter that is allowed'],
  ['a name alone', '#', '&Version#', 'Version is there twice'],
  ['another version', '2011-06-15', '2011-06-16', 'Version is malformed'],
  ['another algorithm', 'AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1', 'X-Amz-Algorithm is malformed'],
  ['another service', '%2Fsts%2F', '%2Fs3%2F', 'X-Amz-Credential is not for STS'],
  ['a scope too long', 'aws4_request', 'aws4_request%2Fx', 'X-Amz-Credential is not for STS'],
  ['a bad key id', 'AKIDEXAMPLE', 'AKID-EXAMPLE', 'X-Amz-Credential is not for STS'],
  [
    'a scope of another region',
    `%2F${REGION}%2F`,
    '%2Feu-central-1%2F',
    'the token is signed for eu-central-1, and wants STS of us-east-1',
  ],
  [
    'the endpoint of another region',
    `sts.${REGION}.`,
    'sts.eu-central-1.',
    'the token is signed for us-east-1, and wants STS of eu-central-1',
  ],
  [
    'a scope of another day',
    '%2F20260131%2F',
    '%2F20260130%2F',
    'X-Amz-Credential and X-Amz-Date are of different days',
  ],
  ['no date', /X-Amz-Date=\w+&/, '', 'X-Amz-Date is missing'],
  ['a day that is none', 'Date=20260131', 'Date=20260132', 'X-Amz-Date is no time'],
  ['an hour that is none', 'T235930Z', 'T245930Z', 'X-Amz-Date is no time'],
  ['a date of another form', 'T235930Z', 'T2359Z', 'X-Amz-Date is malformed'],
  ['no life', /X-Amz-Expires=\d+&/, '', 'X-Amz-Expires is missing'],
  ['a life of nothing', 'Expires=900', 'Expires=0', 'X-Amz-Expires is malformed'],
  ['a life below nothing', 'Expires=900', 'Expires=-1', 'X-Amz-Expires is malformed'],
  [
    'too few signed headers',
    '%3Bx-pgweir-server-id',
    '',
    'X-Amz-SignedHeaders is not host;x-pgweir-server-id',
  ],
  [
    'more signed headers',
    'host%3B',
    'cookie%3Bhost%3B',
    'X-Amz-SignedHeaders is not host;x-pgweir-server-id',
  ],
  ['no signature', /&X-Amz-Signature=\w+/, '', 'X-Amz-Signature is missing'],
  ['a short signature', /(X-Amz-Signature=\w{63})\w/, '$1', 'X-Amz-Signature is malformed'],
  [
    'an empty token',
    '#',
    '&X-Amz-Security-Token=#',
    'X-Amz-Security-Token is not escaped as it should be',
  ],
  [
    'a plus',
    '#',
    '&X-Amz-Security-Token=a+b#',
    'X-Amz-Security-Token is not escaped as it should be',
  ],
  [
    'half an escape',
    '#',
    '&X-Amz-Security-Token=a%2#',
    'X-Amz-Security-Token is not escaped as it should be',
  ],
  [
    'an escaped NUL',
    '#',
    '&X-Amz-Security-Token=a%00#',
    'X-Amz-Security-Token is not escaped as it should be',
  ],
  [
    'an escaped line end',
    '#',
    '&X-Amz-Security-Token=a%0D%0A#',
    'X-Amz-Security-Token is not escaped as it should be',
  ],
  [
    'an escaped &',
    '#',
    '&X-Amz-Security-Token=a%26Action%3DB#',
    'X-Amz-Security-Token is malformed',
  ],
])('a query with %s is refused', async (_, from, to, expected) => {
  expect(why(await changed((url) => url.replace(from, to)))).toBe(expected);
});

test('100 KB are refused before anything is decoded, and so is what is no base64url', async () => {
  const decode = jest.spyOn(Buffer, 'from');
  expect(why(`pgweir-iam-v1.${'A'.repeat(100_000)}`)).toBe(
    'the token has more than 16384 characters',
  );
  for (const text of ['', 'a b', 'a+b', 'a/b', 'a.b', '===', '\u00e9']) {
    expect(why(`pgweir-iam-v1.${text}`)).toBe('the token is not base64url');
  }
  expect(decode).not.toHaveBeenCalled();
  decode.mockRestore();
  const token = await signed();
  expect(why(`${token}==`)).toBe('ok');
  expect(why(token.slice('pgweir-iam-v1.'.length))).toBe('the token is not base64url');
});

test('the life begins with X-Amz-Date, and lasts as long as asked, 15 minutes at most', async () => {
  const short = await signed({ expiresS: 60 });
  expect(why(short, SIGNED_MS + 59_999)).toBe('ok');
  expect(why(short, SIGNED_MS + 60_000)).toBe('the token has expired 0 s ago by our clock');
  const long = tokenOf(urlOf(short).replace('Expires=60', 'Expires=604800'));
  expect(read(long)).toMatchObject({ request: { expiresAtMs: SIGNED_MS + 900_000 } });
  expect(why(long, SIGNED_MS + 900_000 + 12_000)).toBe(
    'the token has expired 12 s ago by our clock',
  );
});

test("a client's clock may be ahead by as much as AWS allows", async () => {
  const token = await signed();
  expect(why(token, SIGNED_MS - AHEAD_MS_MAX)).toBe('ok');
  expect(why(token, SIGNED_MS - AHEAD_MS_MAX - 1)).toBe(
    'the token is not yet valid: it is dated 300 s ahead of our clock',
  );
});

test('no reason shows the signature or the session token', async () => {
  const credentials = { ...KEYS, sessionToken: 'S3cretSessionToken' };
  const url = urlOf(await signed({ credentials }));
  const signature = /Signature=(\w+)/.exec(url)?.[1] ?? '';
  fc.assert(
    fc.property(fc.nat(url.length - 1), fc.constantFrom('', '&', '=', '%', '#', 'x'), (at, by) => {
      const reason = why(tokenOf(url.slice(0, at) + by + url.slice(at + 1)));
      expect(reason).not.toContain('S3cretSessionToken');
      expect(reason).not.toContain(signature.slice(2, -2));
    }),
    { numRuns: 1000 },
  );
});

test('whatever comes, only the endpoints of the rules are ever asked, for one action', async () => {
  const url = urlOf(await signed());
  const piece = fc.oneof(
    fc.constantFrom('&Action=X', 'https://', 'evil.org', '#', '?', '&', '%26', '%', '@', '/', HOST),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(url.length), piece), { maxLength: 3 }), (changes) => {
      let text = url;
      for (const [at, what] of changes) text = text.slice(0, at) + what + text.slice(at);
      const result = read(tokenOf(text));
      if (result.kind === 'refused') return;
      expect(result.request.host).toBe('sts.us-east-1.amazonaws.com');
      expect(result.request.serverName).toBe(HOST);
      expect(result.request.path).toMatch(/^\/\?Action=GetCallerIdentity&Version=[\w%.&=-]+$/);
    }),
  );
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void read(tokenOf(text))));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => void read(`pgweir-iam-v1.${text}`)),
  );
});
