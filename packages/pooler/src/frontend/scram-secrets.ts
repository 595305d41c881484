import {
  mockScramSecret,
  type ScramSecret,
  type ScramVerifiers,
  scramSalt,
  scramSecretFor,
} from '@pgweir/protocol';
import type { StoredSecret } from '../ports/credential-source';
import type { UserName } from '../ports/names';

/** Kept secrets; the oldest goes first. */
const SECRETS_MAX = 10_000;

/**
 * SCRAM verifiers for logins. For a role of which the plain password is known, one is derived once (it
 * costs milliseconds) with a salt that stays the same; for a role without a usable secret there is a
 * mock one, so that a stranger can't tell the two apart.
 */
export class ScramSecrets {
  /** By user, password and iterations. */
  readonly #kept = new Map<string, ScramSecret>();
  readonly #key: Buffer;

  /** `key` is the secret from which salts derive: the same in all workers and after a restart. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** What may fit in a login of `user`, real or mock. */
  verifiersFor(
    user: UserName,
    stored: StoredSecret | undefined,
    iterations: number,
  ): ScramVerifiers {
    if (stored?.kind === 'scram') return { secret: stored };
    if (stored?.kind !== 'plain') return { secret: mockScramSecret(user, this.#key, iterations) };
    const derived = (password: string) => this.#derived(user, password, iterations);
    const { password, previous } = stored;
    return {
      secret: derived(password),
      previous: previous === undefined ? undefined : derived(previous),
    };
  }

  #derived(user: UserName, password: string, iterations: number): ScramSecret {
    const name = `${user}\0${iterations}\0${password}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const salt = scramSalt(user, this.#key);
    const derived = scramSecretFor(password, { iterations, salt });
    if (this.#kept.size >= SECRETS_MAX) {
      const oldest = this.#kept.keys().next();
      if (oldest.done !== true) this.#kept.delete(oldest.value);
    }
    this.#kept.set(name, derived);
    return derived;
  }
}
