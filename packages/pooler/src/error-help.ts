import type { ErrorKey } from './errors';

/** For the manual: text between backticks is code. */
export interface ErrorHelp {
  /** When a client gets it; `%s` is what stands in its text for that. */
  readonly when: string;
  /** What its user or an administrator can do. */
  readonly todo: string;
}

const CLIENT_BUG = 'Repair the client, or what stands between it and pgweir.';
const LOOK_UP_SERVER = 'Look at the log and at PostgreSQL.';

/** Each error of the catalogue explained; the compiler misses none. */
export const ERROR_HELP: Readonly<Record<ErrorKey, ErrorHelp>> = {
  badPacketHeader: {
    when: 'What the client has sent is no message of the protocol, or one longer than `max_packet_size`. `%s`: its first bytes.',
    todo: CLIENT_BUG,
  },
  badProxyHeader: {
    when: 'A load balancer in `proxy_protocol` has begun a connection without a right PROXY header.',
    todo: 'Switch the header on at the balancer, or take its address out of `proxy_protocol`.',
  },
  badStartupLayout: {
    when: 'The startup packet or the answer to a challenge is not built as the protocol has it.',
    todo: CLIENT_BUG,
  },
  oldProtocol: {
    when: 'The client speaks protocol 2, of PostgreSQL before 7.4.',
    todo: 'Use another driver.',
  },
  unsupportedProtocol: {
    when: 'The client insists on a version of the protocol that there is not.',
    todo: 'Lower its `max_protocol_version`.',
  },
  noUserName: { when: 'The startup packet names no user.', todo: 'Set one.' },
  nameTooLong: {
    when: 'The name of the user or the database (`%s`) is longer than PostgreSQL allows.',
    todo: 'Shorten it.',
  },
  badReplicationValue: {
    when: 'The parameter `replication` is neither a truth value nor `database`.',
    todo: 'Correct it.',
  },
  badOwnSetting: {
    when: 'SET of a setting of our own (`pgweir.route`, `pgweir.wait_lsn`) to what it cannot be.',
    todo: 'Correct it.',
  },
  badOptions: {
    when: 'The parameter `options` of the startup packet cannot be read, or has a setting that is refused.',
    todo: 'Correct it, or list the setting in `ignore_startup_parameters`.',
  },
  unencryptedAfterSsl: {
    when: 'Bytes came behind the request for TLS before TLS began: an attack, or a broken client.',
    todo: CLIENT_BUG,
  },
  unencryptedAfterGss: {
    when: 'The same behind a request for GSSAPI encryption, which is refused.',
    todo: CLIENT_BUG,
  },
  sslRequired: {
    when: 'The client has come without TLS, and `client_tls_sslmode` wants it.',
    todo: 'Set `sslmode=require` or more at the client.',
  },
  directTlsNeedsAlpn: {
    when: 'TLS without a request before it, and without `postgresql` in ALPN.',
    todo: 'Use a driver that does it right, or `sslnegotiation=postgres`.',
  },
  loginTimeout: {
    when: 'The client has not logged in within `client_login_timeout`.',
    todo: 'Look for what holds it up; a load balancer that only connects does this, too.',
  },
  loginTimeoutServerDown: {
    when: 'The same, because its server cannot be reached.',
    todo: LOOK_UP_SERVER,
  },
  tooManyClients: {
    when: '`max_client_conn` is reached.',
    todo: 'Raise it (and the limit of open files), or have clients close what they do not use.',
  },
  tooManyDatabaseClients: {
    when: '`max_db_client_connections` is reached for the database.',
    todo: 'Raise it, or have clients close what they do not use.',
  },
  tooManyUserClients: {
    when: '`max_user_client_connections` is reached for the user.',
    todo: 'Raise it, or have clients close what they do not use.',
  },
  passwordFailed: {
    when: 'The password is wrong, or there is no such user: nobody is told which.',
    todo: 'Correct the password at the client, or in `auth_file` or what `auth_query` reads.',
  },
  passwordsLacking: {
    when: 'No known password is right, and a secret store that may have a newer one cannot be read.',
    todo: 'SHOW SECRETS says why. Trying again is right.',
  },
  ldapFailed: {
    when: 'The directory has refused name and password, or cannot be asked.',
    todo: 'The log says which.',
  },
  iamFailed: {
    when: 'The token is none, has expired, is for another pooler, or its identity may not be this user.',
    todo: 'The log says which.',
  },
  tooManyProofs: {
    when: 'Very many users wait at once for the server to judge their tokens.',
    todo: 'Try again; if it stays, look at what makes up names.',
  },
  iamBusy: {
    when: 'More tokens came than STS can be asked about.',
    todo: 'Keep connections open, or keep one token for its life: then it is known.',
  },
  iamNeedsTls: {
    when: 'A client has no TLS, and would send a token in the clear.',
    todo: 'Set `sslmode=require` or more at the client.',
  },
  saslFailed: {
    when: 'The password is wrong, or there is no such user, with SCRAM.',
    todo: 'As for a wrong password.',
  },
  trustFailed: {
    when: 'Logins need no password, but there is no such user.',
    todo: 'Add it to `auth_file`.',
  },
  certificateFailed: {
    when: 'The client has no certificate, or one that is not for this user.',
    todo: 'Look at its names, and at `auth_ident_file`.',
  },
  peerFailed: {
    when: 'The user of the system at the other end of the Unix socket may not be this user.',
    todo: 'Look at `auth_ident_file`.',
  },
  noAuthMethod: {
    when: 'No rule of `auth_hba_file` fits this client.',
    todo: 'Add one.',
  },
  loginRejected: {
    when: 'A rule `reject` of `auth_hba_file` fits.',
    todo: 'Look at the rules and their order.',
  },
  emptyPassword: { when: 'The client has sent an empty password.', todo: 'Set one.' },
  badSaslMechanism: {
    when: 'The client has chosen a way to log in that it was not offered.',
    todo: CLIENT_BUG,
  },
  noSuchDatabase: {
    when: '`[databases]` has neither this name (`%s`) nor `*`.',
    todo: 'Correct the name, or add an entry.',
  },
  databaseDisabled: {
    when: 'An administrator has given DISABLE.',
    todo: 'ENABLE lets clients in.',
  },
  configError: {
    when: 'Who may log in cannot be found out: `auth_query` or a forced user does not work.',
    todo: 'The log says why.',
  },
  notAllowed: {
    when: 'The user is neither in `admin_users` nor in `stats_users`, and wants the console.',
    todo: 'Add the user there.',
  },
  shuttingDown: {
    when: 'The daemon takes no new clients any more.',
    todo: 'Connect again: to another one.',
  },
  serverShuttingDown: {
    when: 'The daemon ends, and the client had nothing under way.',
    todo: 'Connect again.',
  },
  queryWaitTimeout: {
    when: 'No link has come free within `query_wait_timeout`.',
    todo: 'SHOW POOLS and SHOW QUEUE: a larger pool, shorter transactions, or fewer clients.',
  },
  queryTimeoutWaiting: {
    when: '`query_timeout` has passed before there was a link.',
    todo: 'As for `query_wait_timeout`.',
  },
  queryTimeout: {
    when: '`query_timeout` has passed while the statement ran; it is cancelled.',
    todo: 'Make it faster, or the limit longer.',
  },
  idleTransactionTimeout: {
    when: 'A transaction was open and idle for `idle_transaction_timeout`.',
    todo: 'Find who does not commit; the log has the client.',
  },
  transactionTimeout: {
    when: 'A transaction has lasted for `transaction_timeout`.',
    todo: 'Make it shorter, or the limit longer.',
  },
  clientIdleTimeout: {
    when: 'The client has sent nothing for `client_idle_timeout`.',
    todo: 'Have its own pool close idle connections before that.',
  },
  serverDown: {
    when: 'PostgreSQL could not be reached or has refused the login a moment ago (`%s`), and is not asked again before `server_login_retry`.',
    todo: LOOK_UP_SERVER,
  },
  serverLoginFailed: {
    when: 'PostgreSQL has refused the link for this client: `%s`.',
    todo: LOOK_UP_SERVER,
  },
  linkRefused: {
    when: 'There can never be a link for it (`%s`): the caps leave none.',
    todo: 'Look at `pool_size`, `max_db_connections` and `max_user_connections`.',
  },
  serverLost: {
    when: 'The connection to PostgreSQL has ended while the client needed it.',
    todo: `Connect again. ${LOOK_UP_SERVER}`,
  },
  transactionLost: {
    when: 'The server was lost in an open transaction; the client stays connected.',
    todo: 'Roll back, and run the whole transaction again.',
  },
  statementLost: {
    when: 'The server was lost while it answered a read that could not be run again unseen.',
    todo: 'Run it again: it has changed nothing.',
  },
  stateLost: {
    when: 'State of the session that only the lost connection had (a temporary table, a lock) is gone.',
    todo: 'Make it again.',
  },
  outcomeUnknown: {
    when: 'The server was lost between a COMMIT or a write and its answer: nobody can know.',
    todo: 'Find out whether the changes are there before running it again.',
  },
  inFailedTransaction: {
    when: 'Statements behind one of the errors above, in the same transaction: as PostgreSQL says it.',
    todo: 'Roll back.',
  },
  heldTooLong: {
    when: 'There was no primary for `failover_hold_timeout`.',
    todo: 'SHOW TOPOLOGY and SHOW FAILOVERS. Connect again later.',
  },
  noFitServer: {
    when: 'No server has the role of `target_session_attrs`, and none is waited for.',
    todo: 'SHOW TOPOLOGY.',
  },
  configurationChanged: {
    when: 'A reload has moved the database, and with `server_fast_close` links are closed at once.',
    todo: 'Connect again.',
  },
  databaseRemoved: {
    when: 'A reload has removed the database.',
    todo: 'Nothing, if that was meant.',
  },
  killed: {
    when: 'An administrator has given KILL or KILL_CLIENT.',
    todo: 'Ask the administrator.',
  },
  suspendTimeout: {
    when: 'With SUSPEND, the client has not taken what was sent to it within `suspend_timeout`.',
    todo: 'Connect again.',
  },
  transactionInStatementMode: {
    when: 'BEGIN with `pool_mode = statement`.',
    todo: 'Use `pool_mode = transaction`.',
  },
  simpleQueryDisabled: {
    when: 'A simple query with `disable_pqexec`.',
    todo: 'Use the extended protocol.',
  },
  unknownPacket: {
    when: 'A message of a kind that a client may not send, or not now.',
    todo: CLIENT_BUG,
  },
  canceled: {
    when: 'A cancel request has come while the statement waited; one that runs is cancelled by PostgreSQL.',
    todo: 'Nothing, if that was meant.',
  },
  notKeptInStrictMode: {
    when: 'With `session_state = strict`, for what would keep a link beyond the transaction.',
    todo: 'Do without it, or set `session_state = track`.',
  },
  tooManyPinned: {
    when: '`max_pinned_per_pool` is reached, with `pinned_limit_action = error`.',
    todo: 'SHOW PINS says who and why.',
  },
  sequenceNotKnown: {
    when: '`lastval()` or `currval()` before a `nextval()` of this session: as PostgreSQL says it.',
    todo: 'Call `nextval()` first.',
  },
  tooManyNotifications: {
    when: 'The client does not read, and notifications pile up.',
    todo: 'Read them; LISTEN again on a new connection.',
  },
  planChanged: {
    when: 'A prepared statement returns other columns than before: as PostgreSQL says it.',
    todo: 'Prepare it again; most drivers do that by themselves.',
  },
  internal: {
    when: 'An invariant of pgweir itself is broken.',
    todo: 'Please report it, with the log.',
  },
};
