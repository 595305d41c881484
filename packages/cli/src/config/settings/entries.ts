import { REPLICA_BALANCES, TARGET_SESSION_ATTRS } from '@pgweir/pooler';
import { secretPlace } from '../secret-place';
import { httpUrls, numbers, oneOf, onOff, ports, text, time, wholeNumber } from '../value-types';
import { FAILOVER } from './failover';
import { GENERIC } from './generic';
import { DATABASE_NAME_BYTES_MAX, PASSWORD_BYTES_MAX, USER_NAME_BYTES_MAX } from './names';
import { RDS_ENTRY } from './rds';
import { RDS_OF_DATABASE } from './rds-proxy';
import { aliasOf, setting } from './row';
import { SECRETS } from './secrets';
import { OWN_SERVER_AUTH } from './server-auth';
import { SESSION_STATE } from './session-state';
import { TLS } from './tls';

const connections = (help: string) => setting(wholeNumber(), { unit: 'connections', help });
const duration = (help: string) => setting(time(), { help });

const CONNECT_QUERY = setting(text(), {
  help: 'Run on every new link before it is used. Errors are logged and ignored.',
});
const QUERY_WAIT_OF_DATABASE = duration('Longest wait of a client of this database for a link.');
const QUERY_WAIT_OF_USER = duration('Longest wait of this user for a link.');
const CLIENT_IDLE_OF_USER = duration('Longest pause of this user.');

/** What an entry of `[databases]` may say. What it leaves out comes from `[pgbouncer]`. */
export const DATABASE_PARAMETERS = {
  dbname: setting(text({ bytesMax: DATABASE_NAME_BYTES_MAX }), {
    help: 'Name of the database on the server. Not set: the name of the entry.',
  }),
  host: setting(text(), {
    help:
      'Name or address of the server, a directory of Unix sockets, or several with commas between ' +
      '(used in turn). Not set: unix_socket_dir.',
  }),
  port: setting(ports, {
    help: 'Port of the server, or one for each host with commas between. Not set: 5432.',
  }),
  user: setting(text({ bytesMax: USER_NAME_BYTES_MAX }), {
    help: 'User for every link, whoever the client is: one pool for the database.',
  }),
  password: setting(text({ bytesMax: PASSWORD_BYTES_MAX }), {
    secret: true,
    help: 'Password of user. Not set: from auth_file.',
  }),
  secret: setting(secretPlace, {
    help:
      'Our own. Where the password is, instead of in files of the configuration: the ARN of a secret of AWS Secrets ' +
      'Manager, or file:/path. With user: the password of that user. Otherwise that of the user whom the secret ' +
      'names. See docs/aws-secrets.md.',
  }),
  secret_role_arn: setting(SECRETS.secret_role_arn.type, {
    help: 'Our own. As the global setting, for the secret of this database.',
  }),
  auth_user: setting(text({ bytesMax: USER_NAME_BYTES_MAX }), {
    help: 'As the global setting, for clients of this database.',
  }),
  auth_query: setting(text(), { help: 'As the global setting, for clients of this database.' }),
  auth_dbname: setting(text({ bytesMax: DATABASE_NAME_BYTES_MAX }), {
    help: 'As the global setting, for clients of this database.',
  }),
  pool_size: connections('Links per pool of this database. 0: no limit.'),
  min_pool_size: connections('Links that a pool of this database keeps open.'),
  reserve_pool_size: connections('Links beyond the pool size of this database.'),
  reserve_pool: connections('Another word for reserve_pool_size.'),
  connect_query: CONNECT_QUERY,
  init_query: aliasOf('connect_query', CONNECT_QUERY, 'Our own. Another word for connect_query.'),
  ...RDS_OF_DATABASE,
  pool_mode: setting(GENERIC.pool_mode.type, { help: 'Pool mode of this database.' }),
  session_state: setting(SESSION_STATE.session_state.type, {
    help: 'Our own. What becomes of session state in this database.',
  }),
  max_pinned_per_pool: connections('Our own. Links of a pool of this database that may be pinned.'),
  query_wait_timeout: QUERY_WAIT_OF_DATABASE,
  connection_borrow_timeout: aliasOf(
    'query_wait_timeout',
    QUERY_WAIT_OF_DATABASE,
    'Our own. Another word for query_wait_timeout.',
  ),
  load_balance_hosts: setting(oneOf(['round-robin', 'disable']), {
    help: 'With round-robin each link goes to the next host, with disable to one host until it fails.',
  }),
  target_session_attrs: setting(oneOf(TARGET_SESSION_ATTRS), {
    help:
      'Our own. Which of several hosts links go to: the one that is the primary (primary, read-write), those ' +
      'that are standbys (standby, read-only), standbys where there are any (prefer-standby), or any that is ' +
      'in service (any). Their roles are watched, and clients stay connected when another one becomes primary. ' +
      'Not set: all hosts are used, whatever they are.',
  }),
  read_write_split: setting(onOff, {
    help:
      'Our own. Statements that are proven reads go to standbys by themselves, everything else goes to the primary. ' +
      'The roles of the hosts are watched, as with target_session_attrs.',
  }),
  replica_pool_size: connections(
    'Our own, with read_write_split. Links per pool to each standby; 0: no limit. Not set: as pool_size.',
  ),
  replica_balance: setting(oneOf(REPLICA_BALANCES), {
    help:
      'Our own, with read_write_split. Which standby a read goes to: the one with the fewest statements under way ' +
      '(least-outstanding), each in its turn (round-robin), or by replica_weights (weighted). Not set: least-outstanding.',
  }),
  replica_weights: setting(numbers, {
    help:
      'Our own, with replica_balance=weighted. A number for each host, with commas between (1,3,1): so many parts of ' +
      'the reads. 0: none, unless it is the only one.',
  }),
  replica_fallback: setting(oneOf(['primary', 'wait']), {
    help:
      'Our own, with read_write_split. Where a read goes when no standby can take it now: to the primary, or it waits ' +
      'for a standby. Not set: primary.',
  }),
  patroni: setting(httpUrls, {
    secret: true,
    help:
      'Our own. The REST APIs of all members of a cluster that Patroni manages, with commas between ' +
      '(http://db1:8008,https://user:password@db2:8008). What they say confirms who is primary, and SWITCHOVER is ' +
      'made by Patroni then. https: the certificate has to be good for the system, or for server_tls_ca_file.',
  }),
  ...RDS_ENTRY,
  consistency: setting(FAILOVER.consistency.type, {
    help: 'Our own. What a replica of this database must have replayed to be read from.',
  }),
  max_replica_lag: duration(
    'Our own. How far behind a replica of this database may be to be read from. 0: no bound.',
  ),
  server_tls_sslmode: setting(TLS.server_tls_sslmode.type, {
    help: 'Our own. TLS towards the servers of this database.',
  }),
  server_tls_ca_file: setting(text(), { help: 'Our own. As the global setting.' }),
  server_tls_key_file: setting(text(), { help: 'Our own. As the global setting.' }),
  server_tls_cert_file: setting(text(), { help: 'Our own. As the global setting.' }),
  ...OWN_SERVER_AUTH,
  max_db_connections: connections('Links of this database, over all its users.'),
  max_db_client_connections: connections('Clients of this database.'),
  server_lifetime: duration('Close links of this database that are older and unused.'),
  client_encoding: setting(text(), { help: 'Sent to the server at login.' }),
  datestyle: setting(text(), { help: 'Sent to the server at login.' }),
  timezone: setting(text(), { help: 'Sent to the server at login.' }),
  application_name: setting(text(), { help: 'Sent to the server at login.' }),
};

/** What an entry of `[users]` may say. It goes before the database and the global setting. */
export const USER_PARAMETERS = {
  secret: setting(secretPlace, {
    help:
      'Our own. Where the password of this user is, instead of in auth_file: the ARN of a secret of AWS Secrets ' +
      'Manager, or file:/path. See docs/aws-secrets.md.',
  }),
  secret_role_arn: setting(SECRETS.secret_role_arn.type, {
    help: 'Our own. As the global setting, for the secret of this user.',
  }),
  pool_size: connections('Links per pool of this user. 0: no limit.'),
  reserve_pool_size: connections('Links beyond the pool size of this user.'),
  pool_mode: setting(GENERIC.pool_mode.type, { help: 'Pool mode of this user.' }),
  session_state: setting(SESSION_STATE.session_state.type, {
    help: 'Our own. What becomes of the session state of this user.',
  }),
  max_pinned_per_pool: connections('Our own. Links of a pool of this user that may be pinned.'),
  max_user_connections: connections('Links of this user, over all databases.'),
  query_timeout: duration('Longest query of this user.'),
  query_wait_timeout: QUERY_WAIT_OF_USER,
  connection_borrow_timeout: aliasOf(
    'query_wait_timeout',
    QUERY_WAIT_OF_USER,
    'Our own. Another word for query_wait_timeout.',
  ),
  idle_transaction_timeout: duration('Longest pause of this user inside a transaction.'),
  transaction_timeout: duration('Longest transaction of this user.'),
  client_idle_timeout: CLIENT_IDLE_OF_USER,
  idle_client_timeout: aliasOf(
    'client_idle_timeout',
    CLIENT_IDLE_OF_USER,
    'Our own. Another word for client_idle_timeout.',
  ),
  max_user_client_connections: connections('Clients of this user.'),
  ...OWN_SERVER_AUTH,
};

/** What an entry of `[peers]` may say. */
export const PEER_PARAMETERS = {
  host: setting(text(), {
    help: 'Where the peer listens: the directory of its Unix socket, a name or an address.',
  }),
  port: setting(wholeNumber({ min: 1, max: 65_535 }), { help: 'Port of the peer. Not set: 6432.' }),
  pool_size: connections(
    'Cancel requests that are passed on to the peer at a time; others wait. Not set: default_pool_size.',
  ),
};
