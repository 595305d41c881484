import {
  md5Hash,
  md5Response,
  md5ResponseMatches,
  type StoredSecret,
  scramSecretFor,
} from '../../src';

const salt = Buffer.of(1, 2, 3, 4);
const plain: StoredSecret = { kind: 'plain', password: 'secret' };
const hashed: StoredSecret = { kind: 'md5', hash: 'md52aea419619857e8a27f0f7aa641db0c6' };

test("the hash of a password is PostgreSQL's", () => {
  expect(md5Hash('secret', 'md5user')).toBe(hashed.hash);
});

test('the response is the hash of the hash and the salt', () => {
  // echo -n 2aea419619857e8a27f0f7aa641db0c6$'\x01\x02\x03\x04' | md5sum
  expect(md5Response(hashed.hash, salt)).toBe('md56b614f1bd5dc8478f5705c783c9bbdc0');
});

test.each([plain, hashed])('a secret of kind $kind takes the right response', (secret) => {
  const response = md5Response(hashed.hash, salt);
  expect(md5ResponseMatches(secret, 'md5user', { salt, response })).toBe(true);
});

test.each([plain, hashed])('a secret of kind $kind takes no other response', (secret) => {
  const right = md5Response(hashed.hash, salt);
  const otherSalt = md5Response(hashed.hash, Buffer.of(1, 2, 3, 5));
  const otherPassword = md5Response(md5Hash('other', 'md5user'), salt);
  const wrong = [
    otherSalt,
    otherPassword,
    right.toUpperCase(),
    right.slice(3),
    '',
    'secret',
    hashed.hash,
  ];
  for (const response of wrong)
    expect(md5ResponseMatches(secret, 'md5user', { salt, response })).toBe(false);
});

test('a plain password answers for its own user only', () => {
  const response = md5Response(hashed.hash, salt);
  expect(md5ResponseMatches(plain, 'other', { salt, response })).toBe(false);
});

test('neither a verifier nor a role without password takes any response', () => {
  const response = md5Response(md5Hash('', 'ann'), salt);
  const secrets: readonly StoredSecret[] = [
    scramSecretFor('', { iterations: 1 }),
    { kind: 'none' },
  ];
  for (const secret of secrets)
    expect(md5ResponseMatches(secret, 'ann', { salt, response })).toBe(false);
});
