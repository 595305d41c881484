import { createHmac, randomBytes } from 'node:crypto';
import type {
  CredentialSource,
  DatabaseName,
  GiveUp,
  StoredSecret,
  UserName,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import type { KeptSecret } from './kept-secret';
import { databaseSecret, isOf, type SecretOf, secretIn, userSecret } from './uses';

interface ClientPasswordsNeeds {
  readonly config: () => DaemonConfig;
  readonly kept: ReadonlyMap<string, KeptSecret>;
}

/** What clients are checked against: what their secrets have, and the `auth_file` for all others. */
export class ClientPasswords implements CredentialSource {
  readonly #needs: ClientPasswordsNeeds;
  /** Nobody outside knows which secret is read for the sake of which unknown user. */
  readonly #key = randomBytes(32);

  constructor(needs: ClientPasswordsNeeds) {
    this.#needs = needs;
  }

  lookup(user: UserName, database: DatabaseName): StoredSecret | undefined {
    const { kept } = this.#needs;
    const config = this.#needs.config();
    const ofDatabase = databaseSecret(config, kept, database);
    const found = ofDatabase && storedIn(ofDatabase, user);
    if (found !== undefined) return found;
    const ofUser = userSecret(config, kept, user);
    // Whoever has a secret has no other password.
    if (ofUser !== undefined) return storedIn(ofUser, user) ?? { kind: 'none' };
    return config.credentials.lookup(user);
  }

  /**
   * An unknown user may be the one that the secret of the database names by now. For one without a secret
   * of its own that of another user is read, so that the time does not tell who has one.
   */
  renew(user: UserName, database: DatabaseName, renewed: () => void): GiveUp | undefined {
    const { kept } = this.#needs;
    const config = this.#needs.config();
    const secrets = new Set(
      [
        databaseSecret(config, kept, database)?.secret,
        userSecret(config, kept, user)?.secret ?? this.#decoy(user),
      ].filter((secret) => secret !== undefined),
    );
    if (secrets.size === 0) return undefined;
    let left = secrets.size;
    const one = (): void => {
      left--;
      if (left === 0) renewed();
    };
    const leave = [...secrets].map((secret) => secret.renew({ thorough: false }, one));
    return () => {
      for (const giveUp of leave) giveUp();
    };
  }

  lacks(database: DatabaseName): boolean {
    const { kept } = this.#needs;
    const config = this.#needs.config();
    const ofDatabase = databaseSecret(config, kept, database);
    if (ofDatabase?.secret.isAwaited === true) return true;
    return this.#ofUsers().some(({ isAwaited }) => isAwaited);
  }

  #ofUsers(): readonly KeptSecret[] {
    const { kept } = this.#needs;
    const config = this.#needs.config();
    return [...config.pooler.users.values()]
      .map((entry) => secretIn(entry, config, kept))
      .filter((secret) => secret !== undefined);
  }

  #decoy(user: UserName): KeptSecret | undefined {
    const secrets = this.#ofUsers();
    const number = createHmac('sha256', this.#key).update(user).digest().readUInt32BE();
    return secrets[number % Math.max(1, secrets.length)];
  }
}

/** Never what is only to be the password: nobody has said yet that clients may use it. */
function storedIn({ secret, holder }: SecretOf, user: UserName): StoredSecret | undefined {
  const { known, overlapLeftMs } = secret;
  if (known === undefined) return holder === user ? { kind: 'none' } : undefined;
  const { current, previous } = known;
  const good = [current, ...(previous !== undefined && overlapLeftMs > 0 ? [previous] : [])];
  const [first, second] = good.filter((value) => isOf(value, user, holder));
  if (first !== undefined) {
    return { kind: 'plain', password: first.password, previous: second?.password };
  }
  return holder === user ? { kind: 'none' } : undefined;
}
