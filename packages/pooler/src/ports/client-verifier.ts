import type { StoredSecret } from './credential-source';
import type { DatabaseName, UserName } from './names';

/** A client that has sent its password in clear text and wants to be believed. */
export interface PasswordClaim {
  readonly database: DatabaseName;
  readonly user: UserName;
  readonly password: string;
  /** What is stored of the user's password; undefined: the user is not known. */
  readonly stored: StoredSecret | undefined;
  /** The client's IP address, or `unix`. */
  readonly address: string;
}

/**
 * Decides whether a clear-text password is right: against the stored secret, or LDAP, PAM, IAM.
 * Unknown users must cost the same time as known ones with a wrong password.
 */
export interface ClientVerifier {
  /** Calls `decided` exactly once, possibly within this call. */
  verify(claim: PasswordClaim, decided: (accepted: boolean) => void): void;
}
