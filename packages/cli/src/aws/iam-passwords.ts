import type {
  PasswordTry,
  PoolerSettings,
  ServerLogin,
  ServerPasswordAnswer,
  ServerPasswords,
} from '@pgweir/pooler';
import { reasonOf } from '../system-error';
import type { PassedRdsTokens } from './passed-rds-tokens';
import { rdsTokenMaker } from './rds-tokens';
import { identityOf, type PoolIdentity } from './server-identity';

/** What AWS has said is not for clients: it names accounts, roles and hosts. */
const NO_TOKEN = { kind: 'none', reason: 'no RDS token could be made' } as const;

interface Needs {
  /** Today's. */
  readonly settings: () => PoolerSettings;
  readonly passed: PassedRdsTokens;
}

/** Passwords for links where `server_auth` says that they are tokens. */
export class IamPasswords implements ServerPasswords {
  readonly #needs: Needs;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  begin(
    login: ServerLogin,
    answer: (answer: ServerPasswordAnswer) => void,
  ): PasswordTry | undefined {
    const identity = identityOf(this.#needs.settings(), login);
    switch (identity.auth) {
      case 'password':
        return undefined;
      case 'iam':
        return makeToken(login, identity, answer);
      case 'iam-passthrough':
        return this.#needs.passed.begin(login, answer);
    }
  }

  lacks(login: ServerLogin): boolean {
    const { settings, passed } = this.#needs;
    return identityOf(settings(), login).auth === 'iam-passthrough' && passed.lacks(login);
  }
}

/** One for this login alone: for its server and its user. */
function makeToken(
  { host, port, user }: ServerLogin,
  { region, role }: PoolIdentity,
  answer: (answer: ServerPasswordAnswer) => void,
): PasswordTry {
  const wanted = { host, port, user, region, role };
  let isWanted = true;
  const found = (found: ServerPasswordAnswer): void => {
    if (isWanted) answer(found);
  };
  make(wanted).then(
    (password) => found({ kind: 'password', password, needsVerifiedTls: true }),
    (error: unknown) => found({ ...NO_TOKEN, loggedReason: reasonOf(error) }),
  );
  return {
    giveUp: () => {
      isWanted = false;
    },
    accepted: () => undefined,
    refused: (decided) => {
      rdsTokenMaker().refused(wanted);
      // Another one would say the same. The gate of the pool decides when one is tried.
      decided(false);
    },
  };
}

/** Rejects also where the library is not there. */
async function make(
  wanted: Parameters<ReturnType<typeof rdsTokenMaker>['make']>[0],
): Promise<string> {
  return await rdsTokenMaker().make(wanted);
}
