import type { ErrorFields } from '@pgweir/protocol';
import type { StoredSecret } from './credential-source';
import type { DatabaseName, UserName } from './names';

/** Which directory decides, and how it is asked: understood by the verifier that comes with it only. */
export type DirectoryOptions = object;

/** Whose tokens of IAM are accepted, and as whom: understood by the verifier that comes with it only. */
export type IamOptions = object;

/** What a password has to be right by. */
export type PasswordJudge =
  /** What is stored of the user's password; undefined: the user is not known. */
  | { readonly kind: 'secret'; readonly stored: StoredSecret | undefined }
  | { readonly kind: 'directory'; readonly options: DirectoryOptions | undefined }
  /** The password is a token. It proves who the client is, and is no password of anything. */
  | { readonly kind: 'iam'; readonly options: IamOptions | undefined };

/** A client that has sent its password in clear text and wants to be believed. */
export interface PasswordClaim {
  readonly database: DatabaseName;
  readonly user: UserName;
  /** Never empty. */
  readonly password: string;
  readonly judge: PasswordJudge;
  /** The client's IP address, or `unix`. */
  readonly address: string;
}

export type PasswordVerdict =
  /** `identity`: by which other name the client is known there, for the log. */
  | { readonly kind: 'accepted'; readonly identity?: string }
  /**
   * `why` is for the log only, and names no password; empty: the password is wrong. `isBusy`: nobody has
   * looked at it, since there are too many.
   */
  | { readonly kind: 'refused'; readonly why: string; readonly isBusy?: boolean }
  /** Nobody could be asked. `error`: what the client is told. */
  | { readonly kind: 'undecided'; readonly error: ErrorFields; readonly why: string };

/** Stops asking; nothing is decided any more. May be called at any time, and more than once. */
export type GiveUp = () => void;

/**
 * Decides whether a clear-text password is right: against the stored secret, or LDAP, PAM, IAM.
 * Unknown users must cost the same time as known ones with a wrong password.
 */
export interface ClientVerifier {
  /**
   * Calls `decided` at most once, possibly within this call, and not after it was told to give up.
   * Bounds its own work, and may leave a claim waiting as long as nobody gives up.
   */
  verify(claim: PasswordClaim, decided: (verdict: PasswordVerdict) => void): GiveUp;
}
