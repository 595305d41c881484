import type {
  Clock,
  PasswordTry,
  ServerLogin,
  ServerPasswordAnswer,
  ServerPasswords,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import type { KeptSecret } from './kept-secret';
import { type Candidate, Ladder } from './ladder';
import { databaseSecret, isOf, type SecretOf, userSecret } from './uses';

/** Of ladders whose state is worth keeping; the oldest goes first. */
const LADDERS_MAX = 1_000;

const UNREADABLE: ServerPasswordAnswer = {
  kind: 'none',
  reason: 'the secret with its password cannot be read now',
};

interface SecretServerPasswordsNeeds {
  readonly config: () => DaemonConfig;
  readonly kept: ReadonlyMap<string, KeptSecret>;
  readonly clock: Clock;
}

/** Passwords for logins to PostgreSQL that secrets have. */
export class SecretServerPasswords implements ServerPasswords {
  readonly #needs: SecretServerPasswordsNeeds;
  /** By entry, user and server: passwords are changed in one cluster, and later on its replicas. */
  readonly #ladders = new Map<string, Ladder>();

  constructor(needs: SecretServerPasswordsNeeds) {
    this.#needs = needs;
  }

  begin(
    login: ServerLogin,
    answer: (answer: ServerPasswordAnswer) => void,
  ): PasswordTry | undefined {
    const source = this.#sourceOf(login);
    if (source === undefined) return undefined;
    if (source.secret.known !== undefined) return this.#ladder(login).begin(answer);
    return this.#whenRead(source, login, answer);
  }

  /** At the start, and when a reload has brought a secret: it is on its way, or cannot be had. */
  #whenRead(
    { secret }: SecretOf,
    login: ServerLogin,
    answer: (answer: ServerPasswordAnswer) => void,
  ): PasswordTry {
    let inner: PasswordTry | undefined;
    let leave: () => void = () => undefined;
    if (secret.fault !== undefined) answer(UNREADABLE);
    else {
      leave = secret.renew({ thorough: false }, () => {
        if (secret.known === undefined) answer(UNREADABLE);
        else inner = this.#ladder(login).begin(answer);
      });
    }
    return {
      giveUp: () => {
        leave();
        inner?.giveUp();
      },
      accepted: () => inner?.accepted(),
      refused: (decided) => (inner === undefined ? decided(false) : inner.refused(decided)),
    };
  }

  /** undefined: what has to be known of this user is known elsewhere. */
  #sourceOf({ database, user }: ServerLogin): SecretOf | undefined {
    const { kept } = this.#needs;
    const config = this.#needs.config();
    const ofDatabase = databaseSecret(config, kept, database);
    if (ofDatabase?.holder === user) return ofDatabase;
    if (ofDatabase !== undefined && candidatesOf(ofDatabase, user).length > 0) return ofDatabase;
    return userSecret(config, kept, user);
  }

  #ladder(login: ServerLogin): Ladder {
    const { database, user, host, port } = login;
    const key = JSON.stringify([database, user, host, port]);
    const known = this.#ladders.get(key);
    if (known !== undefined) return known;
    if (this.#ladders.size >= LADDERS_MAX) this.#dropOldest();
    const ladder = new Ladder({
      clock: this.#needs.clock,
      candidates: () => {
        const source = this.#sourceOf(login);
        return source === undefined ? [] : candidatesOf(source, user);
      },
      renew: (done) => {
        const source = this.#sourceOf(login);
        if (source === undefined) this.#needs.clock.after(0, done);
        else source.secret.renew({ thorough: true }, done);
      },
    });
    this.#ladders.set(key, ladder);
    return ladder;
  }

  #dropOldest(): void {
    for (const [key, ladder] of this.#ladders) {
      if (!ladder.isIdle) continue;
      this.#ladders.delete(key);
      return;
    }
  }
}

/**
 * In the order in which they are tried. The user of an entry of `[databases]` may be another one for each
 * version, where two of them take turns; that of `[users]` is always the one that the entry names.
 */
function candidatesOf({ secret, holder, mayDiffer }: SecretOf, user: string): readonly Candidate[] {
  const { known } = secret;
  if (known === undefined) return [];
  const { current, pending, previous } = known;
  const all = [current, pending, previous].filter((value) => value !== undefined);
  return all
    .filter((value) => (mayDiffer && holder === user) || isOf(value, user, holder))
    .map((value) => ({ user: value.user ?? user, password: value.password }));
}
