import { passwordMatches } from '@pgweir/protocol';
import type { ClientVerifier, PasswordClaim } from '../ports/client-verifier';

/** Checks a clear-text password against the stored secret. */
export class StoredSecretVerifier implements ClientVerifier {
  verify({ stored, user, password }: PasswordClaim, decided: (accepted: boolean) => void): void {
    decided(passwordMatches(stored ?? { kind: 'none' }, user, password));
  }
}
