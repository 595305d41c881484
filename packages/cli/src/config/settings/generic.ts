import { list, oneOf, onOff, text, time, wholeNumber } from '../value-types';
import { noEffect, setting } from './row';

/** Files, listening, pools and caps of `[pgbouncer]`. */
export const GENERIC = {
  logfile: setting(text(), {
    help: 'File for log lines, besides stderr. Kept open; reopened on SIGHUP, so that it can be rotated.',
  }),
  pidfile: setting(text(), {
    reloadable: false,
    help: 'File for the process id, written once the daemon listens. Required for -d.',
  }),
  listen_addr: setting(list, {
    reloadable: false,
    help: 'Addresses or names to listen on; * means all of IPv4 and IPv6. Not set: Unix socket only.',
  }),
  listen_port: setting(wholeNumber({ max: 65_535 }), {
    default: '6432',
    reloadable: false,
    help: 'Port for TCP and in the name of the Unix socket. 0: the system chooses a free one for TCP.',
  }),
  unix_socket_dir: setting(text(), {
    default: '/tmp',
    reloadable: false,
    help:
      'Directory of the listening Unix socket, and of the sockets of databases without host. ' +
      'A leading @ means the abstract name space (Linux). Empty: no Unix socket.',
  }),
  unix_socket_mode: setting(wholeNumber({ max: 0o777 }), {
    default: '0777',
    reloadable: false,
    help: 'Permissions of the Unix socket, in octal with a leading 0.',
  }),
  unix_socket_group: setting(text(), {
    reloadable: false,
    help: 'Group that the Unix socket belongs to.',
  }),
  user: setting(text(), {
    reloadable: false,
    help: 'User to become at start, before anything is opened. The flag -u goes first.',
  }),
  pool_mode: setting(oneOf(['session', 'transaction', 'statement']), {
    default: 'session',
    help:
      'When a client gives its link back: session (when it leaves), transaction (when its ' +
      'transaction ends), statement (after each statement; transactions are refused).',
  }),
  max_client_conn: setting(wholeNumber(), {
    default: '100',
    unit: 'connections',
    help: 'Clients that may be connected at a time. The console does not count.',
  }),
  default_pool_size: setting(wholeNumber(), {
    default: '20',
    unit: 'connections',
    help: 'Links per pool, that is per database and user. 0: no limit.',
  }),
  min_pool_size: setting(wholeNumber(), {
    default: '0',
    unit: 'connections',
    help:
      'Links that a pool keeps open: always where the database forces a user, otherwise while ' +
      'the pool has a client.',
  }),
  reserve_pool_size: setting(wholeNumber(), {
    default: '0',
    unit: 'connections',
    help: 'Links beyond the pool size when a client has waited reserve_pool_timeout. 0: none.',
  }),
  reserve_pool_timeout: setting(time(), {
    default: '5',
    help: 'How long a client waits before the reserve may be used. 0: the reserve is never used.',
  }),
  max_db_connections: setting(wholeNumber(), {
    default: '0',
    unit: 'connections',
    help: 'Links per database, over all its users. 0: no limit.',
  }),
  max_db_client_connections: setting(wholeNumber(), {
    default: '0',
    unit: 'connections',
    help: 'Clients per database. 0: no limit.',
  }),
  max_user_connections: setting(wholeNumber(), {
    default: '0',
    unit: 'connections',
    help: 'Links per user, over all databases. 0: no limit.',
  }),
  max_user_client_connections: setting(wholeNumber(), {
    default: '0',
    unit: 'connections',
    help: 'Clients per user. 0: no limit.',
  }),
  server_round_robin: setting(onOff, {
    default: '0',
    help: 'Use idle links in turn instead of the one used last.',
  }),
  track_extra_parameters: setting(list, {
    default: 'IntervalStyle',
    reloadable: false,
    differs:
      'with session_state = track every setting is kept per client, named here or not; better: also those ' +
      'that PostgreSQL does not report',
    help: 'Further settings that PostgreSQL reports and that are kept per client.',
  }),
  ignore_startup_parameters: setting(list, {
    differs:
      'what is not in the list is passed on to PostgreSQL, not refused; better: the list may be empty, and ' +
      'what clients ask for then holds',
    help:
      'Startup parameters that clients may send and that are dropped. With options in the list, ' +
      'unknown settings inside options are dropped as well.',
  }),
  peer_id: setting(wholeNumber({ max: 16_383 }), {
    default: '0',
    help:
      'Number of this instance among those that clients may reach under one address. Cancel keys ' +
      'carry it, so that the others can pass cancel requests on: see [peers]. 0: there are no others.',
  }),
  disable_pqexec: setting(onOff, {
    default: '0',
    reloadable: false,
    help: 'Refuse the simple query protocol, which allows several statements in one text.',
  }),
  application_name_add_host: setting(onOff, {
    default: '0',
    help: "Add the client's address and port to the application_name it starts with.",
  }),
  conffile: setting(text(), {
    class: noEffect('the file named on the command line is the one that a reload reads'),
    help: 'Path of the configuration file.',
  }),
  service_name: setting(text(), {
    default: 'pgbouncer',
    class: noEffect('it names a Windows service'),
    help: 'Name of the Windows service.',
  }),
  job_name: setting(text(), {
    default: 'pgbouncer',
    reloadable: false,
    class: noEffect('it is another word for service_name'),
    help: 'Another word for service_name.',
  }),
  stats_period: setting(time({ minMs: 1000 }), {
    default: '60',
    help: 'Period of averages and of the line of statistics in the log.',
  }),
  scram_iterations: setting(wholeNumber({ min: 1 }), {
    default: '4096',
    help: 'Iterations of SCRAM secrets made from plain passwords.',
  }),
};
