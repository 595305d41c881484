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
 * (where only a verifier is known) or the clear password. Used for the links of that client's own user
 * only. Holds secrets: never logged.
 */
export class ServerKeys {
  #clientKey: Buffer | undefined;
  #password: string | undefined;

  learnClientKey(clientKey: Buffer): void {
    this.#clientKey = clientKey;
  }

  learnPassword(password: string): void {
    this.#password = password;
  }

  /** The best proof, given what is configured for the user. */
  proofFor(secret: StoredSecret | undefined): ServerProof {
    if (secret?.kind === 'plain') return { kind: 'password', password: secret.password };
    if (this.#password !== undefined) return { kind: 'password', password: this.#password };
    if (secret?.kind === 'md5') return { kind: 'md5', hash: secret.hash };
    if (secret?.kind !== 'scram' || this.#clientKey === undefined) return { kind: 'none' };
    // The verifier may have been replaced by a reload since that login.
    const storedKey = createHash('sha256').update(this.#clientKey).digest();
    if (!timingSafeEqual(storedKey, secret.storedKey)) return { kind: 'none' };
    return { kind: 'scramKeys', clientKey: this.#clientKey, serverKey: secret.serverKey };
  }

  /** Passwords may have changed. */
  forgetPassword(): void {
    this.#password = undefined;
  }
}
