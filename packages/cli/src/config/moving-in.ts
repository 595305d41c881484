import { isIP } from 'node:net';
import type { AccessRule, DatabaseSettings, UserSettings } from '@pgweir/pooler';
import { asksForCertificates } from './access/access-settings';
import type { Databases } from './databases';
import type { Findings, Place } from './finding';
import type { IniEntry } from './ini-assignment';
import { GLOBAL_SETTINGS, type GlobalValues } from './settings';
import type { SettingTable } from './settings/row';

/** A file that may have been PgBouncer's until now: what it says, and where. */
export interface GivenFile {
  readonly values: GlobalValues;
  /** Where the file sets it; undefined: it does not. */
  readonly assigned: (name: keyof GlobalValues) => Place | undefined;
  readonly entries: readonly IniEntry[];
  readonly databases: Databases;
  readonly users: ReadonlyMap<string, UserSettings>;
  readonly accessRules: readonly AccessRule[];
}

/** One subject in which pgweir differs from PgBouncer. */
interface Difference {
  /** Where the file asks for it; undefined: it does not. */
  readonly at: (file: GivenFile) => Place | undefined;
  readonly says: string;
}

/** Subjects that are more than one setting's. The others are `differs` in the table of settings. */
export const DIFFERENCES: readonly Difference[] = [
  {
    at: tracking,
    says:
      'session state: settings, temporary tables, locks and SQL PREPARE stay with their client, which keeps ' +
      'its connection while it has to (SHOW PINS); better: nothing leaks to the next client. ' +
      'session_state = leak is as PgBouncer',
  },
  {
    at: tracking,
    says:
      'LISTEN: works, by one connection for each database that listens for all its clients; better: ' +
      'PgBouncer delivers no notifications in this mode',
  },
  {
    at: (file) => {
      const used = file.values.max_prepared_statements > 0 ? sharing(file) : undefined;
      return used && (file.assigned('max_prepared_statements') ?? used);
    },
    says:
      'prepared statements: an unknown name is answered with 26000 and one used twice with 42P05; better: the ' +
      'client goes on as with PostgreSQL, where PgBouncer ends its connection',
  },
  {
    at: (file) =>
      file.values.server_reset_query_always && tracking(file) !== undefined
        ? file.assigned('server_reset_query_always')
        : undefined,
    says:
      'server_reset_query_always: same result: it is sent, but nothing leaks without it either, unless ' +
      'functions change settings; leaving it out saves a round trip for each transaction',
  },
  {
    at: ({ assigned }) => assigned('max_client_conn'),
    says:
      'errors: their SQLSTATEs say what happened (53300 at this limit), where PgBouncer has 08P01 for all; ' +
      'better: drivers tell overload from a bug. Worse for what looks for 08P01',
  },
  {
    at: cap,
    says:
      'limits on connections: one counts until PostgreSQL has closed its side, and pools under one limit tend ' +
      'towards equal shares; better: PostgreSQL never has more, and no busy pool starves the others',
  },
  {
    at: (file) =>
      file.assigned('auth_user') ?? ofDatabase(file, ({ authUser }) => authUser !== undefined),
    says:
      'auth_query: runs where nothing of other clients is left, once for logins that come together, and who ' +
      'is not found hears the same as with a wrong password; better: nobody can give its answers or try out names',
  },
  {
    at: (file) => method(file, 'cert'),
    says:
      'cert: only the common name of a certificate counts; better: a certificate made for a host is no ' +
      "user's. Worse where users are alternative names: map common names in auth_ident_file",
  },
  {
    at: (file) => method(file, 'ldap'),
    says:
      'ldap: names are escaped, certificates of directories are always verified, and a directory that is down ' +
      'is asked last; better: no name changes the question, and a slow directory holds up its own logins only',
  },
  {
    at: ({ values, assigned }) =>
      values.client_tls_sslmode !== 'disable' && PASSWORD_TYPES.includes(values.auth_type)
        ? assigned('client_tls_sslmode')
        : undefined,
    says:
      'TLS: SCRAM-SHA-256-PLUS is offered; better: nobody in the middle can pass a login on. What ends TLS on ' +
      'the way and begins it anew cannot either: channel_binding=disable in the clients behind it',
  },
  {
    at: (file) => ofDatabase(file, ({ hosts }) => hosts.length > 1),
    says:
      'lists of hosts: after one that cannot be reached the next is tried at once, where PgBouncer waits for ' +
      'server_login_retry; better: a server that is down costs nobody a wait; clients hear an error when all ' +
      'have been tried',
  },
  {
    at: (file) => ofDatabase(file, ({ hosts }) => hosts.some(isName)),
    says:
      'names of servers: of several addresses the first that answers is used, where PgBouncer takes them in ' +
      'turn; worse where one name stands for several servers: list these instead',
  },
  {
    at: ({ assigned }) => assigned('logfile'),
    says:
      'log lines: database, user and address stand behind the text as key=value, not before it; better: a ' +
      'field can be searched for. Worse for programs that take lines apart',
  },
];

/** Settings whose difference shows with some values only. */
const ONLY_IF: Partial<Record<keyof GlobalValues, (file: GivenFile) => boolean>> = {
  auth_hba_file: ({ values }) => values.auth_type === 'hba',
  auth_ident_file: ({ values }) => values.auth_type === 'hba',
  auth_ldap_options: ({ values }) => values.auth_type === 'ldap',
  client_tls_ca_file: ({ values, accessRules }) =>
    ['allow', 'prefer', 'require'].includes(values.client_tls_sslmode) &&
    !asksForCertificates(values, accessRules),
  client_tls_ciphers: ({ values }) =>
    values.client_tls_sslmode !== 'disable' && isCipherWord(values.client_tls_ciphers),
  server_tls_ciphers: ({ values }) =>
    values.server_tls_sslmode !== 'disable' && isCipherWord(values.server_tls_ciphers),
  ignore_startup_parameters: ({ values }) => values.ignore_startup_parameters.length > 0,
  listen_backlog: ({ values }) =>
    values.listen_backlog < Number(GLOBAL_SETTINGS.listen_backlog.default),
  so_reuseport: ({ values, assigned }) => values.so_reuseport && assigned('workers') === undefined,
  syslog: ({ values }) => values.syslog,
  track_extra_parameters: (file) => tracking(file) !== undefined,
};

/** Notes what will be different for this file, one note for each subject that concerns it. */
export function noteDifferences(file: GivenFile, findings: Findings): void {
  for (const { at, says } of DIFFERENCES) {
    const place = at(file);
    if (place !== undefined) findings.note(place, says);
  }
  const table: SettingTable = GLOBAL_SETTINGS;
  for (const [key, { differs }] of Object.entries(table)) {
    if (differs === undefined) continue;
    // The table is keyed by the names of the values.
    const name = key as keyof GlobalValues;
    const place = file.assigned(name);
    const concerned = ONLY_IF[name]?.(file) ?? true;
    if (place !== undefined && concerned) findings.note(place, `${name}: ${differs}`);
  }
}

const PASSWORD_TYPES: readonly string[] = ['md5', 'scram-sha-256', 'hba'];

function isCipherWord(list: string): boolean {
  return ['default', 'secure', 'fast'].includes(list.toLowerCase());
}

function isName(host: string): boolean {
  return !/^[/@]/.test(host) && isIP(host) === 0 && host !== 'localhost';
}

/** Where clients share links; undefined: nowhere. */
function sharing(file: GivenFile): Place | undefined {
  if (shares(file.values.pool_mode)) return file.assigned('pool_mode');
  return (
    ofDatabase(file, ({ poolMode }) => shares(poolMode)) ??
    ofUser(file, ({ poolMode }) => shares(poolMode))
  );
}

/** Where they do so with the session state of each kept. A file that speaks of it knows. */
function tracking(file: GivenFile): Place | undefined {
  if (file.assigned('session_state') !== undefined) return undefined;
  if (shares(file.values.pool_mode)) return file.assigned('pool_mode');
  const tracked = ({ poolMode, sessionState }: Pick<UserSettings, 'poolMode' | 'sessionState'>) =>
    shares(poolMode) && sessionState === undefined;
  return ofDatabase(file, tracked) ?? ofUser(file, tracked);
}

function shares(mode: UserSettings['poolMode']): boolean {
  return mode !== undefined && mode !== 'session';
}

function cap(file: GivenFile): Place | undefined {
  const { values, assigned } = file;
  if (values.max_db_connections > 0) return assigned('max_db_connections');
  if (values.max_user_connections > 0) return assigned('max_user_connections');
  return (
    ofDatabase(file, ({ databaseLinksMax = 0 }) => databaseLinksMax > 0) ??
    ofUser(file, ({ userLinksMax = 0 }) => userLinksMax > 0)
  );
}

/** Where a method is asked for: for everybody, or by a rule. */
function method(file: GivenFile, wanted: 'cert' | 'ldap'): Place | undefined {
  if (file.values.auth_type === wanted) return file.assigned('auth_type');
  const isThere = file.accessRules.some((rule) => rule.method === wanted);
  return isThere ? file.assigned('auth_hba_file') : undefined;
}

/** The first database of that kind. */
function ofDatabase(
  { databases: { named, fallback }, entries }: GivenFile,
  isOne: (settings: DatabaseSettings) => boolean,
): Place | undefined {
  const all = [...named, ...(fallback === undefined ? [] : ([['*', fallback]] as const))];
  const found = all.find(([, settings]) => isOne(settings));
  return found && lastEntry(entries, 'databases', found[0]);
}

/** The first user of that kind. */
function ofUser(
  { users, entries }: GivenFile,
  isOne: (settings: UserSettings) => boolean,
): Place | undefined {
  const found = [...users].find(([, settings]) => isOne(settings));
  return found && lastEntry(entries, 'users', found[0]);
}

/** The one that counts. */
function lastEntry(entries: readonly IniEntry[], section: string, key: string): Place | undefined {
  return entries.filter((entry) => entry.section === section && entry.key === key).at(-1);
}
