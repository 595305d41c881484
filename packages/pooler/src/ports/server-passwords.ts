import type { DatabaseName, UserName } from './names';

/** A login to PostgreSQL that is about to begin. */
export interface ServerLogin {
  /** The entry of the configuration. */
  readonly database: DatabaseName;
  /** Of the pool. */
  readonly user: UserName;
  /** As the configuration or the topology writes it. */
  readonly host: string;
  readonly port: number;
}

/** What one login is made with. Secret. */
export interface ServerPassword {
  readonly kind: 'password';
  readonly password: string;
  /** Log in as this one instead of the user of the pool. */
  readonly user?: string;
  /** May be sent only where the server has proved by a certificate whose name fits that it is the one. */
  readonly needsVerifiedTls?: true;
}

/** There is none. */
export interface NoServerPassword {
  readonly kind: 'none';
  /** Names no secret, and nothing that is nobody's business: clients that wait get it with 28000. */
  readonly reason: string;
  readonly hint?: string;
  /** Without secrets: stands in the log instead of `reason`. */
  readonly loggedReason?: string;
}

export type ServerPasswordAnswer = ServerPassword | NoServerPassword;

/** One login and its password. After the answer one of the three is called. */
export interface PasswordTry {
  /** The login ends before the answer has come, or for a reason that says nothing about the password. */
  giveUp(): void;
  /** PostgreSQL let us in. */
  accepted(): void;
  /**
   * PostgreSQL refused the password (28P01, 28000). Calls `decided` once, possibly within this call, and
   * bounds its own work: `another` says whether there is another one, so that one more login at once
   * makes sense.
   */
  refused(decided: (another: boolean) => void): void;
}

/** Passwords that are made or fetched for each login: tokens of IAM, what a secret store has. */
export interface ServerPasswords {
  /**
   * Begins to find the password for a login. `answer` is called once, possibly within this call, unless
   * it is given up. Bounds its own work.
   *
   * @returns undefined when such logins are none of its business: `answer` will not be called
   */
  begin(
    login: ServerLogin,
    answer: (answer: ServerPasswordAnswer) => void,
  ): PasswordTry | undefined;

  /**
   * It is known, without asking anybody, that `begin` would answer `none` until somebody brings a
   * password. Absent: never so.
   */
  lacks?(login: ServerLogin): boolean;
}
