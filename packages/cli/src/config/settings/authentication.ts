import { list, oneOf, text } from '../value-types';
import { DATABASE_NAME_BYTES_MAX, USER_NAME_BYTES_MAX } from './names';
import { setting } from './row';

/** Who may log in, and how they prove it. */
export const AUTHENTICATION = {
  auth_type: setting(
    oneOf(['md5', 'scram-sha-256', 'plain', 'trust', 'any', 'cert', 'hba', 'ldap', 'iam'], {
      pam: 'PAM is a library of the system, which waits for its answers: use ldap or hba',
    }),
    {
      default: 'md5',
      help:
        'How clients log in. md5 uses SCRAM for users with a SCRAM secret; trust asks for no ' +
        'password of users in auth_file; any takes every name and needs databases with a user; ' +
        'cert wants a certificate with the name of the user; hba: as auth_hba_file says; ldap asks the ' +
        'directory of auth_ldap_options; iam takes tokens signed with credentials of AWS, over TLS, as ' +
        'iam_map_file says.',
    },
  ),
  auth_hba_file: setting(text(), {
    differs:
      'a bad line is not skipped: the file as a whole is not used; better: a reject that is skipped lets ' +
      'people in',
    help: 'Rules for auth_type = hba: who may come from where to what, and how they prove it.',
  }),
  auth_ident_file: setting(text(), {
    differs:
      'a bad line is not skipped: the file as a whole is not used; better: --check and RELOAD say where ' +
      'it is',
    help: 'Maps for rules with map=: which names of certificates or of the system are which users.',
  }),
  auth_file: setting(text(), {
    help:
      'File of users and their passwords: "name" "password", where the password is plain, md5 and 32 ' +
      'hexadecimal digits, or a SCRAM verifier as PostgreSQL stores it.',
  }),
  auth_user: setting(text({ bytesMax: USER_NAME_BYTES_MAX }), {
    help:
      'User that runs auth_query, for users who are not in auth_file. Its own password is in auth_file. ' +
      'Not set: only users of auth_file can log in.',
  }),
  auth_query: setting(text(), {
    default:
      'SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END ' +
      'FROM pg_authid WHERE rolname=$1 AND rolcanlogin',
    help:
      'Query that finds the user $1: at most one row of two columns, the same name and the password in ' +
      'one of the forms of auth_file. A password that is NULL never matches.',
  }),
  auth_dbname: setting(text({ bytesMax: DATABASE_NAME_BYTES_MAX }), {
    help:
      'Entry of [databases] in which auth_query runs. Not set: the database that the client asks for. ' +
      'The console knows users who are not in auth_file only where this is set.',
  }),
  auth_ldap_options: setting(text(), {
    secret: true,
    differs:
      'checked as a whole: ldapserver must be there, and an option given twice is a problem; better: a ' +
      'mistake shows at the start, not at a login',
    help:
      'Options for auth_type = ldap, as behind the method ldap in a rule: ldapserver, ldapport, ' +
      'ldapscheme, ldaptls, ldapprefix, ldapsuffix, ldapbasedn, ldapbinddn, ldapbindpasswd, ' +
      'ldapsearchattribute, ldapsearchfilter, ldapurl.',
  }),
  mock_auth_secret_file: setting(text(), {
    help:
      'Our own. File whose content makes the salts shown to unknown users, so that they look like ' +
      'known ones. Several hosts behind one address should share it. Not set: derived from auth_file, ' +
      'the TLS key and the id of the machine.',
  }),
  admin_users: setting(list, { help: 'Users who may run every command of the console.' }),
  stats_users: setting(list, { help: 'Users who may run the SHOW commands of the console.' }),
};
