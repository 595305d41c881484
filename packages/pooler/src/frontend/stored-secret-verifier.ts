import { passwordMatches } from '@pgweir/protocol';
import type {
  ClientVerifier,
  GiveUp,
  PasswordClaim,
  PasswordVerdict,
} from '../ports/client-verifier';

/** Checks a clear-text password against the stored secret. Knows nobody else who could judge it. */
export class StoredSecretVerifier implements ClientVerifier {
  verify(
    { judge, user, password }: PasswordClaim,
    decided: (verdict: PasswordVerdict) => void,
  ): GiveUp {
    if (judge.kind !== 'secret') {
      decided({ kind: 'refused', why: 'there is nobody who could judge it' });
    } else if (passwordMatches(judge.stored ?? { kind: 'none' }, user, password)) {
      decided({ kind: 'accepted' });
    } else decided({ kind: 'refused', why: '' });
    return nothingToGiveUp;
  }
}

function nothingToGiveUp(): void {
  // All is decided already.
}
