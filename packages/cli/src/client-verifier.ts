import {
  type ClientVerifier,
  type GiveUp,
  type PasswordClaim,
  type PasswordVerdict,
  StoredSecretVerifier,
} from '@pgweir/pooler';

/** Passes each claim to whoever judges its kind: what is stored, a directory, or IAM. */
export class VerifierDesk implements ClientVerifier {
  readonly #stored = new StoredSecretVerifier();
  readonly #others: Readonly<Record<'directory' | 'iam', ClientVerifier>>;

  constructor(others: Readonly<Record<'directory' | 'iam', ClientVerifier>>) {
    this.#others = others;
  }

  verify(claim: PasswordClaim, decided: (verdict: PasswordVerdict) => void): GiveUp {
    const { kind } = claim.judge;
    return (kind === 'secret' ? this.#stored : this.#others[kind]).verify(claim, decided);
  }
}
