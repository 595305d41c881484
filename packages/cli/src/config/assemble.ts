import { availableParallelism } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import {
  type AccessRule,
  type DatabaseSettings,
  databaseName,
  type PeerSettings,
  type PoolerSettings,
  type ServerTls,
  type TlsServerOptions,
  type UserName,
  type UserSettings,
  userName,
} from '@pgweir/pooler';
import type { IamOptions } from '../aws/iam-options';
import type { LdapOptions } from '../ldap/options';
import type { DaemonConfig } from './daemon-config';
import type { Databases } from './databases';
import { serverIdentity } from './server-auth';
import type { GlobalValues } from './settings';
import type { Userlist } from './userlist';

/** What was read, all of it valid. */
export interface Parts {
  readonly values: GlobalValues;
  readonly databases: Databases;
  readonly users: ReadonlyMap<UserName, UserSettings>;
  readonly credentials: Userlist;
  readonly peers: ReadonlyMap<number, PeerSettings>;
  readonly accessRules: readonly AccessRule[];
  readonly directory: LdapOptions | undefined;
  readonly iam: IamOptions | undefined;
  readonly unixSocketGid: number | undefined;
  readonly clientTls: TlsServerOptions | undefined;
  readonly serverTls: ServerTls;
  readonly mockSecret: Buffer;
}

/** Puts a configuration together from its parts. */
export function assemble(parts: Parts, running: DaemonConfig | undefined): DaemonConfig {
  const { values } = parts;
  const notEmpty = (text: string): string | undefined => (text === '' ? undefined : text);
  return {
    pooler: poolerSettings(parts, running?.pooler),
    listen: {
      addresses: values.listen_addr,
      port: values.listen_port,
      backlog: values.listen_backlog,
      reusePort: values.so_reuseport,
      unixSocketDir: notEmpty(values.unix_socket_dir),
      unixSocketMode: values.unix_socket_mode,
      unixSocketGroup:
        parts.unixSocketGid === undefined
          ? undefined
          : { name: values.unix_socket_group, gid: parts.unixSocketGid },
    },
    log: {
      file: notEmpty(values.logfile),
      format: values.log_format,
      verbose: values.verbose,
      stats: values.log_stats,
      syslog: values.syslog
        ? { ident: values.syslog_ident, facility: values.syslog_facility }
        : undefined,
    },
    dns: {
      foundMs: values.dns_max_ttl,
      notFoundMs: values.dns_nxdomain_ttl,
      zoneCheckMs: values.dns_zone_check_period,
    },
    health: {
      intervalMs: values.health_check_interval,
      timeoutMs: values.health_check_timeout,
      user: notEmpty(values.health_check_user),
      database: notEmpty(values.health_check_dbname),
    },
    switchover: {
      timeoutMs: values.switchover_timeout,
      leadMs: values.switchover_lead,
      demoteCommand: notEmpty(values.demote_command),
      demoteTimeoutMs: values.demote_timeout,
    },
    promotion: {
      isOn: values.failover_mode === 'promote',
      afterMs: values.failover_after,
      minIntervalMs: values.failover_min_interval,
      fenceCommand: notEmpty(values.fence_command),
      fenceTimeoutMs: values.fence_timeout,
      lease: values.promoter_lease,
      leaseTtlMs: values.promoter_lease_ttl,
    },
    secrets: secretSettings(values),
    credentials: parts.credentials,
    pidfile: notEmpty(values.pidfile),
    user: notEmpty(values.user),
    userNames: [...new Set([...parts.credentials.names, ...parts.users.keys()])],
    adminUsers: values.admin_users,
    statsUsers: values.stats_users,
    statsPeriodMs: values.stats_period,
    emf: emfSettings(values),
    http: httpSettings(values),
    tracing: tracingSettings(values),
    workers: workerSettings(values),
    values,
  };
}

function httpSettings(values: GlobalValues): DaemonConfig['http'] {
  return {
    address: values.metrics_addr,
    seriesMax: values.metrics_series_max,
    dashboard: values.dashboard,
    dashboardPassword: values.dashboard_password,
    dashboardHosts: values.dashboard_hosts,
  };
}

function secretSettings(values: GlobalValues): DaemonConfig['secrets'] {
  return {
    refreshMs: values.secrets_refresh,
    overlapMs: values.secret_overlap,
    roleArn: values.secret_role_arn === '' ? undefined : values.secret_role_arn,
  };
}

function poolerSettings(parts: Parts, running: PoolerSettings | undefined): PoolerSettings {
  const { values } = parts;
  return {
    authType: values.auth_type,
    accessRules: parts.accessRules,
    directory: parts.directory,
    iam: parts.iam,
    mockAuthenticationSecret: parts.mockSecret,
    scramIterations: values.scram_iterations,
    ...authQuery(values),
    ...caps(values),
    ...sessionState(values),
    ...serverSide(values),
    ...timeouts(values),
    ignoreStartupParameters: lowerCase(values.ignore_startup_parameters),
    trackExtraParameters: lowerCase(values.track_extra_parameters),
    applicationNameAddHost: values.application_name_add_host,
    loginNotifyMessage: values.login_notify_message,
    disableSimpleQuery: values.disable_pqexec,
    packetBytesMax: values.max_packet_size,
    loadBalancers: values.proxy_protocol,
    tcpKeepAlive: values.tcp_keepalive,
    tcpKeepIdleSeconds: values.tcp_keepidle,
    clientTlsMode: values.client_tls_sslmode,
    clientTls: unlessSame(running?.clientTls, parts.clientTls),
    serverTls: sameTls(running?.serverTls, parts.serverTls),
    ...serverIdentity(values),
    tracing: sampling(values),
    logConnections: values.log_connections,
    logDisconnections: values.log_disconnections,
    logPoolerErrors: values.log_pooler_errors,
    logMinDurationMs: values.log_min_duration,
    logMinDurationLiterals: values.log_min_duration_literals,
    statementStats: values.statement_stats,
    statementStatsMax: values.statement_stats_max,
    ...databasesOf(parts.databases, running),
    users: parts.users,
    peerId: values.peer_id,
    peers: parts.peers,
  };
}

function workerSettings(values: GlobalValues): DaemonConfig['workers'] {
  return {
    count: values.workers === 'auto' ? availableParallelism() : values.workers,
    hangTimeoutMs: values.worker_hang_timeout,
    drainTimeoutMs: values.worker_drain_timeout,
  };
}

function emfSettings(values: GlobalValues): DaemonConfig['emf'] {
  if (!values.metrics_emf) return undefined;
  const { metrics_emf_file: file, metrics_emf_namespace: namespace } = values;
  const proxyName = values.metrics_emf_proxy_name;
  return { file: file === '' ? undefined : file, namespace, proxyName };
}

function tracingSettings(values: GlobalValues): DaemonConfig['tracing'] {
  const { trace_endpoint: endpoint, trace_headers: headers } = values;
  return endpoint === ''
    ? undefined
    : { endpoint, headers, serviceName: values.trace_service_name };
}

function sampling(values: GlobalValues): PoolerSettings['tracing'] {
  if (values.trace_endpoint === '') return undefined;
  return { sampleRatio: values.trace_sample, perSecondMax: values.trace_max_per_second };
}

function authQuery(values: GlobalValues) {
  const { auth_user, auth_query, auth_dbname } = values;
  return {
    authUser: auth_user === '' ? undefined : userName(auth_user),
    authQuery: auth_query,
    authDatabase: auth_dbname === '' ? undefined : databaseName(auth_dbname),
  };
}

function caps(values: GlobalValues) {
  return {
    poolMode: values.pool_mode,
    clientsMax: values.max_client_conn,
    poolSize: values.default_pool_size,
    minPoolSize: values.min_pool_size,
    reservePoolSize: values.reserve_pool_size,
    reservePoolTimeoutMs: values.reserve_pool_timeout,
    databaseLinksMax: values.max_db_connections,
    databaseClientsMax: values.max_db_client_connections,
    userLinksMax: values.max_user_connections,
    userClientsMax: values.max_user_client_connections,
    maxConnectionsPercent: values.max_connections_percent,
    maxIdleConnectionsPercent: values.max_idle_connections_percent,
    serverRoundRobin: values.server_round_robin,
    measuresQueries: values.metrics_addr !== undefined,
  };
}

function sessionState(values: GlobalValues) {
  return {
    sessionState: values.session_state,
    preparedStatementsMax: values.max_prepared_statements,
    pinnedPerPoolMax: values.max_pinned_per_pool,
    pinnedLimitAction: values.pinned_limit_action,
    sequencePinTimeoutMs: values.sequence_pin_timeout,
  };
}

function serverSide(values: GlobalValues) {
  return {
    serverResetQuery: values.server_reset_query,
    serverResetQueryAlways: values.server_reset_query_always,
    serverCheckDelayMs: values.server_check_delay,
    serverCheckQuery: checkQuery(values.server_check_query),
    serverFastClose: values.server_fast_close,
    serverLifetimeMs: values.server_lifetime,
    serverIdleTimeoutMs: values.server_idle_timeout,
    serverConnectTimeoutMs: values.server_connect_timeout,
    serverLoginRetryMs: values.server_login_retry,
  };
}

function timeouts(values: GlobalValues) {
  return {
    queryTimeoutMs: values.query_timeout,
    queryWaitTimeoutMs: values.query_wait_timeout,
    queryWaitNotifyMs: values.query_wait_notify,
    cancelWaitTimeoutMs: values.cancel_wait_timeout,
    clientIdleTimeoutMs: values.client_idle_timeout,
    clientLoginTimeoutMs: values.client_login_timeout,
    idleTransactionTimeoutMs: values.idle_transaction_timeout,
    transactionTimeoutMs: values.transaction_timeout,
    poolIdleTimeoutMs: values.pool_idle_timeout,
    autodbIdleTimeoutMs: values.autodb_idle_timeout,
    suspendTimeoutMs: values.suspend_timeout,
    failoverHoldTimeoutMs: values.failover_hold_timeout,
    retryReads: values.retry_reads,
    consistency: values.consistency,
    maxReplicaLagMs: values.max_replica_lag,
  };
}

/** In the file `<empty>` is an empty query, and nothing at all means no check. */
function checkQuery(text: string): string | undefined {
  if (text === '') return undefined;
  return text === '<empty>' ? '' : text;
}

function lowerCase(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}

/** As the one before, if it says the same. */
function sameTls(old: ServerTls | undefined, fresh: ServerTls): ServerTls {
  return unlessSame(old, fresh) ?? fresh;
}

function databasesOf({ named, fallback }: Databases, running: PoolerSettings | undefined) {
  const kept = <Entry extends DatabaseSettings | undefined>(
    entry: Entry,
    before: DatabaseSettings | undefined,
  ): Entry =>
    entry?.serverTls === undefined
      ? entry
      : { ...entry, serverTls: sameTls(before?.serverTls, entry.serverTls) };
  return {
    databases: new Map(
      [...named].map(([name, entry]) => [name, kept(entry, running?.databases.get(name))]),
    ),
    fallbackDatabase: kept(fallback, running?.fallbackDatabase),
  };
}

/** Options are compared by identity: the old object stands as long as its content does. */
function unlessSame<T>(old: T | undefined, fresh: T | undefined): T | undefined {
  return old !== undefined && isDeepStrictEqual(old, fresh) ? old : fresh;
}
