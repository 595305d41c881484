import type { ClientVerifier, GiveUp, PasswordClaim, PasswordVerdict } from '@pgweir/pooler';
import { IamOptions } from './iam-options';

/** Knows tokens of one kind. */
export interface IamProver {
  /** By the form alone, before anything of it is looked at. */
  isFor(token: string): boolean;
  /** As `ClientVerifier` says. */
  verify(
    claim: PasswordClaim,
    options: IamOptions,
    decided: (verdict: PasswordVerdict) => void,
  ): GiveUp;
}

/** Checks tokens of IAM: their form says who can prove them. */
export class IamVerifier implements ClientVerifier {
  readonly #provers: readonly IamProver[];

  constructor(provers: readonly IamProver[]) {
    this.#provers = provers;
  }

  verify(claim: PasswordClaim, decided: (verdict: PasswordVerdict) => void): GiveUp {
    const { judge, password } = claim;
    const options = judge.kind === 'iam' ? judge.options : undefined;
    if (!(options instanceof IamOptions)) return refused('IAM is not configured', decided);
    const prover = this.#provers.find((one) => one.isFor(password));
    if (prover !== undefined) return prover.verify(claim, options, decided);
    return refused('the password is no token of a kind that is known', decided);
  }
}

function refused(why: string, decided: (verdict: PasswordVerdict) => void): GiveUp {
  decided({ kind: 'refused', why });
  return () => undefined;
}
