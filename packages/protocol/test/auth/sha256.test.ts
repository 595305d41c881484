import { createHash, createHmac, randomBytes } from 'node:crypto';
import { hmacSha256, sha256 } from '../../src/auth/sha256';

test.each([0, 1, 31, 32, 63, 64, 65, 200])(
  'an HMAC with a key of %i bytes is that of OpenSSL',
  (size) => {
    const key = randomBytes(size);
    for (const length of [0, 1, 55, 56, 64, 150, 959, 960, 961, 5000]) {
      const message = randomBytes(length);
      const expected = createHmac('sha256', key).update(message).digest();
      expect(hmacSha256(key, message)).toEqual(expected);
    }
  },
);

test('a hash is that of OpenSSL, and a result is not touched by the next call', () => {
  const first = sha256(Buffer.from('first'));
  const kept = hmacSha256(Buffer.from('key'), Buffer.from('first'));
  const copy = Buffer.from(kept);
  hmacSha256(Buffer.from('other'), Buffer.from('second'));
  expect(first).toEqual(createHash('sha256').update('first').digest());
  expect(kept).toEqual(copy);
});
