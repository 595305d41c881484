import { type ErrorFields, errorResponse } from '@pgweir/protocol';

interface Entry {
  readonly code: string;
  readonly severity: 'FATAL' | 'ERROR';
  readonly text: string;
  readonly hint?: string;
}

/**
 * Every error that pgweir itself sends to a client. Texts are PgBouncer's where it has one; codes are
 * ours, so that a driver can tell overload from a bug. `%s` takes the detail.
 */
const CATALOGUE = {
  badPacketHeader: { code: '08P01', severity: 'FATAL', text: "bad packet header: '%s'" },
  badProxyHeader: {
    code: '08P01',
    severity: 'FATAL',
    text: 'bad PROXY header',
    hint: 'The load balancer is in proxy_protocol, and has to begin each connection with one.',
  },
  badStartupLayout: { code: '08P01', severity: 'FATAL', text: '%s' },
  oldProtocol: { code: '08P01', severity: 'FATAL', text: 'old V2 protocol not supported' },
  unsupportedProtocol: {
    code: '0A000',
    severity: 'FATAL',
    text: 'unsupported frontend protocol %s: server supports 3.0 to 3.2',
  },
  noUserName: { code: '28000', severity: 'FATAL', text: 'no username supplied' },
  nameTooLong: { code: '08P01', severity: 'FATAL', text: '%s too long' },
  badReplicationValue: {
    code: '22023',
    severity: 'FATAL',
    text: 'invalid value for parameter "replication": "%s"',
  },
  badOwnSetting: {
    code: '22023',
    severity: 'ERROR',
    text: 'invalid value for parameter %s',
    hint: 'pgweir.route is auto, primary or replica; pgweir.wait_lsn is what SHOW pgweir.lsn has said.',
  },
  badOptions: { code: '08P01', severity: 'FATAL', text: '%s' },
  unencryptedAfterSsl: {
    code: '08P01',
    severity: 'FATAL',
    text: 'received unencrypted data after SSL request',
  },
  unencryptedAfterGss: {
    code: '08P01',
    severity: 'FATAL',
    text: 'received unencrypted data after GSSAPI encryption request',
  },
  sslRequired: { code: '28000', severity: 'FATAL', text: 'SSL required' },
  directTlsNeedsAlpn: {
    code: '08P01',
    severity: 'FATAL',
    text: 'received direct SSL connection request without ALPN protocol negotiation extension',
  },
  loginTimeout: { code: '08P01', severity: 'FATAL', text: 'client_login_timeout' },
  loginTimeoutServerDown: {
    code: '57P03',
    severity: 'FATAL',
    text: 'client_login_timeout (server down)',
  },
  tooManyClients: {
    code: '53300',
    severity: 'FATAL',
    text: 'no more connections allowed (max_client_conn)',
  },
  tooManyDatabaseClients: {
    code: '53300',
    severity: 'FATAL',
    text: 'client connections exceeded (max_db_client_connections)',
  },
  tooManyUserClients: {
    code: '53300',
    severity: 'FATAL',
    text: 'client connections exceeded (max_user_client_connections)',
  },
  passwordFailed: { code: '28P01', severity: 'FATAL', text: 'password authentication failed' },
  passwordsLacking: {
    code: '57P03',
    severity: 'FATAL',
    text: 'password authentication failed: not all passwords can be read now',
    hint: 'If the password is right, try again in a moment.',
  },
  ldapFailed: { code: '28P01', severity: 'FATAL', text: 'LDAP authentication failed' },
  iamFailed: { code: '28000', severity: 'FATAL', text: 'IAM authentication failed' },
  tooManyProofs: {
    code: '53300',
    severity: 'FATAL',
    text: 'too many users whom the server has not let in yet',
  },
  // As RDS Proxy says it.
  iamBusy: {
    code: '28000',
    severity: 'FATAL',
    text: 'The IAM authentication failed because of too many competing requests.',
  },
  iamNeedsTls: {
    code: '28000',
    severity: 'FATAL',
    text: 'IAM authentication is allowed only with SSL connections.',
  },
  saslFailed: { code: '28P01', severity: 'FATAL', text: 'SASL authentication failed' },
  trustFailed: { code: '28000', severity: 'FATAL', text: '"trust" authentication failed' },
  certificateFailed: {
    code: '28000',
    severity: 'FATAL',
    text: 'certificate authentication failed',
  },
  peerFailed: { code: '28000', severity: 'FATAL', text: 'unix socket login rejected' },
  noAuthMethod: { code: '28000', severity: 'FATAL', text: 'no authentication method is found' },
  loginRejected: { code: '28000', severity: 'FATAL', text: 'login rejected' },
  emptyPassword: { code: '28P01', severity: 'FATAL', text: 'empty password returned by client' },
  badSaslMechanism: {
    code: '08P01',
    severity: 'FATAL',
    text: 'client selected an invalid SASL authentication mechanism',
  },
  noSuchDatabase: { code: '3D000', severity: 'FATAL', text: 'no such database: %s' },
  databaseDisabled: { code: '57P03', severity: 'FATAL', text: 'database "%s" is disabled' },
  configError: { code: 'F0000', severity: 'FATAL', text: 'bouncer config error' },
  notAllowed: { code: '28000', severity: 'FATAL', text: 'not allowed' },
  shuttingDown: { code: '57P01', severity: 'FATAL', text: 'pooler is shutting down' },
  serverShuttingDown: { code: '57P01', severity: 'FATAL', text: 'server shutting down' },
  queryWaitTimeout: { code: '53300', severity: 'FATAL', text: 'query_wait_timeout' },
  queryTimeoutWaiting: { code: '57014', severity: 'FATAL', text: 'query_timeout' },
  queryTimeout: { code: '57014', severity: 'FATAL', text: 'query timeout' },
  idleTransactionTimeout: {
    code: '25P03',
    severity: 'FATAL',
    text: 'idle transaction timeout',
  },
  transactionTimeout: { code: '25P04', severity: 'FATAL', text: 'transaction timeout' },
  clientIdleTimeout: { code: '57P05', severity: 'FATAL', text: 'client_idle_timeout' },
  serverDown: {
    code: '57P03',
    severity: 'FATAL',
    text: 'server login has been failing, cached error: %s (server_login_retry)',
  },
  serverLoginFailed: { code: '28000', severity: 'FATAL', text: 'server login failed: %s' },
  linkRefused: { code: '53300', severity: 'FATAL', text: 'no server connection allowed (%s)' },
  serverLost: { code: '08006', severity: 'FATAL', text: 'server conn crashed?' },
  transactionLost: {
    code: '08006',
    severity: 'ERROR',
    text: 'the connection to the server was lost during the transaction, which is rolled back',
    hint: 'Roll back, and run the whole transaction again.',
  },
  statementLost: {
    code: '08006',
    severity: 'ERROR',
    text: 'the connection to the server was lost before the answer was complete',
    hint: 'Nothing was changed by it: it may be run again.',
  },
  stateLost: {
    code: '08006',
    severity: 'ERROR',
    text: 'the connection to the server was lost, and with it state of this session',
    hint: 'Make it again. This statement was not run.',
  },
  outcomeUnknown: {
    code: '08007',
    severity: 'ERROR',
    text: 'the connection to the server was lost: whether this was carried out is not known',
    hint: 'Find out whether its changes are there before it is run again.',
  },
  inFailedTransaction: {
    code: '25P02',
    severity: 'ERROR',
    text: 'current transaction is aborted, commands ignored until end of transaction block',
  },
  heldTooLong: {
    code: '57P03',
    severity: 'FATAL',
    text: 'no server has taken over in time (failover_hold_timeout)',
  },
  noFitServer: {
    code: '57P03',
    severity: 'FATAL',
    text: 'no server has the role that is wanted (target_session_attrs)',
  },
  configurationChanged: {
    code: '57P01',
    severity: 'FATAL',
    text: 'database configuration changed',
  },
  databaseRemoved: { code: '57P01', severity: 'FATAL', text: 'database removed' },
  killed: { code: '57P01', severity: 'FATAL', text: 'admin forced disconnect' },
  suspendTimeout: { code: '57P01', severity: 'FATAL', text: 'suspend_timeout' },
  transactionInStatementMode: {
    code: '0A000',
    severity: 'FATAL',
    text: 'transaction blocks not allowed in statement pooling mode',
  },
  simpleQueryDisabled: { code: '0A000', severity: 'FATAL', text: 'PQexec disallowed' },
  unknownPacket: { code: '08P01', severity: 'FATAL', text: 'unknown pkt' },
  canceled: {
    code: '57014',
    severity: 'ERROR',
    text: 'canceling statement due to user request',
  },
  notKeptInStrictMode: {
    code: '0A000',
    severity: 'ERROR',
    text: 'the state that this statement makes cannot be kept through a shared connection',
    hint: 'session_state = strict is set: use session_state = track or pool_mode = session for this user or database.',
  },
  tooManyPinned: {
    code: '53300',
    severity: 'ERROR',
    text: 'too many clients keep a connection of their own (max_pinned_per_pool)',
    hint: 'SHOW PINS on the admin console says who and why.',
  },
  sequenceNotKnown: {
    code: '55000',
    severity: 'ERROR',
    text: 'the last value of a sequence is not yet defined in this session',
  },
  tooManyNotifications: {
    code: '53200',
    severity: 'FATAL',
    text: 'too many notifications wait for this client',
  },
  planChanged: {
    code: '0A000',
    severity: 'ERROR',
    text: 'cached plan must not change result type',
  },
  internal: { code: 'XX000', severity: 'FATAL', text: 'internal error' },
} as const satisfies Record<string, Entry>;

export type ErrorKey = keyof typeof CATALOGUE;

/** An error of the catalogue, for the manual. */
export interface ListedError extends Entry {
  readonly key: ErrorKey;
}

/** The whole catalogue, in its order. */
export function listedErrors(): readonly ListedError[] {
  const isKey = (key: string): key is ErrorKey => Object.hasOwn(CATALOGUE, key);
  return Object.keys(CATALOGUE)
    .filter(isKey)
    .map((key) => ({ key, ...CATALOGUE[key] }));
}

/** The fields of one of our own errors. `detail` replaces `%s`. */
export function errorFields(key: ErrorKey, detail = ''): ErrorFields {
  const entry: Entry = CATALOGUE[key];
  return {
    severity: entry.severity,
    code: entry.code,
    message: entry.text.replace('%s', () => detail),
    ...(entry.hint === undefined ? {} : { hint: entry.hint }),
  };
}

/** An error that a client gets in the place of another one. */
export interface ErrorInstead {
  /** The ErrorResponse. */
  readonly bytes: Buffer;
  readonly code: string;
  /** Who says it, if not PostgreSQL at another place. */
  readonly source: 'pgweir' | 'server';
}

/** One of our own errors, for the place of another one. */
export function errorInstead(key: ErrorKey): ErrorInstead {
  const fields = errorFields(key);
  return { bytes: errorResponse(fields), code: fields.code, source: 'pgweir' };
}

/**
 * A broken invariant of our own (SQLSTATE XX000). In a session it closes that session and its link; in
 * the accounting of a pool it stops the process.
 */
export class InvariantBreach extends Error {
  override readonly name = 'InvariantBreach';
}

export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw new InvariantBreach(what);
}

/** For the `default:` of a switch over a union: a new variant then fails to compile. */
export function unreachable(value: never): never {
  throw new InvariantBreach(`unreachable: ${String(value)}`);
}
