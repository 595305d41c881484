import { mockScramSecret, ScramClient, ScramServer, scramSalt, scramSecretFor } from '../../src';
import { login } from './login';

const key = Buffer.alloc(32, 5);

test('the salt of a user is the same at every login, and differs by user and by key', () => {
  expect(scramSalt('ann', key)).toHaveLength(16);
  expect(scramSalt('ann', key)).toEqual(scramSalt('ann', key));
  expect(scramSalt('ann', key)).not.toEqual(scramSalt('bob', key));
  expect(scramSalt('ann', key)).not.toEqual(scramSalt('ann', Buffer.alloc(32, 6)));
});

test('a mocked user looks like one whose verifier came from a plain password', () => {
  const mock = mockScramSecret('ann', key, 4096);
  const real = scramSecretFor('x', { iterations: 4096, salt: scramSalt('ann', key) });
  expect(mock.salt).toEqual(real.salt);
  expect(mock.iterations).toBe(real.iterations);
  expect(mock.storedKey).toHaveLength(real.storedKey.length);
  expect(mock.serverKey).toHaveLength(real.serverKey.length);
  expect(mock).toEqual(mockScramSecret('ann', key, 4096));
});

test.each(['', 'ann', 'secret'])(
  'the password %j does not log a mocked user in',
  async (password) => {
    const server = new ScramServer({
      secret: mockScramSecret('ann', key, 2),
      channelBinding: undefined,
    });
    const client = new ScramClient({
      mechanism: 'SCRAM-SHA-256',
      credentials: { kind: 'password', password },
      channelBinding: undefined,
    });
    expect(await login(client, server)).toEqual({ kind: 'failed', reason: 'wrong password' });
  },
);
