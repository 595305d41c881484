import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { Clock } from '@pgweir/pooler';
import { type AwsIdentity, CachedCredentials } from './cached-credentials';

/** A role to act in, instead of whoever this process is. */
export interface AssumedRole {
  readonly roleArn: string;
  readonly externalId?: string | undefined;
  /** Where STS is asked for it; undefined: as the environment says. */
  readonly region?: string | undefined;
}

/** As the trail of AWS names this process. */
const SESSION_NAME = 'pgweir';
const CONNECT_MS = 3_000;
const REQUEST_MS = 8_000;

/**
 * Who this process is at AWS: by the standard chain (environment, profile, web identity, container,
 * instance), or in roles that it may assume. Each identity is shared by all who sign in its name.
 */
export class AwsCredentials {
  readonly #clock: Clock;
  readonly #own: CachedCredentials;
  /** By role. As many as the configuration has. */
  readonly #roles = new Map<string, CachedCredentials>();

  constructor(clock: Clock) {
    this.#clock = clock;
    const chain = fromNodeProviderChain();
    this.#own = new CachedCredentials(
      ({ isRenewal }) => chain(isRenewal ? { forceRefresh: true } : undefined),
      clock,
    );
  }

  /** undefined: as the chain says. */
  of(role: AssumedRole | undefined): CachedCredentials {
    if (role === undefined) return this.#own;
    const key = JSON.stringify([role.roleArn, role.externalId, role.region]);
    const known = this.#roles.get(key);
    if (known !== undefined) return known;
    const assumed = new CachedCredentials(this.#assumes(role), this.#clock);
    this.#roles.set(key, assumed);
    return assumed;
  }

  #assumes({ roleArn, externalId, region }: AssumedRole): () => Promise<AwsIdentity> {
    const assume = fromTemporaryCredentials({
      masterCredentials: () => this.#own.get(),
      params: {
        RoleArn: roleArn,
        RoleSessionName: SESSION_NAME,
        ...(externalId === undefined ? {} : { ExternalId: externalId }),
      },
      clientConfig: {
        ...(region === undefined ? {} : { region }),
        maxAttempts: 2,
        requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS },
      },
    });
    return () => assume();
  }
}
