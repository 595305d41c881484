import * as fc from 'fast-check';
import { md5Hash, passwordMatches, type StoredSecret, scramSecretFor } from '../../src';

const secretsOf = (password: string): readonly StoredSecret[] => [
  { kind: 'plain', password },
  { kind: 'md5', hash: md5Hash(password, 'ann') },
  scramSecretFor(password, { iterations: 2 }),
];

describe.each(secretsOf('pässword'))('a secret of kind $kind', (secret) => {
  test('takes its password and no other', () => {
    expect(passwordMatches(secret, 'ann', 'pässword')).toBe(true);
    for (const wrong of [
      '',
      'passwörd',
      'pässwor',
      'pässwordx',
      'PÄSSWORD',
      md5Hash('pässword', 'ann'),
    ])
      expect(passwordMatches(secret, 'ann', wrong)).toBe(false);
  });
});

test('an MD5 hash belongs to one user', () => {
  expect(passwordMatches({ kind: 'md5', hash: md5Hash('x', 'ann') }, 'bob', 'x')).toBe(false);
});

test('a hash is no password', () => {
  const hash = md5Hash('x', 'ann');
  expect(passwordMatches({ kind: 'md5', hash }, 'ann', hash)).toBe(false);
});

test('no password takes none, not even the empty one', () => {
  expect(passwordMatches({ kind: 'none' }, 'ann', '')).toBe(false);
});

test('any password matches itself only, in every form', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      fc.pre(a !== b && a.normalize('NFKC') !== b.normalize('NFKC'));
      for (const secret of secretsOf(a)) {
        expect(passwordMatches(secret, 'ann', a)).toBe(true);
        if (secret.kind !== 'scram') expect(passwordMatches(secret, 'ann', b)).toBe(false);
      }
    }),
  );
});
