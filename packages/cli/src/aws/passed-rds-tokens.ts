import type { PassedTokens, ProvenToken } from '@pgweir/aws';
import {
  type Clock,
  databaseName,
  type GiveUp,
  type PasswordClaim,
  type PasswordTry,
  type PasswordVerdict,
  type PoolerSettings,
  type ProofLogins,
  type ServerLogin,
  type ServerPasswordAnswer,
  type TopologySource,
} from '@pgweir/pooler';
import { CONSOLE_NAMES } from '../config/settings/names';
import { sourceOf } from './client-source';
import type { IamOptions } from './iam-options';
import type { IamProver } from './iam-verifier';
import { awsLibrary } from './library';
import { identityOf } from './server-identity';

interface Needs {
  /** Today's. */
  readonly settings: () => PoolerSettings;
  readonly topology: TopologySource;
  readonly clock: Clock;
  readonly proofs: () => ProofLogins;
  /** Told of each that was proven here. Absent: nobody else serves the same clients. */
  readonly proven?: ((token: ProvenToken) => void) | undefined;
}

/** The entry for all other databases. */
const FALLBACK = databaseName('*');

/** Tokens for RDS that clients send, where `server_auth = iam-passthrough` lets them through. */
export class PassedRdsTokens implements IamProver {
  readonly #needs: Needs;
  #passed: PassedTokens | undefined;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  isFor(token: string): boolean {
    return awsLibrary().looksLikeRdsToken(token);
  }

  /** As `ClientVerifier` has it. */
  verify(
    { database, user, password, address }: PasswordClaim,
    _options: IamOptions,
    decided: (verdict: PasswordVerdict) => void,
  ): GiveUp {
    const settings = this.#needs.settings();
    // The entry `*` is for databases of PostgreSQL: whoever is let in there is no administrator by that.
    if (CONSOLE_NAMES.includes(database)) {
      decided({ kind: 'refused', why: 'RDS tokens are for databases, and not for the console' });
      return () => undefined;
    }
    const { forcedUser = user } =
      settings.databases.get(database) ?? settings.fallbackDatabase ?? {};
    // Links are those of the user that they log in as.
    if (identityOf(settings, { database, user: forcedUser }).auth !== 'iam-passthrough') {
      const why = 'RDS tokens are for databases with server_auth = iam-passthrough only';
      decided({ kind: 'refused', why });
      return () => undefined;
    }
    const entry = settings.databases.get(database);
    const servers = this.#needs.topology.current.servers;
    return this.#tokens().verify(
      {
        ...{ database, user, token: password, source: sourceOf(address) },
        serverName: (entry ?? settings.fallbackDatabase)?.dbname ?? database,
        servers: servers.get(entry === undefined ? FALLBACK : database) ?? [],
      },
      decided,
    );
  }

  /** Another worker has had it proven. */
  heard(token: ProvenToken): void {
    this.#tokens().heard(token);
  }

  /** As `ServerPasswords` has it. */
  begin(login: ServerLogin, answer: (answer: ServerPasswordAnswer) => void): PasswordTry {
    return this.#tokens().begin(login, answer);
  }

  /** As `ServerPasswords` has it. */
  lacks(login: ServerLogin): boolean {
    return this.#tokens().lacks(login);
  }

  #tokens(): PassedTokens {
    const { clock, proofs, proven } = this.#needs;
    if (this.#passed === undefined) {
      const { PassedTokens } = awsLibrary();
      const prove: ProofLogins['prove'] = (wanted, done) => proofs().prove(wanted, done);
      this.#passed = new PassedTokens({ clock, prove, ...(proven && { proven }) });
    }
    return this.#passed;
  }
}
