import {
  md5Hash,
  md5Response,
  md5ResponseMatches,
  passwordMatches,
  ScramClient,
  ScramMechanism,
  ScramServer,
  type ScramVerifiers,
  type StoredSecret,
  scramSecretFor,
} from '../../src';
import { answerTo, login } from './login';

const SALT = Buffer.alloc(16, 7);
const both: StoredSecret = { kind: 'plain', password: 'new', previous: 'old' };
const verifier = (password: string, salt = SALT, iterations = 4) =>
  scramSecretFor(password, { iterations, salt });
const verifiers: ScramVerifiers = { secret: verifier('new'), previous: verifier('old') };

function clientWith(password: string): ScramClient {
  return new ScramClient({
    mechanism: ScramMechanism.plain,
    credentials: { kind: 'password', password },
    channelBinding: undefined,
  });
}

/** A server that has refused the proof of a client, and that client. */
async function refused(password: string) {
  const client = clientWith(password);
  const server = new ScramServer({ ...verifiers, channelBinding: undefined });
  const first = client.first();
  const challenge = server.first(first.mechanism, Buffer.from(first.data));
  if (challenge.kind === 'failed') throw new Error(challenge.reason);
  const response = await answerTo(client, challenge.data);
  if (response.kind === 'failed') throw new Error(response.reason);
  expect(server.final(Buffer.from(response.data)).kind).toBe('failed');
  return { client, server };
}

test.each([
  ['new', true],
  ['old', true],
  ['other', false],
  ['', false],
])('%p in clear text or as an MD5 response: %p', (password, fits) => {
  expect(passwordMatches(both, 'ann', password)).toBe(fits);
  const salt = Buffer.of(1, 2, 3, 4);
  const response = md5Response(md5Hash(password, 'ann'), salt);
  expect(md5ResponseMatches(both, 'ann', { salt, response })).toBe(fits);
});

test.each(['new', 'old'])(
  'SCRAM with %p: the client accepts the server signature',
  async (password) => {
    const server = new ScramServer({ ...verifiers, channelBinding: undefined });
    // `login` ends with what the client says of the signature.
    expect((await login(clientWith(password), server)).kind).toBe('ok');
  },
);

test('SCRAM with another password fails', async () => {
  const server = new ScramServer({ ...verifiers, channelBinding: undefined });
  expect(await login(clientWith('other'), server)).toEqual({
    kind: 'failed',
    reason: 'wrong password',
  });
});

test('a proof that was refused may fit verifiers that become known afterwards', async () => {
  const { client, server } = await refused('newest');
  expect(server.isPasswordWrong).toBe(true);
  expect(server.again({ secret: verifier('other') }).kind).toBe('failed');
  const answer = server.again({ secret: verifier('newest'), previous: verifier('new') });
  if (answer.kind === 'failed') throw new Error(answer.reason);
  expect(client.final(Buffer.from(answer.data)).kind).not.toBe('failed');
  expect(server.again({ secret: verifier('newest') }).kind).toBe('failed');
});

test.each([
  ['salt', verifier('newest', Buffer.alloc(16, 8))],
  ['number of iterations', verifier('newest', SALT, 5)],
])('but not of another %s than it was made for', async (_, secret) => {
  const { server } = await refused('newest');
  expect(server.again({ secret })).toEqual({ kind: 'failed', reason: 'wrong password' });
});

test('nothing is compared again with a login that was not refused for its password', () => {
  const server = new ScramServer({ ...verifiers, channelBinding: undefined });
  expect(server.isPasswordWrong).toBe(false);
  expect(server.again(verifiers)).toEqual({ kind: 'failed', reason: 'SCRAM message out of order' });
  server.first(ScramMechanism.plain, Buffer.from('n,,n=,r=abc'));
  server.final(Buffer.from('nonsense'));
  expect(server.isPasswordWrong).toBe(false);
  expect(server.again(verifiers).kind).toBe('failed');
});
