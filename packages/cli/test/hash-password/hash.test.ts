import { parseSecret, passwordMatches } from '@pgweir/protocol';
import { readCommandLine } from '../../src/command-line';
import { hashOf } from '../../src/hash-password/hash';

const PLAIN = { user: undefined, md5: false, iterations: 4096 };

test('a verifier is of that password and no other, with a salt of its own', () => {
  const first = hashOf('pässwörd', PLAIN);
  expect(first).toMatch(/^SCRAM-SHA-256\$4096:/);
  expect(hashOf('pässwörd', PLAIN)).not.toBe(first);
  const secret = parseSecret(first);
  expect(secret.kind).toBe('scram');
  expect(passwordMatches(secret, 'ann', 'pässwörd')).toBe(true);
  expect(passwordMatches(secret, 'ann', 'password')).toBe(false);
  // SASLprep: the same letters, composed.
  expect(passwordMatches(secret, 'ann', 'pa\u0308sswo\u0308rd')).toBe(true);
});

test('with a user it is a line of auth_file', () => {
  expect(hashOf('x', { ...PLAIN, user: 'a"b', iterations: 10 })).toMatch(
    /^"a""b" "SCRAM-SHA-256\$10:[^"]+"$/,
  );
  expect(hashOf('secret', { ...PLAIN, user: 'ann', md5: true })).toBe(
    '"ann" "md59d792a3a8853c2411afb9163d088c036"',
  );
});

test.each([
  ['', 'is empty'],
  ['a\0b', 'NUL'],
  ['md525f73962cbb59cd93b30a77a37cc7d4c', 'is a hash already'],
])('%j is refused', (password, why) => {
  expect(() => hashOf(password, PLAIN)).toThrow(why);
});

test('--md5 needs a user, and iterations are a number', () => {
  for (const args of [['--md5'], ['--iterations', '0'], ['--iterations', '1e3'], ['x']]) {
    expect(readCommandLine(['hash-password', ...args])).toMatchObject({ kind: 'exit', code: 1 });
  }
});
