import { onOff, text, time } from '../value-types';
import { noEffect, setting } from './row';

/** Resets, checks and every limit of time. */
export const TIMEOUTS = {
  server_reset_query: setting(text(), {
    default: 'DISCARD ALL',
    help: 'Sent when a client gives a link back in session mode. Empty: nothing is sent.',
  }),
  server_reset_query_always: setting(onOff, {
    default: '0',
    help: 'Send server_reset_query in every pool mode.',
  }),
  server_check_delay: setting(time(), {
    default: '30',
    help: 'A link idle for longer is checked with server_check_query before use. 0: always.',
  }),
  server_check_query: setting(text(), {
    default: '<empty>',
    help: 'Query of that check. <empty>: an empty query. Nothing after the = sign: no check.',
  }),
  server_fast_close: setting(onOff, {
    default: '0',
    help:
      'In session mode, close a link that has to go as soon as it is outside a transaction, ' +
      'together with its client.',
  }),
  server_lifetime: setting(time(), {
    default: '3600',
    help: 'Close links older than this when nobody uses them, a few at a time.',
  }),
  server_idle_timeout: setting(time(), {
    default: '600',
    help: 'Close links idle for longer. 0: never.',
  }),
  server_connect_timeout: setting(time(), {
    default: '15',
    help: 'Limit for connecting and logging in to a server.',
  }),
  server_login_retry: setting(time(), {
    default: '15',
    differs:
      'the longest pause: the first ones are shorter (0.2 s where the server cannot be reached, 1 s where it ' +
      'refuses the login); better: a server that is back is used at once',
    help: 'Pause after a failed connection or login to a server.',
  }),
  client_login_timeout: setting(time(), {
    default: '60',
    help: 'A client that has not logged in within this time is closed.',
  }),
  autodb_idle_timeout: setting(time(), {
    default: '3600',
    help: 'Forget a database that only * knows when nobody has used it for this long.',
  }),
  pool_idle_timeout: setting(time(), {
    default: '0',
    help: 'Forget a pool without clients and links after this time. 0: never.',
  }),
  dns_max_ttl: setting(time(), {
    default: '15',
    help: 'How long the address of a host is remembered.',
  }),
  dns_nxdomain_ttl: setting(time(), {
    default: '15',
    help: 'How long it is remembered that a host has no address.',
  }),
  dns_zone_check_period: setting(time(), {
    default: '0',
    help:
      'How often the zones of the names of servers (what stands behind their first dots) are asked for their ' +
      'serials. When one has changed, its names are looked up anew, however long dns_max_ttl is. 0: never.',
  }),
  resolv_conf: setting(text(), {
    reloadable: false,
    class: noEffect('addresses are looked up by the system'),
    help: 'Another resolv.conf.',
  }),
  query_wait_notify: setting(time(), {
    default: '5',
    help: 'Tell a client with a NOTICE when it has waited this long for a link. 0: never.',
  }),
  login_notify_message: setting(text(), {
    help: 'Text of a NOTICE that every client gets after login.',
  }),
  query_timeout: setting(time(), {
    default: '0',
    help: 'A query that takes longer ends with an error, waiting included. 0: never.',
  }),
  query_wait_timeout: setting(time(), {
    default: '120',
    help: 'A client that waits longer for a link gets an error. 0: it waits for ever.',
  }),
  cancel_wait_timeout: setting(time(), {
    default: '10',
    help: 'A cancel request that waits longer for a connection is dropped. 0: never.',
  }),
  client_idle_timeout: setting(time(), {
    default: '0',
    help: 'Close clients that have been idle for longer. 0: never.',
  }),
  idle_transaction_timeout: setting(time(), {
    default: '0',
    help: 'Close clients idle in a transaction for longer. 0: never.',
  }),
  transaction_timeout: setting(time(), {
    default: '0',
    help: 'Close clients whose transaction takes longer. 0: never.',
  }),
  suspend_timeout: setting(time(), {
    default: '10',
    differs:
      '-R waits for nothing: clients stay with the old process until they leave; better: those with TLS, and those ' +
      'in the middle of a transaction, are not cut',
    help: 'Limit for flushing before SUSPEND.',
  }),
};
