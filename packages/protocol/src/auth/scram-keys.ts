import { pbkdf2, pbkdf2Sync, randomBytes } from 'node:crypto';
import { preparePassword } from './prepare-password';
import { hmacSha256, sha256 } from './sha256';

/** The keys of RFC 5802, section 3, for SHA-256. 32 bytes each. */
export type ScramKeys = {
  readonly clientKey: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
};

export type DerivedKeys =
  | { readonly kind: 'derived'; readonly keys: ScramKeys }
  | { readonly kind: 'failed'; readonly reason: string };

/** PostgreSQL's default, and the least that RFC 7677 asks for. */
export const SCRAM_ITERATIONS_DEFAULT = 4096;

const KEY_BYTES = 32;
/** As many as PostgreSQL uses. */
export const SALT_BYTES = 16;

/**
 * Derives the keys from a password off the main thread. `done` is called once, later; a caller that has
 * gone on by then ignores it. Nothing is cached.
 */
export function deriveKeys(
  password: string,
  salt: Buffer,
  iterations: number,
  done: (result: DerivedKeys) => void,
): void {
  pbkdf2(preparePassword(password), salt, iterations, KEY_BYTES, 'sha256', (error, salted) => {
    if (error === null) done({ kind: 'derived', keys: keysOf(salted) });
    else done({ kind: 'failed', reason: `key derivation failed: ${error.message}` });
  });
}

/** As `deriveKeys`, but blocks. */
export function deriveKeysSync(password: string, salt: Buffer, iterations: number): ScramKeys {
  return keysOf(pbkdf2Sync(preparePassword(password), salt, iterations, KEY_BYTES, 'sha256'));
}

function keysOf(saltedPassword: Buffer): ScramKeys {
  const clientKey = hmac(saltedPassword, 'Client Key');
  const serverKey = hmac(saltedPassword, 'Server Key');
  return { clientKey, storedKey: sha256(clientKey), serverKey };
}

export function newSalt(): Buffer {
  return randomBytes(SALT_BYTES);
}

export function hmac(key: Buffer, text: string): Buffer {
  return hmacSha256(key, Buffer.from(text, 'utf8'));
}

/** For two buffers of one length. */
export function xor(a: Buffer, b: Buffer): Buffer {
  const result = Buffer.from(a);
  for (let i = 0; i < result.length; i++) result[i] = (result[i] ?? 0) ^ (b[i] ?? 0);
  return result;
}
