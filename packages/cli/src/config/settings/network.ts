import { addressList } from '../access/address-list';
import { onOff, wholeNumber } from '../value-types';
import { noEffect, setting } from './row';

const NO_PROBES = 'the runtime sets only when the first probe is sent (tcp_keepidle)';

/** Sockets. */
export const NETWORK = {
  pkt_buf: setting(wholeNumber({ min: 1 }), {
    default: '4096',
    unit: 'bytes',
    reloadable: false,
    class: noEffect('buffers are shared and sized by the runtime'),
    help: 'Size of the buffer of a socket.',
  }),
  max_packet_size: setting(wholeNumber({ min: 8 }), {
    default: '2147483647',
    unit: 'bytes',
    help: 'Longest message that is passed on. Anything longer ends the connection.',
  }),
  listen_backlog: setting(wholeNumber({ min: 1 }), {
    default: '4096',
    unit: 'connections',
    reloadable: false,
    differs:
      'without it 4096, where PgBouncer has 128; better: a burst of a thousand clients does not wait for the retries of TCP',
    help: 'Connections that may wait to be accepted. The system may lower it (net.core.somaxconn).',
  }),
  sbuf_loopcnt: setting(wholeNumber(), {
    default: '5',
    class: noEffect('the runtime shares time between sockets'),
    help: 'Reads from one socket in a row.',
  }),
  so_reuseport: setting(onOff, {
    default: '0',
    reloadable: false,
    differs:
      'same result: each instance has caps and a console of its own; better for more cores: workers, which ' +
      'share one budget of links and one console',
    help:
      'Let several instances of the same user listen on the same TCP ports; the system spreads ' +
      'connections over them. Each has caps of its own. See peer_id.',
  }),
  proxy_protocol: setting(addressList, {
    help:
      'Load balancers: addresses and networks, or `unix`. A connection from there must begin with a ' +
      'PROXY header (version 1 or 2), and its client counts as coming from the address in it. A header ' +
      'from anywhere else is a bad packet. Empty: nobody sends one. See docs/load-balancers.md.',
  }),
  tcp_defer_accept: setting(wholeNumber(), {
    default: '1',
    class: noEffect('the runtime does not offer it'),
    help: 'Accept a connection only when the client has sent something.',
  }),
  tcp_socket_buffer: setting(wholeNumber(), {
    default: '0',
    unit: 'bytes',
    class: noEffect('the system sizes the buffers of its sockets'),
    help: 'Size of the buffers of the system.',
  }),
  tcp_keepalive: setting(onOff, {
    default: '1',
    help: 'Probe connections that are silent.',
  }),
  tcp_keepcnt: setting(wholeNumber(), {
    default: '0',
    class: noEffect(NO_PROBES, '0'),
    help: 'Probes without an answer after which a connection is closed.',
  }),
  tcp_keepidle: setting(wholeNumber(), {
    default: '0',
    unit: 's',
    help: 'Silence before the first probe. 0: as the system has it.',
  }),
  tcp_keepintvl: setting(wholeNumber(), {
    default: '0',
    unit: 's',
    class: noEffect(NO_PROBES, '0'),
    help: 'Time between probes.',
  }),
  tcp_user_timeout: setting(wholeNumber(), {
    default: '0',
    class: noEffect(
      'the runtime does not offer it; a silent peer is noticed by tcp_keepalive and the other limits',
      '0',
    ),
    help: 'Milliseconds after which sent but unanswered data closes a connection.',
  }),
};
