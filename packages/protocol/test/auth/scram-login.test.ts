import * as fc from 'fast-check';
import {
  chooseMechanism,
  type DerivedKeys,
  decodeAuthentication,
  decodeSaslInitialResponse,
  deriveKeys,
  parseSecret,
  ScramClient,
  type ScramCredentials,
  ScramServer,
  scramMechanisms,
  scramSecretFor,
} from '../../src';
import { bodyOf, loadTranscript } from '../transcript';
import { answerTo, login } from './login';

const secret = scramSecretFor('pencil', { iterations: 4 });
const password: ScramCredentials = { kind: 'password', password: 'pencil' };
const binding = Buffer.from('digest of a certificate');

/** Of the role that logged in. */
const POSTGRES_VERIFIER =
  'SCRAM-SHA-256$4096:im9CjsTQFDl8oziaP3PIpQ==$XstzghKpKXpMVl75g7N+rv2kAKE8Bw1aZ7jFzT1oY8o=:ULliQ7mPOT262gSYyf961RnTFZ3wtJ6zukwU2HJ07aI=';

type Setup = {
  readonly credentials?: ScramCredentials;
  readonly clientBinding?: Buffer | undefined;
  readonly serverBinding?: Buffer | undefined;
};

function loginWith({ credentials = password, clientBinding, serverBinding }: Setup) {
  const mechanism = chooseMechanism(scramMechanisms(serverBinding), clientBinding);
  if (mechanism === undefined) throw new Error('no mechanism');
  const client = new ScramClient({ mechanism, credentials, channelBinding: clientBinding });
  return login(client, new ScramServer({ secret, channelBinding: serverBinding }));
}

test('the right password logs in, and the server learns the client key', async () => {
  const result = await loginWith({});
  const derived = await new Promise<DerivedKeys>((resolve) =>
    deriveKeys('pencil', secret.salt, secret.iterations, resolve),
  );
  if (result.kind !== 'ok' || derived.kind !== 'derived') throw new Error('login failed');
  expect(result.clientKey).toEqual(derived.keys.clientKey);
});

test('a wrong password does not', async () => {
  const credentials: ScramCredentials = { kind: 'password', password: 'pencils' };
  expect(await loginWith({ credentials })).toEqual({ kind: 'failed', reason: 'wrong password' });
});

test('the client key of one login is good for the next against the same verifier', async () => {
  const result = await loginWith({});
  if (result.kind !== 'ok') throw new Error(result.reason);
  const { clientKey } = result;
  const { serverKey } = secret;
  expect(await loginWith({ credentials: { kind: 'keys', clientKey, serverKey } })).toMatchObject({
    kind: 'ok',
  });
});

test('the client key does not serve where the verifier is another', async () => {
  const credentials: ScramCredentials = {
    kind: 'keys',
    clientKey: Buffer.alloc(32, 1),
    serverKey: secret.serverKey,
  };
  expect(await loginWith({ credentials })).toEqual({ kind: 'failed', reason: 'wrong password' });
});

test('a server that does not know the verifier is found out', async () => {
  const serverKey = Buffer.alloc(32, 1);
  const result = await loginWith({});
  if (result.kind !== 'ok') throw new Error(result.reason);
  const credentials: ScramCredentials = { kind: 'keys', clientKey: result.clientKey, serverKey };
  expect(await loginWith({ credentials })).toEqual({
    kind: 'failed',
    reason: 'incorrect server signature',
  });
});

test('with binding data on both sides the login is bound', async () => {
  const result = await loginWith({ clientBinding: binding, serverBinding: binding });
  expect(result.kind).toBe('ok');
});

test('with other binding data the login fails', async () => {
  const result = await loginWith({ clientBinding: Buffer.from('evil'), serverBinding: binding });
  expect(result).toEqual({ kind: 'failed', reason: 'channel binding does not match' });
});

test('with binding data on one side the login is not bound, and works', async () => {
  expect(await loginWith({ clientBinding: binding })).toMatchObject({ kind: 'ok' });
  expect(await loginWith({ serverBinding: binding })).toMatchObject({ kind: 'ok' });
});

test('a client that was not shown PLUS by somebody in between is refused', async () => {
  const client = new ScramClient({
    mechanism: 'SCRAM-SHA-256',
    credentials: password,
    channelBinding: binding,
  });
  expect(await login(client, new ScramServer({ secret, channelBinding: binding }))).toEqual({
    kind: 'failed',
    reason: 'client thinks that channel binding was not offered',
  });
});

test('the best mechanism is chosen that both sides can do', () => {
  const both = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'];
  expect(chooseMechanism(both, binding)).toBe('SCRAM-SHA-256-PLUS');
  expect(chooseMechanism(both, undefined)).toBe('SCRAM-SHA-256');
  expect(chooseMechanism(['SCRAM-SHA-256'], binding)).toBe('SCRAM-SHA-256');
  expect(chooseMechanism(['SCRAM-SHA-256-PLUS'], undefined)).toBeUndefined();
  expect(chooseMechanism(['SCRAM-SHA-1', 'OAUTHBEARER'], binding)).toBeUndefined();
  expect(chooseMechanism([], binding)).toBeUndefined();
});

test('what is offered depends on binding data', () => {
  expect(scramMechanisms(binding)).toEqual(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']);
  expect(scramMechanisms(undefined)).toEqual(['SCRAM-SHA-256']);
});

test('any password logs in with itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.boolean(), async (text, bound) => {
      const channelBinding = bound ? binding : undefined;
      const mechanism = bound ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256';
      const client = new ScramClient({
        mechanism,
        credentials: { kind: 'password', password: text },
        channelBinding,
      });
      const own = scramSecretFor(text, { iterations: 1 });
      const result = await login(client, new ScramServer({ secret: own, channelBinding }));
      expect(result.kind).toBe('ok');
    }),
  );
});

describe('a login that PostgreSQL accepted', () => {
  const { client, server } = loadTranscript('login-scram');
  const [initial, final] = client.filter(({ tag }) => tag === 'p').map(({ body }) => body);
  const serverData = [1, 2].map((index) => {
    const request = decodeAuthentication(bodyOf({ name: 'scram', client, server }, 'R', index));
    if (request.kind !== 'saslContinue' && request.kind !== 'saslFinal') throw new Error('no data');
    return request.data.toString();
  });
  const [serverFirst = '', serverFinal = ''] = serverData;
  const { mechanism, data } = decodeSaslInitialResponse(initial ?? Buffer.alloc(0));
  const clientNonce = data?.toString().split('r=')[1] ?? '';

  test('is played by our client with the same bytes', async () => {
    const ours = new ScramClient({
      mechanism: 'SCRAM-SHA-256',
      credentials: { kind: 'password', password: 'secret' },
      channelBinding: undefined,
      nonce: clientNonce,
    });
    expect(ours.first()).toEqual({ mechanism, data: data?.toString() });
    expect(await answerTo(ours, serverFirst)).toEqual({
      kind: 'response',
      data: final?.toString(),
    });
    expect(ours.final(Buffer.from(serverFinal))).toEqual({ kind: 'ok' });
  });

  test('is played by our server with the same bytes', () => {
    const verifier = parseSecret(POSTGRES_VERIFIER);
    if (verifier.kind !== 'scram') throw new Error('not a verifier');
    const nonce = (serverFirst.split(',')[0] ?? '').slice(2 + clientNonce.length);
    const ours = new ScramServer({ secret: verifier, channelBinding: undefined, nonce });
    expect(ours.first(mechanism, data ?? Buffer.alloc(0))).toEqual({
      kind: 'continue',
      data: serverFirst,
    });
    expect(ours.final(final ?? Buffer.alloc(0))).toMatchObject({ kind: 'ok', data: serverFinal });
  });
});
