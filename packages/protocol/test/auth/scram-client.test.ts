import * as fc from 'fast-check';
import { SCRAM_ITERATIONS_MAX, ScramClient, type ScramClientOptions } from '../../src';
import { answerTo } from './login';

// RFC 7677, section 3.
const CLIENT_NONCE = 'rOprNGfwEbeRWgbNEkqO';
const NONCE = `${CLIENT_NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`;
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const SERVER_FIRST = `r=${NONCE},s=${SALT},i=4096`;
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

function clientWith(options: Partial<ScramClientOptions> = {}) {
  return new ScramClient({
    mechanism: 'SCRAM-SHA-256',
    credentials: { kind: 'password', password: 'pencil' },
    channelBinding: undefined,
    nonce: CLIENT_NONCE,
    messageUser: 'user',
    ...options,
  });
}

/** Fails or proves at once, without deriving anything. */
function quickClient() {
  const key = Buffer.alloc(32, 1);
  return clientWith({ credentials: { kind: 'keys', clientKey: key, serverKey: key } });
}

async function proven() {
  const client = clientWith();
  await answerTo(client, SERVER_FIRST);
  return client;
}

test('the exchange of RFC 7677 succeeds with its bytes', async () => {
  const client = clientWith();
  expect(client.first()).toEqual({
    mechanism: 'SCRAM-SHA-256',
    data: `n,,n=user,r=${CLIENT_NONCE}`,
  });
  expect(await answerTo(client, SERVER_FIRST)).toEqual({
    kind: 'response',
    data: `c=biws,r=${NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  });
  expect(client.final(Buffer.from(SERVER_FINAL))).toEqual({ kind: 'ok' });
});

test('the binding flag says what both sides could do', () => {
  const channelBinding = Buffer.from('x');
  const data = (options: Partial<ScramClientOptions>) => clientWith(options).first().data;
  expect(data({})).toMatch(/^n,,/);
  expect(data({ channelBinding })).toMatch(/^y,,/);
  expect(data({ channelBinding, mechanism: 'SCRAM-SHA-256-PLUS' })).toMatch(
    /^p=tls-server-end-point,,/,
  );
});

test('PLUS without binding data is a mistake of the caller', () => {
  expect(() => clientWith({ mechanism: 'SCRAM-SHA-256-PLUS' })).toThrow(RangeError);
});

test('without one for tests, nonces are new and the user name is empty', () => {
  const credentials = { kind: 'password', password: 'x' } as const;
  const [a, b] = [1, 2].map(() =>
    new ScramClient({ mechanism: 'SCRAM-SHA-256', credentials, channelBinding: undefined }).first(),
  );
  expect(a?.data).toMatch(/^n,,n=,r=[A-Za-z0-9+/]{24}$/);
  expect(a?.data).not.toBe(b?.data);
});

test('keys answer before the call returns; a password answers later', async () => {
  let answered = false;
  quickClient().continue(Buffer.from(SERVER_FIRST), () => {
    answered = true;
  });
  expect(answered).toBe(true);
  answered = false;
  const later = new Promise<void>((resolve) => {
    clientWith().continue(Buffer.from(SERVER_FIRST), () => {
      answered = true;
      resolve();
    });
  });
  expect(answered).toBe(false);
  await later;
  expect(answered).toBe(true);
});

const refusedFirst: readonly (readonly [string, string])[] = [
  ['', 'malformed server-first-message'],
  [`${SERVER_FIRST}\0`, 'malformed server-first-message'],
  [`r=${NONCE}`, 'malformed server-first-message'],
  [`r=${NONCE},i=4096,s=${SALT}`, 'malformed server-first-message'],
  [`r=${NONCE},s=,i=4096`, 'malformed server-first-message'],
  [`r=${NONCE},s=not base64,i=4096`, 'malformed server-first-message'],
  [`${SERVER_FIRST},noise`, 'malformed server-first-message'],
  [`m=x,${SERVER_FIRST}`, 'unsupported SCRAM extension'],
  [`r=${CLIENT_NONCE},s=${SALT},i=4096`, 'invalid server nonce'],
  [`r=other,s=${SALT},i=4096`, 'invalid server nonce'],
  [`r=${CLIENT_NONCE} x,s=${SALT},i=4096`, 'invalid server nonce'],
  [`r=${NONCE},s=${SALT},i=0`, 'invalid iteration count'],
  [`r=${NONCE},s=${SALT},i=-1`, 'invalid iteration count'],
  [`r=${NONCE},s=${SALT},i=`, 'invalid iteration count'],
  [`r=${NONCE},s=${SALT},i=1e3`, 'invalid iteration count'],
  [`r=${NONCE},s=${SALT},i=99999999999`, 'invalid iteration count'],
  [
    `r=${NONCE},s=${SALT},i=${SCRAM_ITERATIONS_MAX + 1}`,
    `server asks for ${SCRAM_ITERATIONS_MAX + 1} iterations, more than ${SCRAM_ITERATIONS_MAX}`,
  ],
];

test.each(refusedFirst)('the first message %j is refused: %s', async (text, reason) => {
  const client = clientWith();
  expect(await answerTo(client, text)).toEqual({ kind: 'failed', reason });
  expect(client.final(Buffer.from(SERVER_FINAL)).kind).toBe('failed');
});

test('an extension that we do not know is ignored', async () => {
  expect((await answerTo(clientWith(), `${SERVER_FIRST},x=y`)).kind).toBe('response');
});

const refusedFinal: readonly (readonly [string, string])[] = [
  ['', 'malformed server-final-message'],
  ['v=', 'malformed server-final-message'],
  ['x=y', 'malformed server-final-message'],
  [SERVER_FINAL.slice(0, -1), 'malformed server-final-message'],
  [`${SERVER_FINAL},noise`, 'malformed server-final-message'],
  [`${SERVER_FINAL}\0`, 'malformed server-final-message'],
  ['v=AAAA', 'incorrect server signature'],
  [SERVER_FINAL.replace('6', '7'), 'incorrect server signature'],
  ['e=invalid-proof', 'server refused the login: invalid-proof'],
];

test.each(refusedFinal)('the final message %j is refused: %s', async (text, reason) => {
  expect((await proven()).final(Buffer.from(text))).toEqual({ kind: 'failed', reason });
});

test('messages out of order fail', async () => {
  const outOfOrder = { kind: 'failed', reason: 'SCRAM message out of order' };
  expect(clientWith().final(Buffer.from(SERVER_FINAL))).toEqual(outOfOrder);
  const client = await proven();
  expect(await answerTo(client, SERVER_FIRST)).toEqual(outOfOrder);
  expect(client.final(Buffer.from(SERVER_FINAL))).toEqual(outOfOrder);
});

test('a message that comes while keys are derived ends the login', async () => {
  const client = clientWith();
  const first = answerTo(client, SERVER_FIRST);
  expect(client.final(Buffer.from(SERVER_FINAL)).kind).toBe('failed');
  expect(await first).toEqual({ kind: 'failed', reason: 'SCRAM message out of order' });
});

test('any messages give a result, without an exception and without a login', () => {
  const pieces = fc.constantFrom('r=', NONCE, ',s=', SALT, ',i=', '1', ',', 'v=', 'e=', '\0');
  const text = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(pieces).map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(text, text, (first, final) => {
      const client = quickClient();
      let answers = 0;
      client.continue(first, () => {
        answers += 1;
      });
      expect(answers).toBe(1);
      expect(client.final(final).kind).toBe('failed');
      const other = quickClient();
      other.continue(Buffer.from(SERVER_FIRST), () => undefined);
      expect(other.final(final).kind).toBe('failed');
    }),
    { numRuns: 500 },
  );
});
