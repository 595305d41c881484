import { onOff, percent, text } from '../value-types';
import { aliasOf, setting } from './row';
import { TIMEOUTS } from './timeouts';
import { TLS } from './tls';

const REQUIRING_TLS: ReadonlySet<unknown> = new Set(['require', 'verify-ca', 'verify-full']);

const MAX_CONNECTIONS_PERCENT =
  'Links that may lead to one server, over all databases that have it, as a part of its own ' +
  'max_connections. The server is asked. Rounded down, and at least 1; the smallest limit counts.';
const MAX_IDLE_CONNECTIONS_PERCENT =
  'Links to one server that may stay idle, as a part of its own max_connections: of more than that, ' +
  'those that have been idle for 5 minutes are closed. server_idle_timeout and min_pool_size hold as well.';

/** What RDS Proxy has a setting for, by its name, and its metrics. */
export const RDS = {
  max_connections_percent: setting(percent, {
    help: `${MAX_CONNECTIONS_PERCENT} Not set or 0: no limit.`,
  }),
  max_idle_connections_percent: setting(percent, {
    help: `${MAX_IDLE_CONNECTIONS_PERCENT} Not set: any number.`,
  }),
  connection_borrow_timeout: aliasOf(
    'query_wait_timeout',
    TIMEOUTS.query_wait_timeout,
    'Another word for query_wait_timeout.',
  ),
  idle_client_timeout: aliasOf(
    'client_idle_timeout',
    TIMEOUTS.client_idle_timeout,
    'Another word for client_idle_timeout.',
  ),
  init_query: setting(text(), {
    help: 'The connect_query of databases that have none of their own.',
  }),
  require_tls: setting(onOff, {
    default: '0',
    reloadable: TLS.client_tls_sslmode.reloadable,
    alias: {
      of: 'client_tls_sslmode',
      means: (value) => (value === true ? 'require' : undefined),
      agrees: (value, other) => value === REQUIRING_TLS.has(other),
      shows: (other) => REQUIRING_TLS.has(other),
    },
    help: 'Another word for client_tls_sslmode = require: clients without TLS are refused.',
  }),
  metrics_emf: setting(onOff, {
    default: '0',
    help:
      'Write the metrics of RDS Proxy every stats_period, as lines of JSON in the Embedded Metric Format of ' +
      'CloudWatch.',
  }),
  metrics_emf_file: setting(text(), {
    notBySet: true,
    help: 'File for these lines, reopened on SIGHUP. Not set: standard output. Cannot be changed by SET.',
  }),
  metrics_emf_namespace: setting(text({ bytesMax: 255 }), {
    default: 'pgweir',
    help: 'Namespace of these metrics in CloudWatch. It must not begin with AWS/, which is reserved.',
  }),
  metrics_emf_proxy_name: setting(text({ bytesMax: 255 }), {
    default: 'pgweir',
    help: 'Their dimension ProxyName: the name of this pgweir, or of all that serve the same clients.',
  }),
};

/** The same in entries of `[databases]`. */
export const RDS_OF_DATABASE = {
  max_connections_percent: setting(percent, { help: `Our own. ${MAX_CONNECTIONS_PERCENT}` }),
  max_idle_connections_percent: setting(percent, {
    help: `Our own. ${MAX_IDLE_CONNECTIONS_PERCENT}`,
  }),
};
