import type { CallerIdentity, IdentityProver, IdentityVerdict } from '@pgweir/aws';
import type { Clock, GiveUp, PasswordClaim, PasswordVerdict } from '@pgweir/pooler';
import { sourceOf } from './client-source';
import { mayBe } from './iam-map';
import type { IamOptions } from './iam-options';
import type { IamProver } from './iam-verifier';
import { awsLibrary } from './library';

/** Lets in who brings a signed request to STS, if STS knows who has signed it, and the map as well. */
export class StsIdentities implements IamProver {
  readonly #clock: Clock;
  readonly #endpoint: string;
  #prover: IdentityProver | undefined;

  /** `endpoint`: a URL of what answers for STS; empty: STS does. */
  constructor(clock: Clock, endpoint: string) {
    this.#clock = clock;
    this.#endpoint = endpoint;
  }

  isFor(token: string): boolean {
    return awsLibrary().isIdentityToken(token);
  }

  verify(
    claim: PasswordClaim,
    options: IamOptions,
    decided: (verdict: PasswordVerdict) => void,
  ): GiveUp {
    const { password, address, user } = claim;
    const { rules, map } = options;
    const accepts = ({ arn }: CallerIdentity): boolean => mayBe(arn, user, map);
    return this.#library().prove(
      { token: password, address: sourceOf(address), rules, accepts },
      (verdict) => decided(judged(verdict, user, options)),
    );
  }

  /** Begun where IAM is used, and not before. */
  #library(): IdentityProver {
    if (this.#prover !== undefined) return this.#prover;
    const { IdentityProver, StsClient } = awsLibrary();
    const sts = new StsClient({ clock: this.#clock, endpoint: this.#endpoint });
    this.#prover = new IdentityProver({ sts, clock: this.#clock });
    return this.#prover;
  }
}

function judged(
  verdict: IdentityVerdict,
  user: string,
  { map, mapName }: IamOptions,
): PasswordVerdict {
  if (verdict.kind === 'refused') return verdict;
  const { arn } = verdict.identity;
  if (mayBe(arn, user, map)) return { kind: 'accepted', identity: arn };
  return { kind: 'refused', why: `${arn} may not be this user (map ${mapName})` };
}
