import { createHash } from 'node:crypto';
import { decodeBase64 } from './base64';
import { deriveKeysSync, newSalt } from './scram-keys';

/**
 * What is known of a role's password. `scram` is a verifier as in `pg_authid`; `md5` holds the whole
 * `md5…` text; `none` knows the role but has no usable password.
 */
export type StoredSecret =
  | {
      readonly kind: 'plain';
      readonly password: string;
      /** Another one that is good as well: the one before, for a while. */
      readonly previous?: string | undefined;
    }
  | { readonly kind: 'md5'; readonly hash: string }
  | ScramSecret
  | { readonly kind: 'none' };

export type ScramSecret = {
  readonly kind: 'scram';
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
};

const SCRAM_VERIFIER = /^SCRAM-SHA-256\$(\d{1,10}):([^$:]+)\$([^$:]+):([^$:]+)$/;
const MD5_HASH = /^md5[0-9a-f]{32}$/;
const SHA256_BYTES = 32;
/** What PostgreSQL and node:crypto can count to. */
const ITERATIONS_MAX = 0x7fffffff;

/**
 * Reads a password as `pg_authid` and `auth_file` hold it. A text that only resembles an MD5 hash or a
 * SCRAM verifier is a plain password, as in PostgreSQL.
 */
export function parseSecret(text: string): StoredSecret {
  if (text === '') return { kind: 'none' };
  if (MD5_HASH.test(text)) return { kind: 'md5', hash: text };
  return parseVerifier(text) ?? { kind: 'plain', password: text };
}

function parseVerifier(text: string): ScramSecret | undefined {
  const [, iterationsText = '', saltText = '', storedText = '', serverText = ''] =
    SCRAM_VERIFIER.exec(text) ?? [];
  const iterations = Number(iterationsText);
  const salt = decodeBase64(saltText);
  const storedKey = decodeBase64(storedText);
  const serverKey = decodeBase64(serverText);
  if (iterations < 1 || iterations > ITERATIONS_MAX || salt === undefined) return undefined;
  if (storedKey?.length !== SHA256_BYTES || serverKey?.length !== SHA256_BYTES) return undefined;
  return { kind: 'scram', iterations, salt, storedKey, serverKey };
}

/** The text of a verifier, as `pg_authid` holds it. */
export function formatScramSecret(secret: ScramSecret): string {
  const [salt, stored, server] = [secret.salt, secret.storedKey, secret.serverKey].map((bytes) =>
    bytes.toString('base64'),
  );
  return `SCRAM-SHA-256$${secret.iterations}:${salt}$${stored}:${server}`;
}

/**
 * The verifier of a password. Blocks for the whole derivation (about a millisecond for 4096 iterations),
 * so the caller keeps the result.
 *
 * @param salt random when not given. A daemon that also mocks unknown users should give one that
 *   stays the same from login to login (`scramSalt`), or the change of salts tells known from unknown.
 */
export function scramSecretFor(
  password: string,
  { iterations, salt = newSalt() }: { readonly iterations: number; readonly salt?: Buffer },
): ScramSecret {
  const { storedKey, serverKey } = deriveKeysSync(password, salt, iterations);
  return { kind: 'scram', iterations, salt, storedKey, serverKey };
}

/** The `md5…` form of a password: the user's name is its salt. */
export function md5Hash(password: string, user: string): string {
  return `md5${createHash('md5').update(password).update(user).digest('hex')}`;
}
