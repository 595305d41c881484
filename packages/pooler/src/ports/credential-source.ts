import type { UserName } from './names';

/**
 * What is known of a role's password. `scram` is a verifier as in `pg_authid`; `none` knows the
 * role but has no usable password.
 */
export type StoredSecret =
  | { readonly kind: 'plain'; readonly password: string }
  | { readonly kind: 'md5'; readonly hash: string }
  | {
      readonly kind: 'scram';
      readonly iterations: number;
      readonly salt: Buffer;
      readonly storedKey: Buffer;
      readonly serverKey: Buffer;
    }
  | { readonly kind: 'none' };

/** Where passwords come from. */
export interface CredentialSource {
  /** The secret of `user`, or undefined when the role is unknown. */
  lookup(user: UserName): StoredSecret | undefined;
}
