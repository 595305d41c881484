/** How a directory is reached. */
export interface LdapServers {
  /** `ldap://host:port` or `ldaps://host:port`, in the order in which they are tried. At least one. */
  readonly urls: readonly string[];
  /** TLS is begun on the plain connection, before anything is said. */
  readonly startTls: boolean;
}

export type SearchScope = 'base' | 'one' | 'sub';

/** How a user becomes a name of the directory. */
export type LdapLookup =
  /** The name is made from the user's. */
  | { readonly kind: 'made'; readonly prefix: string; readonly suffix: string }
  | {
      readonly kind: 'searched';
      readonly baseDn: string;
      readonly scope: SearchScope;
      /** In it `$username` stands for the user. */
      readonly filter: string;
      /** Who searches; empty: anonymously. `password` is a secret. */
      readonly bindDn: string;
      readonly password: string;
    };

/**
 * One directory, as the options of `auth_ldap_options` or of a rule describe it. A class, so that the
 * verifier can tell that the options it is handed are its own. Never shown: it holds a secret.
 */
export class LdapOptions {
  readonly servers: LdapServers;
  readonly lookup: LdapLookup;

  constructor(servers: LdapServers, lookup: LdapLookup) {
    this.servers = servers;
    this.lookup = lookup;
  }
}
