import { Signer } from '@aws-sdk/rds-signer';
import fc from 'fast-check';
import { looksLikeRdsToken, readRdsToken } from '../../src/rds-token/given-token';
import { rdsRegionOf } from '../../src/rds-token/rds-region';

const HOST = 'db.abc.eu-central-1.rds.amazonaws.com';

function signed(username = 'app user/ü', hostname = HOST): Promise<string> {
  const credentials = {
    ...{ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    sessionToken: 'a/b+c==',
  };
  return new Signer({
    ...{ hostname, port: 5432, username, region: 'eu-central-1', credentials },
  }).getAuthToken();
}

function whyNot(text: string): string {
  const read = readRdsToken(text);
  return read.kind === 'bad' ? read.why : 'good';
}

test("the library's own tokens are read", async () => {
  const beforeMs = Math.floor(Date.now() / 1000) * 1000;
  const token = await signed();
  expect(looksLikeRdsToken(token)).toBe(true);
  const read = readRdsToken(token);
  if (read.kind === 'bad') throw new Error(read.why);
  const { signedAtMs, ...rest } = read.token;
  expect(rest).toEqual({ host: HOST, port: 5432, user: 'app user/ü', lifeMs: 900_000 });
  expect(signedAtMs).toBeGreaterThanOrEqual(beforeMs);
  expect(signedAtMs).toBeLessThanOrEqual(Date.now());
});

test('names of hosts are compared without regard to case', async () => {
  const read = readRdsToken((await signed()).replace(HOST, HOST.toUpperCase()));
  expect(read).toMatchObject({ kind: 'token', token: { host: HOST } });
});

test.each<[string, (token: string) => string, string]>([
  ['too long', (token) => `${token}&x=${'y'.repeat(100_000)}`, 'longer than 8192 bytes'],
  ['of no host', (token) => token.slice(HOST.length), 'not of the form'],
  ['a URL', (token) => `https://${token}`, 'not of the form'],
  ['port 0', (token) => token.replace(':5432', ':0'), 'not of the form'],
  ['port 70000', (token) => token.replace(':5432', ':70000'), 'not of the form'],
  ['of another path', (token) => token.replace('/?', '/x?'), 'not of the form'],
  ['of another action', (token) => token.replace('=connect', '=GetCallerIdentity'), 'action'],
  ['of another service', (token) => token.replace('rds-db', 'sts'), 'x-amz-credential'],
  ['of another algorithm', (token) => token.replace('SHA256', 'SHA1'), 'x-amz-algorithm'],
  ['of no user', (token) => token.replace(/&DBUser=[^&]*/, ''), 'no dbuser'],
  ['of an empty user', (token) => token.replace(/&DBUser=[^&]*/, '&DBUser='), 'dbuser'],
  ['unsigned', (token) => token.replace(/&X-Amz-Signature=[^&]*/, ''), 'no x-amz-signature'],
  ['with a short signature', (token) => token.replace(/(Signature=).{4}/, '$1'), 'x-amz-signature'],
  ['with a user twice', (token) => `${token}&dbuser=root`, 'there twice'],
  ['with other signed headers', (token) => `${token}%3Bx-other`, 'x-amz-signedheaders'],
  ['with a broken escape', (token) => `${token}&a=%zz`, 'cannot be read'],
  ['with a name of odd letters', (token) => `${token}&a%20b=1`, 'cannot be read'],
  ['with many parameters', (token) => `${token}${'&a=1'.repeat(20)}`, 'more than 16'],
  ['for a day', (token) => token.replace('=900', '=86400'), 'x-amz-expires'],
  ['for 901 seconds', (token) => token.replace('=900', '=901'), 'is not 1 to 900'],
  ['for no time', (token) => token.replace('=900', '=0'), 'is not 1 to 900'],
  ['of a 31st of June', (token) => token.replace(/20\d{6}/g, '20250631'), 'is no date'],
  ['scoped to another day', (token) => token.replace(/%2F20\d{6}/, '%2F20200101'), 'another day'],
])('a token %s is refused', async (_, change, why) => {
  const token = await signed();
  expect(whyNot(token)).toBe('good');
  expect(whyNot(change(token))).toContain(why);
});

test('nothing of a token is in a refusal, and no text whatever is too much for it', async () => {
  const token = await signed();
  const cut = fc.tuple(fc.nat(token.length), fc.nat(40), fc.string({ unit: 'grapheme' }));
  fc.assert(
    fc.property(cut, ([at, length, text]) => {
      const why = whyNot(token.slice(0, at) + text + token.slice(at + length));
      expect(why).not.toContain('AKIDEXAMPLE');
      expect(why.length).toBeLessThan(100);
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.string(), (text) => whyNot(text) !== 'good'));
});

test.each([
  ['db.abc.us-east-1.rds.amazonaws.com', 'us-east-1'],
  ['c.cluster-ro-abc.us-gov-west-1.rds.amazonaws.com', 'us-gov-west-1'],
  ['db.abc.cn-north-1.rds.amazonaws.com.cn', 'cn-north-1'],
  ['db.abc.rds.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['DB.ABC.rds.CN-Northwest-1.amazonaws.com.cn.', 'cn-northwest-1'],
  ['db.abc.rds.cn-north-1.amazonaws.com', undefined],
  ['DB.ABC.AP-Southeast-2.RDS.amazonaws.com.', 'ap-southeast-2'],
  ['db.example.com', undefined],
  ['us-east-1.rds.amazonaws.com.example.com', undefined],
  ['127.0.0.1', undefined],
])('the region of %s is %s', (host, region) => {
  expect(rdsRegionOf(host)).toBe(region);
});
