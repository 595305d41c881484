import type { ErrorFields } from '@pgweir/protocol';
import type { GiveUp } from './client-verifier';
import type { DatabaseName, UserName } from './names';

/** A password that PostgreSQL is to judge. */
export interface ProofWanted {
  /** The entry of the configuration. */
  readonly database: DatabaseName;
  readonly user: UserName;
  /** One of the database's: no other is asked. */
  readonly server: { readonly host: string; readonly port: number };
  /** Secret. Sent only where the server has proved by a certificate who it is. */
  readonly password: string;
}

/** `reason` is for the log and names no secret. */
export type ProofResult =
  | { readonly kind: 'proven' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** PostgreSQL has not judged. `error`: for the client. */
  | { readonly kind: 'failed'; readonly error: ErrorFields; readonly reason: string };

/** Proves passwords by logging in with them. */
export interface ProofLogins {
  /**
   * Queues for a permit like any link, and logs in once; a link that comes of it stays in the user's pool.
   * Calls `done` once and not within this call. Giving up ends it at once, with `failed`, unless the login
   * has begun: then that is the last one, whatever it comes to.
   */
  prove(wanted: ProofWanted, done: (result: ProofResult) => void): GiveUp;
}
