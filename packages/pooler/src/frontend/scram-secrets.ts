import { mockScramSecret, type ScramSecret, scramSalt, scramSecretFor } from '@pgweir/protocol';
import type { StoredSecret } from '../ports/credential-source';
import type { UserName } from '../ports/names';

/** Kept secrets; the oldest goes first. */
const SECRETS_MAX = 10_000;

interface Kept {
  readonly password: string;
  readonly iterations: number;
  readonly secret: ScramSecret;
}

/**
 * SCRAM verifiers for logins. For a role of which the plain password is known, one is derived once (it
 * costs milliseconds) with a salt that stays the same; for a role without a usable secret there is a
 * mock one, so that a stranger can't tell the two apart.
 */
export class ScramSecrets {
  readonly #kept = new Map<UserName, Kept>();
  readonly #key: Buffer;

  /** `key` is the secret from which salts derive: the same in all workers and after a restart. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The verifier for a login of `user`, real or mock. */
  secretFor(user: UserName, secret: StoredSecret | undefined, iterations: number): ScramSecret {
    if (secret?.kind === 'scram') return secret;
    if (secret?.kind !== 'plain') return mockScramSecret(user, this.#key, iterations);
    const kept = this.#kept.get(user);
    if (kept?.password === secret.password && kept.iterations === iterations) return kept.secret;
    const salt = scramSalt(user, this.#key);
    const derived = scramSecretFor(secret.password, { iterations, salt });
    if (this.#kept.size >= SECRETS_MAX) {
      const oldest = this.#kept.keys().next();
      if (oldest.done !== true) this.#kept.delete(oldest.value);
    }
    this.#kept.set(user, { password: secret.password, iterations, secret: derived });
    return derived;
  }
}
