import { AwsKeys, awsEnvironment, verifySigV4 } from '@pgweir/testkit';
import { makeIdentityToken } from '../../src';
import { readToken } from '../../src/identity/read-token';
import { HOST, RULES, signed, urlOf } from './tokens';

const keys = new AwsKeys();

/** What STS makes of the request that a token becomes. */
function verdictOn(token: string, serverName = HOST) {
  const read = readToken(token, RULES, Date.now());
  if (read.kind === 'refused') throw new Error(read.why);
  const { host, path } = read.request;
  return verifySigV4(
    {
      ...{ method: 'GET', url: path, body: '' },
      headers: [
        ['Host', host],
        ['X-Pgweir-Server-Id', serverName],
      ],
    },
    { ...{ keys, service: 'sts', region: 'us-east-1', nowMs: Date.now() } },
  );
}

test.each([
  ['a user', keys.addUser('ann')],
  ['a session of a role', keys.addSession({ role: 'app' })],
])(
  'the signature of %s is right for the request that is made anew, and binds the name',
  async (_, key) => {
    const token = await signed({ credentials: key, at: new Date() });
    expect(verdictOn(token)).toMatchObject({ kind: 'signed', by: { arn: key.arn } });
    expect(verdictOn(token, 'other.example.org')).toMatchObject({ code: 'SignatureDoesNotMatch' });
  },
);

test('credentials come from the standard chain, or from a function', async () => {
  const key = keys.addSession({ role: 'app' });
  const before = { ...process.env };
  Object.assign(process.env, awsEnvironment(key));
  try {
    const token = await makeIdentityToken({ host: HOST, region: 'us-east-1' });
    expect(verdictOn(token)).toMatchObject({ kind: 'signed', by: { arn: key.arn } });
  } finally {
    process.env = before;
  }
  const other = keys.addUser('bob');
  const made = await signed({ credentials: other, at: new Date() });
  expect(verdictOn(made)).toMatchObject({ by: { arn: other.arn } });
});

test('names are signed in small letters, and 15 minutes is the usual life', async () => {
  const url = urlOf(await signed({ host: 'PgWeir.Example.org' }));
  expect(url).toMatch(/X-Amz-Expires=900&.*#pgweir\.example\.org$/);
});

test.each([
  [{ host: '' }, 'host: "" is no name'],
  [{ host: 'a b' }, 'host: "a b" is no name'],
  [{ host: 'a\r\nb: c' }, 'host: "a\\r\\nb: c" is no name'],
  [{ region: 'evil.org/' }, 'region: "evil.org/" is no region'],
  [{ expiresS: 0 }, 'expires: 0 is not between 1 and 900 seconds'],
  [{ expiresS: 901 }, 'expires: 901 is not between 1 and 900 seconds'],
  [{ expiresS: 1.5 }, 'expires: 1.5 is not between 1 and 900 seconds'],
])('%j is an error', async (options, message) => {
  await expect(signed(options)).rejects.toThrow(new RangeError(message));
});
