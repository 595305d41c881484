/**
 * Versions of a secret while its password is changed: what holds, what will hold and may already do so
 * at the database, and what held before.
 */
export type SecretStage = 'current' | 'pending' | 'previous';

export interface SecretVersion {
  /** Another one for another version; not a secret. */
  readonly id: string;
  /** The secret as the store has it. */
  readonly text: string;
  /** Wall clock milliseconds since 1970; undefined: the store does not say. */
  readonly createdAtMs: number | undefined;
}

/**
 * Why a secret could not be read.
 * - `missing`: there is none, or it is about to be deleted
 * - `denied`: this process may not read or decrypt it, or has no credentials
 * - `throttled`: the store was asked too often
 * - `unusable`: it is there, and not a text of a size that a password can have; or its reader is not there
 * - `unreachable`: no answer, or none that makes sense
 */
export type SecretFault = 'missing' | 'denied' | 'throttled' | 'unusable' | 'unreachable';

export type SecretReading =
  | { readonly kind: 'read'; readonly version: SecretVersion }
  /** The secret has no version of this stage now. */
  | { readonly kind: 'none' }
  /** `reason` is for the log, and names no secret. */
  | { readonly kind: 'failed'; readonly why: SecretFault; readonly reason: string };

/** One secret of a secret store. */
export interface SecretStore {
  /** It knows versions of all stages. False: only the current one, and others are `none`. */
  readonly hasStages: boolean;
  /** Never rejects, and ends soon after `signal` has been aborted. */
  read(stage: SecretStage, signal: AbortSignal): Promise<SecretReading>;
  /**
   * Calls `changed` whenever the secret may have changed. Absent: nobody tells, it has to be read.
   *
   * @returns the way to stop
   */
  watch?(changed: () => void): () => void;
}
