import type { GiveUp } from './client-verifier';
import type { DatabaseName, UserName } from './names';

/**
 * What is known of a role's password. `scram` is a verifier as in `pg_authid`; `none` knows the
 * role but has no usable password.
 */
export type StoredSecret =
  | {
      readonly kind: 'plain';
      readonly password: string;
      /** Another one that is good as well: the one before, for a while. */
      readonly previous?: string | undefined;
    }
  | { readonly kind: 'md5'; readonly hash: string }
  | {
      readonly kind: 'scram';
      readonly iterations: number;
      readonly salt: Buffer;
      readonly storedKey: Buffer;
      readonly serverKey: Buffer;
    }
  | { readonly kind: 'none' };

/** Where passwords come from. `database` is the one that is asked for, also where it is a virtual one. */
export interface CredentialSource {
  /** The secret of `user`, or undefined when the role is unknown. */
  lookup(user: UserName, database: DatabaseName): StoredSecret | undefined;
  /**
   * A client has shown another password than that of `lookup`: reads again where it may have been changed
   * a moment ago. Calls `renewed` once, never within this call, when `lookup` knows what was so at this
   * call, or when it has taken too long. Bounds its own work. Whoever cannot tell known users from
   * unknown ones by the answers of a login must not be able to by the time of this either.
   *
   * @returns undefined when nothing can have changed: `renewed` will not be called
   */
  renew?(user: UserName, database: DatabaseName, renewed: () => void): GiveUp | undefined;
  /** Some passwords for logins to `database` cannot be told yet, nor whose they are. Absent: never so. */
  lacks?(database: DatabaseName): boolean;
}
