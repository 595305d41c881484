/** The LDAP library, which is loaded only where LDAP is configured. */
export function ldapLibrary(): typeof import('ldapts') {
  return require('ldapts');
}
