import {
  type DatabaseName,
  type DatabaseSettings,
  databaseName,
  needsPrimary,
  type ServerTls,
  type UserName,
  type UserSettings,
  userName,
  wantedRole,
} from '@pgweir/pooler';
import { parseConnectionString } from './connection-string';
import { type Findings, type Place, quoted } from './finding';
import type { IniEntry } from './ini-assignment';
import { readValues } from './read-values';
import { ownServerIdentity } from './server-auth';
import {
  DATABASE_PARAMETERS,
  type DatabaseValues,
  type GlobalValues,
  USER_PARAMETERS,
  type UserValues,
} from './settings';
import { CONSOLE_NAMES, DATABASE_NAME_BYTES_MAX, USER_NAME_BYTES_MAX } from './settings/names';
import type { SettingTable } from './settings/row';
import { checkTopology } from './topology-checks';

const FALLBACK = '*';

export interface Databases {
  readonly named: ReadonlyMap<DatabaseName, DatabaseSettings>;
  readonly fallback: DatabaseSettings | undefined;
}

/** Reads what the settings for TLS towards servers say: those of an entry over those for all. */
type ReadTls = (own: Partial<GlobalValues>, entry: IniEntry) => ServerTls;

function ownTls(values: DatabaseValues, entry: IniEntry, readTls: ReadTls): ServerTls | undefined {
  const own: Partial<GlobalValues> = Object.fromEntries(
    OWN_TLS.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  );
  return Object.keys(own).length === 0 ? undefined : readTls(own, entry);
}

const OWN_TLS = [
  'server_tls_sslmode',
  'server_tls_ca_file',
  'server_tls_key_file',
  'server_tls_cert_file',
] as const;

/** Reads the entries of `[databases]`. The last entry of a name counts, as a whole. */
export function readDatabases(
  entries: readonly IniEntry[],
  globals: GlobalValues,
  findings: Findings,
  readTls: ReadTls,
): Databases {
  const named = new Map<DatabaseName, DatabaseSettings>();
  let fallback: DatabaseSettings | undefined;
  for (const entry of entries) {
    checkName(entry, findings);
    const subject = entry.key === FALLBACK ? 'database *: ' : `database ${quoted(entry.key)}: `;
    const values = readEntry(entry, DATABASE_PARAMETERS, subject, findings);
    if (values === undefined) continue;
    const settings = {
      ...databaseSettings(values, globals),
      serverTls: ownTls(values, entry, readTls),
    };
    checkDatabase(settings, { entry, subject, globals, findings });
    if (entry.key === FALLBACK) fallback = settings;
    else named.set(databaseName(entry.key), settings);
  }
  return { named, fallback };
}

/** Reads the entries of `[users]`. */
export function readUsers(
  entries: readonly IniEntry[],
  findings: Findings,
): ReadonlyMap<UserName, UserSettings> {
  const users = new Map<UserName, UserSettings>();
  for (const entry of entries) {
    if (Buffer.byteLength(entry.key) > USER_NAME_BYTES_MAX) {
      const message = `the name of user ${quoted(entry.key)} is longer than ${USER_NAME_BYTES_MAX} bytes`;
      findings.problem(entry, message);
    }
    const subject = `user ${quoted(entry.key)}: `;
    const values = readEntry(entry, USER_PARAMETERS, subject, findings);
    if (values === undefined) continue;
    users.set(userName(entry.key), {
      ...secretOf(values),
      poolMode: values.pool_mode,
      sessionState: values.session_state,
      pinnedPerPoolMax: values.max_pinned_per_pool,
      poolSize: values.pool_size,
      reservePoolSize: values.reserve_pool_size,
      userLinksMax: values.max_user_connections,
      userClientsMax: values.max_user_client_connections,
      queryTimeoutMs: values.query_timeout,
      queryWaitTimeoutMs: values.query_wait_timeout,
      idleTransactionTimeoutMs: values.idle_transaction_timeout,
      transactionTimeoutMs: values.transaction_timeout,
      clientIdleTimeoutMs: values.client_idle_timeout,
      ...ownServerIdentity(values),
    });
  }
  return users;
}

/** The values of an entry that says several things; undefined: all its problems are reported. */
export function readEntry<Table extends SettingTable>(
  entry: IniEntry,
  table: Table,
  subject: string,
  findings: Findings,
): ReturnType<typeof readValues<Table>>['values'] | undefined {
  const parsed = parseConnectionString(entry.value);
  if (parsed.kind === 'bad') {
    findings.problem(entry, `${subject}${parsed.message}`);
    return undefined;
  }
  const assignments = parsed.parameters.map(({ key, value }) => ({
    file: entry.file,
    line: entry.line,
    name: key,
    text: value,
  }));
  return readValues(table, assignments, findings, subject).values;
}

function databaseSettings(
  values: DatabaseValues,
  globals: GlobalValues,
): Omit<DatabaseSettings, 'serverTls'> {
  const defaultHost = globals.unix_socket_dir === '' ? '/tmp' : globals.unix_socket_dir;
  const startup = new Map<string, string>();
  for (const name of ['client_encoding', 'datestyle', 'timezone', 'application_name'] as const) {
    const value = values[name];
    if (value !== undefined) startup.set(name, value);
  }
  return {
    dbname: values.dbname,
    hosts: values.host?.split(',').map((host) => host.trim()) ?? [defaultHost],
    ports: values.port ?? [5432],
    forcedUser: values.user === undefined ? undefined : userName(values.user),
    password: values.password,
    ...secretOf(values),
    authUser: values.auth_user ? userName(values.auth_user) : undefined,
    authQuery: values.auth_query || undefined,
    authDatabase: values.auth_dbname ? databaseName(values.auth_dbname) : undefined,
    connectQuery: values.connect_query ?? (globals.init_query || undefined),
    loadBalanceHosts: values.load_balance_hosts ?? 'round-robin',
    targetSessionAttrs: values.target_session_attrs,
    readWriteSplit: values.read_write_split ?? false,
    replicaBalance: values.replica_balance ?? 'least-outstanding',
    replicaWeights: values.replica_weights ?? [],
    replicaFallback: values.replica_fallback ?? 'primary',
    replicaPoolSize: values.replica_pool_size,
    topology: values.topology ?? 'static',
    instanceHostPattern: values.instance_host_pattern,
    patroniUrls: values.patroni ?? [],
    consistency: values.consistency,
    maxReplicaLagMs: values.max_replica_lag,
    poolMode: values.pool_mode,
    sessionState: values.session_state,
    pinnedPerPoolMax: values.max_pinned_per_pool,
    poolSize: values.pool_size,
    minPoolSize: values.min_pool_size,
    reservePoolSize: values.reserve_pool_size ?? values.reserve_pool,
    databaseLinksMax: values.max_db_connections,
    databaseClientsMax: values.max_db_client_connections,
    maxConnectionsPercent: values.max_connections_percent,
    maxIdleConnectionsPercent: values.max_idle_connections_percent,
    serverLifetimeMs: values.server_lifetime,
    queryWaitTimeoutMs: values.query_wait_timeout,
    startupParameters: startup,
    ...ownServerIdentity(values),
  };
}

function secretOf({
  secret,
  secret_role_arn,
}: Pick<UserValues, 'secret' | 'secret_role_arn'>): Pick<UserSettings, 'secret' | 'secretRoleArn'> {
  return { secret, secretRoleArn: secret_role_arn };
}

function checkName(entry: IniEntry, findings: Findings): void {
  const { key } = entry;
  if (CONSOLE_NAMES.includes(key)) {
    findings.problem(entry, `database ${quoted(key)}: the name is reserved for the console`);
  }
  if (key === '' || Buffer.byteLength(key) > DATABASE_NAME_BYTES_MAX) {
    const message = `the name of a database has 1 to ${DATABASE_NAME_BYTES_MAX} bytes`;
    findings.problem(entry, `database ${quoted(key)}: ${message}`);
  }
}

export interface DatabaseContext {
  readonly entry: Place;
  readonly subject: string;
  readonly globals: GlobalValues;
  readonly findings: Findings;
}

function checkDatabase(settings: DatabaseSettings, context: DatabaseContext): void {
  const { entry, subject, globals, findings } = context;
  if (settings.hosts.includes('')) {
    findings.problem(entry, `${subject}host has an empty name in its list`);
  }
  const consoles = authDatabaseProblem(settings.authDatabase);
  if (consoles !== undefined) findings.problem(entry, `${subject}${consoles}`);
  for (const host of settings.hosts) {
    const message = unixSocketProblem(host, Math.max(...settings.ports));
    if (message !== undefined) findings.problem(entry, `${subject}host: ${message}`);
  }
  const [hosts, ports] = [settings.hosts.length, settings.ports.length];
  if (ports !== 1 && ports !== hosts) {
    const message = `port has ${ports} values for ${hosts} hosts; accepted: one, or one for each`;
    findings.problem(entry, `${subject}${message}`);
  }
  if (globals.auth_type === 'any' && settings.forcedUser === undefined) {
    findings.warning(entry, `${subject}auth_type = any needs user=: every login will be refused`);
  }
  if (settings.secret !== undefined && settings.password !== undefined) {
    findings.problem(entry, `${subject}password and secret cannot be had together`);
  }
  checkRoles(settings, context);
  checkPercents(settings, context);
  checkTopology(settings, context);
  const size = settings.poolSize ?? globals.default_pool_size;
  const least = settings.minPoolSize ?? globals.min_pool_size;
  const own = settings.poolSize !== undefined || settings.minPoolSize !== undefined;
  if (own && size > 0 && least > size) {
    const message = `min_pool_size (${least}) is larger than pool_size (${size}), which holds`;
    findings.warning(entry, `${subject}${message}`);
  }
  const pinned = settings.pinnedPerPoolMax;
  if (pinned !== undefined && size > 0 && pinned >= size) {
    const message = `max_pinned_per_pool (${pinned}) is not below pool_size (${size})`;
    findings.warning(entry, `${subject}${message}: pinned clients may have all links`);
  }
}

function checkPercents(settings: DatabaseSettings, context: DatabaseContext): void {
  const { maxConnectionsPercent: max, maxIdleConnectionsPercent: idle } = settings;
  const { globals, entry, subject, findings } = context;
  if (max === undefined && idle === undefined) return;
  const message = idlePercentProblem(
    max ?? globals.max_connections_percent,
    idle ?? globals.max_idle_connections_percent,
  );
  if (message !== undefined) findings.problem(entry, `${subject}${message}`);
}

/** What is wrong with the two parts of `max_connections`; undefined: nothing. */
export function idlePercentProblem(
  max: number | undefined,
  idle: number | undefined,
): string | undefined {
  if (max === undefined || max === 0 || idle === undefined || idle <= max) return undefined;
  return `max_idle_connections_percent (${idle}) is larger than max_connections_percent (${max})`;
}

/** Where roles are followed, somebody asks each server, on a connection that counts. */
function checkRoles(settings: DatabaseSettings, context: DatabaseContext): void {
  const { entry, subject, globals, findings } = context;
  if (settings.readWriteSplit) checkSplit(settings, context);
  if (wantedRole(settings) === undefined) {
    if (settings.patroniUrls.length > 0 && settings.topology === 'static') {
      findings.warning(entry, `${subject}patroni has no effect without target_session_attrs`);
    }
    return;
  }
  const askers = [globals.health_check_user, settings.forcedUser, settings.authUser];
  if (![...askers, globals.auth_user].some((user) => user !== undefined && user !== '')) {
    const what = settings.readWriteSplit ? 'read_write_split' : 'target_session_attrs';
    const message = `${what} needs somebody who asks the servers: health_check_user`;
    findings.problem(entry, `${subject}${message}`);
  }
  const linksMax = settings.databaseLinksMax ?? globals.max_db_connections;
  const servers = settings.hosts.length;
  if (linksMax > 0 && linksMax <= servers) {
    const message =
      `max_db_connections (${linksMax}) leaves nothing for clients: ` +
      `health checks need a connection for each of ${servers} hosts`;
    findings.problem(entry, `${subject}${message}`);
  }
}

/** Writes need the primary, and what a session has left behind has to be known on each server. */
function checkSplit(settings: DatabaseSettings, context: DatabaseContext): void {
  const { entry, subject, globals, findings } = context;
  const { targetSessionAttrs: attrs, replicaWeights: weights } = settings;
  if (attrs !== undefined && !needsPrimary(attrs)) {
    const message = `read_write_split writes to the primary, which target_session_attrs = ${attrs} is not`;
    findings.problem(entry, `${subject}${message}`);
  }
  if ((settings.sessionState ?? globals.session_state) === 'leak') {
    findings.problem(entry, `${subject}read_write_split cannot be had with session_state = leak`);
  }
  if ((settings.poolMode ?? globals.pool_mode) === 'session') {
    const message = 'read_write_split has no effect on clients in pool_mode = session';
    findings.warning(entry, `${subject}${message}`);
  }
  const hosts = settings.hosts.length;
  if (hosts === 1 && settings.topology === 'static')
    findings.warning(entry, `${subject}read_write_split with one host has no standby`);
  if (weights.length > 0 && weights.length !== hosts) {
    const message = `replica_weights has ${weights.length} values for ${hosts} hosts; accepted: one for each`;
    findings.problem(entry, `${subject}${message}`);
  }
  if (settings.replicaBalance === 'weighted' && weights.length === 0) {
    findings.problem(entry, `${subject}replica_balance = weighted needs replica_weights`);
  }
}

/** What is wrong with an `auth_dbname`; undefined when it is fine, or not set. */
export function authDatabaseProblem(name: string | undefined): string | undefined {
  if (name === undefined || !CONSOLE_NAMES.includes(name)) return undefined;
  return `auth_dbname = ${quoted(name)}: the console cannot run auth_query`;
}

/** The kernel's limit for the path of a Unix socket, without the final NUL. */
const UNIX_PATH_BYTES_MAX = 107;

/** What is wrong with a directory of Unix sockets; undefined for anything else, and when it is fine. */
export function unixSocketProblem(directory: string, port: number): string | undefined {
  if (!directory.startsWith('/') && !directory.startsWith('@')) return undefined;
  const path = `${directory}/.s.PGSQL.${port}`;
  if (Buffer.byteLength(path) <= UNIX_PATH_BYTES_MAX) return undefined;
  return `the path of the Unix socket ${quoted(path)} is longer than ${UNIX_PATH_BYTES_MAX} bytes`;
}
