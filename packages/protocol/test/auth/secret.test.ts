import * as fc from 'fast-check';
import { formatScramSecret, md5Hash, parseSecret, scramSecretFor } from '../../src';

// Made by PostgreSQL 18.4 for the password "secret".
const VERIFIER =
  'SCRAM-SHA-256$4096:im9CjsTQFDl8oziaP3PIpQ==$XstzghKpKXpMVl75g7N+rv2kAKE8Bw1aZ7jFzT1oY8o=:ULliQ7mPOT262gSYyf961RnTFZ3wtJ6zukwU2HJ07aI=';

test('an empty text is no password', () => {
  expect(parseSecret('')).toEqual({ kind: 'none' });
});

test('a verifier gives its parts', () => {
  const secret = parseSecret(VERIFIER);
  expect(secret).toMatchObject({ kind: 'scram', iterations: 4096 });
  if (secret.kind !== 'scram') throw new Error('not a verifier');
  expect(secret.salt).toHaveLength(16);
  expect(formatScramSecret(secret)).toBe(VERIFIER);
});

test('a verifier made here is the one that PostgreSQL made from the same salt', () => {
  const secret = parseSecret(VERIFIER);
  if (secret.kind !== 'scram') throw new Error('not a verifier');
  expect(scramSecretFor('secret', { iterations: 4096, salt: secret.salt })).toEqual(secret);
});

test('a salt is new when none is given', () => {
  const [a, b] = [1, 2].map(() => scramSecretFor('secret', { iterations: 1 }));
  expect(a?.salt).toHaveLength(16);
  expect(a?.salt).not.toEqual(b?.salt);
});

test('an MD5 hash is kept whole', () => {
  const hash = 'md53175bce1d3201d16594cebf9d7eb3f9d';
  expect(md5Hash('postgres', 'postgres')).toBe(hash);
  expect(parseSecret(hash)).toEqual({ kind: 'md5', hash });
});

test.each([
  'secret',
  'md5',
  'md53175bce1d3201d16594cebf9d7eb3f9',
  'md53175bce1d3201d16594cebf9d7eb3f9d0',
  'md53175BCE1D3201D16594CEBF9D7EB3F9D',
  'MD53175bce1d3201d16594cebf9d7eb3f9d',
  'SCRAM-SHA-256',
  'SCRAM-SHA-256$',
  VERIFIER.replace('4096', '0'),
  VERIFIER.replace('4096', '-1'),
  VERIFIER.replace('4096', '4294967296'),
  VERIFIER.replace('SHA-256', 'SHA-1'),
  VERIFIER.replace('=$', '$'),
  VERIFIER.slice(0, -1),
  `${VERIFIER} `,
  VERIFIER.replace(/:[^:]*$/, ':AAAA'),
  VERIFIER.replace(/\$[^$]*:/, '$AAAA:'),
  VERIFIER.replace(/4096:[^$]*/, '4096:'),
])('%j only resembles a hash and is a plain password', (text) => {
  expect(parseSecret(text)).toEqual({ kind: 'plain', password: text });
});

test('verifiers survive formatting and parsing', () => {
  const bytes = (size: number) =>
    fc.uint8Array({ minLength: size, maxLength: size }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 0x7fffffff }),
      fc.integer({ min: 1, max: 40 }).chain(bytes),
      bytes(32),
      bytes(32),
      (iterations, salt, storedKey, serverKey) => {
        const secret = { kind: 'scram', iterations, salt, storedKey, serverKey } as const;
        expect(parseSecret(formatScramSecret(secret))).toEqual(secret);
      },
    ),
  );
});
