import { hmac, SALT_BYTES } from './scram-keys';
import type { ScramSecret } from './secret';

/**
 * The salt of `user`, the same at every login: what an unknown user is shown (`mockScramSecret`), and
 * what a verifier made from a plain password should use to look no different.
 *
 * @param key the daemon's secret, the same in all workers and after a restart
 */
export function scramSalt(user: string, key: Buffer): Buffer {
  return Buffer.from(hmac(key, `salt:${user}`).subarray(0, SALT_BYTES));
}

/**
 * A verifier for a user that does not exist: an exchange with it takes the same steps and work as a real
 * one, and no proof verifies, since its stored key is nothing's hash that anybody knows.
 *
 * @param key as in `scramSalt`
 */
export function mockScramSecret(user: string, key: Buffer, iterations: number): ScramSecret {
  return {
    kind: 'scram',
    iterations,
    salt: scramSalt(user, key),
    storedKey: hmac(key, `stored key:${user}`),
    serverKey: hmac(key, `server key:${user}`),
  };
}
