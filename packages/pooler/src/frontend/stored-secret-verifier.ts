import { passwordMatches } from '@pgweir/protocol';
import type { ClientVerifier, PasswordClaim } from '../ports/client-verifier';
import type { CredentialSource } from '../ports/credential-source';

/** Checks a clear-text password against the stored secret. */
export class StoredSecretVerifier implements ClientVerifier {
  readonly #credentials: () => CredentialSource;

  /** `credentials` is asked anew each time, because a reload replaces the source. */
  constructor(credentials: () => CredentialSource) {
    this.#credentials = credentials;
  }

  verify(claim: PasswordClaim, decided: (accepted: boolean) => void): void {
    const secret = this.#credentials().lookup(claim.user) ?? { kind: 'none' as const };
    decided(passwordMatches(secret, claim.user, claim.password));
  }
}
