import { createHash, timingSafeEqual } from 'node:crypto';
import type { StoredSecret } from '../ports/credential-source';

/** What a link can prove itself with to PostgreSQL. */
export type ServerProof =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'md5'; readonly hash: string }
  | { readonly kind: 'scramKeys'; readonly clientKey: Buffer; readonly serverKey: Buffer }
  | { readonly kind: 'none' };

/**
 * Keeps what a client's login has shown us and the configuration does not say: the SCRAM client key
 * (where only a verifier is known), the clear password, or the secret that auth_query has found. Used
 * for the links of that client's own user only. Holds secrets: never logged.
 */
export class ServerKeys {
  #clientKey: Buffer | undefined;
  #password: string | undefined;
  /** A directory has accepted the password: no file says whether it still holds. */
  #byDirectory = false;
  #found: StoredSecret | undefined;

  /**
   * What auth_query says of the user now. What was learned with another secret is forgotten.
   *
   * @returns whether it differs from what it said last
   */
  learnSecret(secret: StoredSecret): boolean {
    const before = this.#found;
    if (before !== undefined && isSameSecret(before, secret)) return false;
    this.#found = secret;
    this.#password = undefined;
    return before !== undefined;
  }

  learnClientKey(clientKey: Buffer): void {
    this.#clientKey = clientKey;
  }

  learnPassword(password: string, { byDirectory = false } = {}): void {
    this.#password = password;
    this.#byDirectory = byDirectory;
  }

  /** The best proof, given what is configured for the user; undefined: auth_query may know more. */
  proofFor(configured: StoredSecret | undefined): ServerProof {
    const secret = configured ?? this.#found;
    if (secret?.kind === 'plain') return { kind: 'password', password: secret.password };
    if (this.#password !== undefined) return { kind: 'password', password: this.#password };
    if (secret?.kind === 'md5') return { kind: 'md5', hash: secret.hash };
    if (secret?.kind !== 'scram' || this.#clientKey === undefined) return { kind: 'none' };
    // The verifier may have been replaced by a reload since that login.
    const storedKey = createHash('sha256').update(this.#clientKey).digest();
    if (!timingSafeEqual(storedKey, secret.storedKey)) return { kind: 'none' };
    return { kind: 'scramKeys', clientKey: this.#clientKey, serverKey: secret.serverKey };
  }

  /**
   * The configuration has been read again, and says `configured` of the user. A password that was proven
   * against what auth_query has found, or to a directory, is no concern of it.
   */
  forgetPassword(configured: StoredSecret | undefined): void {
    if (configured !== undefined) this.#found = undefined;
    const byDirectory = this.#byDirectory && configured === undefined;
    if (this.#found === undefined && !byDirectory) this.#password = undefined;
  }
}

function isSameSecret(a: StoredSecret, b: StoredSecret): boolean {
  if (a.kind === 'plain') return b.kind === 'plain' && a.password === b.password;
  if (a.kind === 'md5') return b.kind === 'md5' && a.hash === b.hash;
  if (a.kind === 'none') return b.kind === 'none';
  return b.kind === 'scram' && a.storedKey.equals(b.storedKey) && a.serverKey.equals(b.serverKey);
}
