import { createHash } from 'node:crypto';
import { equalTexts } from './constant-time';
import { md5Hash, type StoredSecret } from './secret';

/**
 * The answer to an MD5 challenge.
 *
 * @param secretHash the `md5…` form of the password (`md5Hash`)
 * @param salt the four bytes of the challenge
 */
export function md5Response(secretHash: string, salt: Buffer): string {
  return `md5${createHash('md5').update(secretHash.slice(3)).update(salt).digest('hex')}`;
}

/**
 * Whether `response` answers the challenge `salt`, in constant time. Never for a SCRAM verifier, from
 * which the MD5 hash cannot be had; then and for `none` the work is the same.
 */
export function md5ResponseMatches(
  secret: StoredSecret,
  user: string,
  { salt, response }: { readonly salt: Buffer; readonly response: string },
): boolean {
  const fits = hashesOf(secret, user).map((hash) => equalTexts(response, md5Response(hash, salt)));
  const known = secret.kind === 'plain' || secret.kind === 'md5';
  return known && fits.includes(true);
}

/** Always two, so that the time does not tell who has two passwords. */
function hashesOf(secret: StoredSecret, user: string): readonly [string, string] {
  if (secret.kind === 'md5') return [secret.hash, secret.hash];
  const current = secret.kind === 'plain' ? secret.password : '';
  const previous = secret.kind === 'plain' ? (secret.previous ?? current) : '';
  return [md5Hash(current, user), md5Hash(previous, user)];
}
