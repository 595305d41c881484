import { equalBytes, equalTexts } from './constant-time';
import { deriveKeysSync } from './scram-keys';
import { md5Hash, type StoredSecret } from './secret';

/**
 * Whether a password that came in clear is the right one, compared in constant time. For a SCRAM
 * verifier it blocks for the whole derivation (about a millisecond for 4096 iterations).
 */
export function passwordMatches(secret: StoredSecret, user: string, password: string): boolean {
  switch (secret.kind) {
    case 'plain': {
      const { password: current, previous = current } = secret;
      const fits = [equalTexts(password, current), equalTexts(password, previous)];
      return fits.includes(true);
    }
    case 'md5':
      return equalTexts(md5Hash(password, user), secret.hash);
    case 'scram': {
      const { serverKey } = deriveKeysSync(password, secret.salt, secret.iterations);
      return equalBytes(serverKey, secret.serverKey);
    }
    case 'none':
      return false;
    default:
      return unreachable(secret);
  }
}

function unreachable(secret: never): never {
  throw new Error(`unknown kind of secret: ${JSON.stringify(secret)}`);
}
