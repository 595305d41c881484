import * as fc from 'fast-check';
import { ScramServer, scramSecretFor } from '../../src';

// RFC 7677, section 3.
const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const secret = scramSecretFor('pencil', { iterations: 4096, salt });
const CLIENT_NONCE = 'rOprNGfwEbeRWgbNEkqO';
const SERVER_NONCE = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const NONCE = CLIENT_NONCE + SERVER_NONCE;
const CLIENT_FIRST = `n,,n=user,r=${CLIENT_NONCE}`;
const PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const CLIENT_FINAL = `c=biws,r=${NONCE},p=${PROOF}`;

const PLAIN = 'SCRAM-SHA-256';
const PLUS = 'SCRAM-SHA-256-PLUS';
const BOUND = 'p=tls-server-end-point,,n=,r=abc';
const binding = Buffer.from('digest of a certificate');

function serverWith(channelBinding: Buffer | undefined) {
  return new ScramServer({ secret, channelBinding, nonce: SERVER_NONCE });
}

function challenged() {
  const server = serverWith(undefined);
  server.first(PLAIN, Buffer.from(CLIENT_FIRST));
  return server;
}

test('the exchange of RFC 7677 succeeds with its bytes', () => {
  const server = serverWith(undefined);
  expect(server.first(PLAIN, Buffer.from(CLIENT_FIRST))).toEqual({
    kind: 'continue',
    data: `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
  });
  expect(server.final(Buffer.from(CLIENT_FINAL))).toMatchObject({
    kind: 'ok',
    data: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  });
});

test('a nonce is printable, long, and new for every exchange', () => {
  const nonces = [1, 2].map(() => {
    const result = new ScramServer({ secret, channelBinding: undefined }).first(
      PLAIN,
      Buffer.from('n,,n=,r=x'),
    );
    return result.kind === 'continue' ? result.data.split(',')[0] : '';
  });
  expect(nonces[0]).toMatch(/^r=x[\x21-\x2b\x2d-\x7e]{24}$/);
  expect(nonces[0]).not.toBe(nonces[1]);
});

test.each([
  ['a binding flag that says no', 'n,,n=,r=abc'],
  ['a binding flag that says "not offered" where it was not', 'y,,n=,r=abc'],
  ['a user name of bytes that are no UTF-8', 'n,,n=\xff\xfe,r=abc'],
  ['an extension behind the nonce', 'n,,n=,r=abc,x=anything'],
])('a first message with %s is taken', (_, text) => {
  const result = serverWith(undefined).first(PLAIN, Buffer.from(text, 'latin1'));
  expect(result.kind).toBe('continue');
});

const refusedFirst: readonly (readonly [string, string])[] = [
  ['', 'malformed client-first-message'],
  ['n', 'malformed client-first-message'],
  ['n,', 'malformed client-first-message'],
  ['n,x,n=,r=abc', 'malformed client-first-message'],
  ['n,,', 'malformed client-first-message'],
  ['n,,n=', 'malformed client nonce'],
  ['n,,r=abc', 'malformed client-first-message'],
  ['n,,n=,r=', 'malformed client nonce'],
  ['n,,n=,r=a b', 'malformed client nonce'],
  ['n,,n=,r=a\x7f', 'malformed client nonce'],
  ['n,,n=,r=\xe9', 'malformed client nonce'],
  ['n,,n=,r=abc,', 'malformed client-first-message'],
  ['n,,n=,r=abc,noise', 'malformed client-first-message'],
  ['n,,n=,r=abc\0', 'malformed client-first-message'],
  ['n,,m=x,n=,r=abc', 'unsupported SCRAM extension'],
  ['n,a=root,n=,r=abc', 'authorization identity is not supported'],
  ['x,,n=,r=abc', 'malformed channel binding flag'],
  [',,n=,r=abc', 'malformed channel binding flag'],
  ['p,,n=,r=abc', 'malformed channel binding flag'],
  [BOUND, 'channel binding data without SCRAM-SHA-256-PLUS'],
];

test.each(refusedFirst)('the first message %j is refused: %s', (text, reason) => {
  const server = serverWith(undefined);
  expect(server.first(PLAIN, Buffer.from(text, 'latin1'))).toEqual({ kind: 'failed', reason });
  expect(server.final(Buffer.from(CLIENT_FINAL)).kind).toBe('failed');
});

const refusedWithTls: readonly (readonly [string, string, string])[] = [
  [PLAIN, 'y,,n=,r=abc', 'client thinks that channel binding was not offered'],
  [PLAIN, BOUND, 'channel binding data without SCRAM-SHA-256-PLUS'],
  [PLUS, 'n,,n=,r=abc', 'SCRAM-SHA-256-PLUS without channel binding data'],
  [PLUS, 'y,,n=,r=abc', 'SCRAM-SHA-256-PLUS without channel binding data'],
  [PLUS, 'p=tls-unique,,n=,r=abc', 'unsupported channel binding type'],
  [PLUS, 'p=,,n=,r=abc', 'unsupported channel binding type'],
  ['SCRAM-SHA-1', 'n,,n=,r=abc', 'unknown SASL mechanism'],
  ['', 'n,,n=,r=abc', 'unknown SASL mechanism'],
];

test.each(refusedWithTls)(
  'where PLUS is offered, %s with %j is refused',
  (mechanism, text, reason) => {
    expect(serverWith(binding).first(mechanism, Buffer.from(text))).toEqual({
      kind: 'failed',
      reason,
    });
  },
);

test('PLUS is refused where it was not offered', () => {
  expect(serverWith(undefined).first(PLUS, Buffer.from(BOUND))).toEqual({
    kind: 'failed',
    reason: 'channel binding was not offered',
  });
});

const refusedFinal: readonly (readonly [string, string])[] = [
  ['', 'malformed client-final-message'],
  [`c=biws,p=${PROOF}`, 'malformed client-final-message'],
  [`r=${NONCE},c=biws,p=${PROOF}`, 'malformed client-final-message'],
  [`c=biws,r=${NONCE},noise,p=${PROOF}`, 'malformed client-final-message'],
  [`${CLIENT_FINAL}\0`, 'malformed client-final-message'],
  [`c=biws,r=${NONCE}`, 'malformed client-final-message'],
  [`c=biws,r=${NONCE},`, 'malformed proof'],
  [`c=biws,r=${NONCE},x=y`, 'malformed proof'],
  [`c=biws,r=${NONCE},p=`, 'malformed proof'],
  [`c=biws,r=${NONCE},p=AAAA`, 'malformed proof'],
  [`c=biws,r=${NONCE},p=${PROOF.slice(0, -1)}`, 'malformed proof'],
  [`${CLIENT_FINAL},x=y`, 'malformed proof'],
  [`c=eSws,r=${NONCE},p=${PROOF}`, 'channel binding does not match'],
  [`c=,r=${NONCE},p=${PROOF}`, 'channel binding does not match'],
  [`c=biws,r=${CLIENT_NONCE},p=${PROOF}`, 'nonce does not match'],
  [`c=biws,r=${NONCE}x,p=${PROOF}`, 'nonce does not match'],
  [`c=biws,r=${NONCE},x=y,p=${PROOF}`, 'wrong password'],
  [`c=biws,r=${NONCE},p=${PROOF.replace('d', 'e')}`, 'wrong password'],
];

test.each(refusedFinal)('the final message %j is refused: %s', (text, reason) => {
  const server = challenged();
  expect(server.final(Buffer.from(text))).toEqual({ kind: 'failed', reason });
});

test('a proof may be tried once', () => {
  const server = challenged();
  server.final(Buffer.from(`c=biws,r=${NONCE},p=${PROOF.replace('d', 'e')}`));
  expect(server.final(Buffer.from(CLIENT_FINAL))).toEqual({
    kind: 'failed',
    reason: 'SCRAM message out of order',
  });
});

test('messages out of order fail', () => {
  expect(serverWith(undefined).final(Buffer.from(CLIENT_FINAL)).kind).toBe('failed');
  const server = challenged();
  expect(server.first(PLAIN, Buffer.from(CLIENT_FIRST)).kind).toBe('failed');
  expect(server.final(Buffer.from(CLIENT_FINAL)).kind).toBe('failed');
});

test('any messages give a result, without an exception and without a login', () => {
  const pieces = fc.constantFrom(
    'n,,',
    'y,',
    'n=,',
    'r=',
    NONCE,
    'c=biws',
    ',p=',
    PROOF.slice(1),
    '\0',
  );
  const text = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.array(pieces).map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(fc.constantFrom(PLAIN, PLUS, 'x'), text, text, (mechanism, first, final) => {
      const server = serverWith(binding);
      server.first(mechanism, first);
      expect(server.final(final).kind).toBe('failed');
      expect(challenged().final(final).kind).toBe('failed');
    }),
    { numRuns: 500 },
  );
});
