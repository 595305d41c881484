import { OF_RDS_PROXY } from './rds-proxy-tests';

/**
 * Which test shows what a setting does: one that fails when the setting is ignored. By section, file and
 * setting. That the value of the file reaches the code under test is shown by `setting-places.ts`.
 */
export type SettingTests = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const PGBOUNCER: SettingTests = {
  ...OF_RDS_PROXY.pgbouncer,
  'packages/cli/test/e2e/tracing.test.ts': {
    trace_endpoint: 'a reload sends them elsewhere, with other headers, and turns them off',
    trace_headers: 'a reload sends them elsewhere, with other headers, and turns them off',
    trace_service_name: 'a reload sends them elsewhere, with other headers, and turns them off',
  },
  'packages/pooler/test/tracing/session-trace.test.ts': {
    trace_sample: 'about as many are drawn as the ratio says',
    trace_max_per_second:
      'no more than so many are observed in a second; what is too much is counted',
  },
  'packages/cli/test/secrets/kept-secret.test.ts': {
    secrets_refresh: 'it is read at once, and again every secrets_refresh',
    secret_overlap:
      'clients may use the password before for secret_overlap after the change was seen',
  },
  'packages/cli/test/e2e/health.test.ts': {
    health_check_interval: 'health_check_interval is how often servers are asked',
    health_check_timeout:
      'health_check_timeout is how long an answer may take; then the server is down',
    health_check_user: 'health_check_user asks, in health_check_dbname',
    health_check_dbname: 'health_check_user asks, in health_check_dbname',
  },
  'packages/cli/test/e2e/control-failover.test.ts': {
    failover_hold_timeout: 'failover_hold_timeout ends the wait for another primary with 57P03',
    retry_reads: 'retry_reads = 0: a read that is lost is reported, and not run again',
  },
  'packages/pooler/test/routing/session-floor.test.ts': {
    consistency: 'with %s a replica is fit for a session that has written: %s',
    max_replica_lag: 'max_replica_lag bounds all consistencies, and what is not known is not fit',
  },
  'packages/cli/test/e2e/patroni.test.ts': {
    switchover_lead:
      'switchover_lead: one that patroni has scheduled is seen coming, and no client sees an error',
  },
  'packages/cli/test/e2e/control-switchover.test.ts': {
    switchover_timeout:
      'switchover_timeout ends it when a client does not: everything goes on as before',
    demote_command: 'demote_command that fails: the primary stays, and nobody sees an error',
    demote_timeout: 'demote_timeout ends a command that does not come back',
  },
  'packages/cli/test/e2e/promotion.test.ts': {
    failover_mode:
      'failover_mode = promote, a lease in $lease, $workers worker(s): killed under load, the primary is replaced and nothing is lost',
  },
  'packages/cli/test/e2e/control-promotion.test.ts': {
    failover_after: 'failover_after: a primary that is back in time is not replaced',
    fence_command:
      'fence_command that fails: nobody is promoted, an alarm says what to do, and it is tried again',
    fence_timeout: 'fence_timeout ends a command that does not come back, and nobody is promoted',
    promoter_lease:
      'promoter_lease: of two, one promotes and the other one follows; when both are lost, the other one does',
  },
  'packages/control/test/promotion/promoter.test.ts': {
    failover_min_interval:
      'one that is lost soon after its promotion is replaced after failover_min_interval',
  },
  'packages/control/test/lease/etcd-lease.test.ts': {
    promoter_lease_ttl: 'promoter_lease_ttl is how long another one waits for one that vanished',
  },
  'packages/cli/test/log/logger.test.ts': {
    logfile: 'a line is in the file when the call returns, however many there are',
    verbose: 'debug lines come with verbose, and a reload can change that both ways',
  },
  'packages/cli/test/log/syslog.test.ts': {
    log_format: 'a reload changes the format of the lines, of those to syslog too',
    syslog: 'a reload switches it on and off, and changes name and facility',
    syslog_ident: 'a reload switches it on and off, and changes name and facility',
    syslog_facility: 'a reload switches it on and off, and changes name and facility',
  },
  'packages/cli/test/start.test.ts': {
    pidfile: 'the pidfile is there once the daemon is up, and gone when it has ended',
    user: 'the daemon runs as the user of the settings; the flag -u goes first',
  },
  'packages/cli/test/listen.test.ts': {
    listen_addr:
      'listen_addr and listen_port say where TCP is listened on, listen_backlog how many may wait',
    listen_port:
      'listen_addr and listen_port say where TCP is listened on, listen_backlog how many may wait',
    listen_backlog:
      'listen_addr and listen_port say where TCP is listened on, listen_backlog how many may wait',
    unix_socket_dir:
      'unix_socket_dir, unix_socket_mode and unix_socket_group say where the Unix socket is and whose',
    unix_socket_mode:
      'unix_socket_dir, unix_socket_mode and unix_socket_group say where the Unix socket is and whose',
    unix_socket_group:
      'unix_socket_dir, unix_socket_mode and unix_socket_group say where the Unix socket is and whose',
  },
  'packages/cli/test/e2e/workers-instances.test.ts': {
    so_reuseport: 'share its connections, and a cancel request is right wherever it lands',
  },
  'packages/cli/test/e2e/service-notify.test.ts': {
    stats_period: 'it tells the statistics of each period, also when they are not logged',
    log_stats: 'it tells the statistics of each period, also when they are not logged',
  },
  'packages/cli/test/metrics/prometheus/cardinality.test.ts': {
    metrics_series_max: 'metrics_series_max is how many series there are, and the rest is added up',
  },
  'packages/cli/test/e2e/http.test.ts': {
    metrics_addr: 'metrics_addr says where HTTP is served; a reload moves it, and closes it',
  },
  'packages/cli/test/e2e/dashboard.test.ts': {
    dashboard_hosts: 'dashboard_hosts says by which names the page may be asked for',
    dashboard: 'dashboard says whether there is a page, and who may look; a reload changes that',
    dashboard_password: 'dashboard_password lets those who know it give orders, and nobody else',
  },
  'packages/cli/test/e2e/workers.test.ts': {
    workers: 'share the connections to a port, and show as one',
  },
  'packages/cli/test/e2e/workers-crash.test.ts': {
    worker_hang_timeout: 'one that hangs is killed and replaced',
  },
  'packages/cli/test/e2e/workers-rolling.test.ts': {
    worker_drain_timeout: 'while their clients stay, until they have stayed too long',
  },
  'packages/cli/test/runtime/dns-resolver.test.ts': {
    dns_max_ttl: 'dns_max_ttl is how long an address is remembered',
    dns_nxdomain_ttl: 'dns_nxdomain_ttl is how long it is remembered that there is no address',
  },
  'packages/cli/test/runtime/zone-watch.test.ts': {
    dns_zone_check_period: 'without a period nothing is asked and no zone is shown',
  },
  'packages/cli/test/admin/console.test.ts': {
    admin_users: 'admin_users may do everything, stats_users may look, and nobody else comes in',
    stats_users: 'admin_users may do everything, stats_users may look, and nobody else comes in',
  },
  'packages/cli/test/config/mock-secret.test.ts': {
    mock_auth_secret_file: 'mock_auth_secret_file stands above everything else',
  },
  'packages/cli/test/e2e/reload.test.ts': {
    auth_file: 'a user that is removed cannot log in any more, and one that is new can',
  },
  'packages/cli/test/e2e/auth-hba.test.ts': {
    auth_type: 'auth_type = cert',
    auth_hba_file:
      'the way, the address, the database and the user decide, in the order of the file',
    auth_ident_file: 'map= says as whom the owner of a certificate may log in',
    client_tls_ca_file: 'cert in a rule: the name in a certificate of our authority counts',
  },
  'packages/cli/test/e2e/auth-iam.test.ts': {
    iam_server_name: 'a token for another pgweir is refused, and STS is not asked',
    iam_sts_regions: 'a token of another region is refused, and STS is not asked',
    iam_map_file: 'a RELOAD of the map holds for the next login',
    iam_map: 'rules say who logs in by IAM, by which map, and which way',
  },
  'packages/cli/test/e2e/auth-ldap.test.ts': {
    auth_ldap_options:
      'a made name lets in who knows the password in the directory, without auth_file',
  },
  'packages/cli/test/e2e/auth-query.test.ts': {
    auth_query: 'auth_dbname and auth_query of a reload hold for the next login',
    auth_dbname: 'auth_dbname and auth_query of a reload hold for the next login',
  },
  'packages/pooler/test/auth-query/logins.test.ts': {
    auth_user: 'a user who is not in auth_file logs in with the password that auth_query finds',
  },
  'packages/pooler/test/frontend/login.test.ts': {
    scram_iterations: 'scram_iterations is how often a plain password is hashed for a SCRAM login',
  },
  'packages/pooler/test/frontend/startup-settings.test.ts': {
    ignore_startup_parameters: 'ignored parameters are ignored whatever their case',
    track_extra_parameters: 'ignoring options keeps the settings that are followed anyway',
    application_name_add_host:
      "application_name_add_host puts the client's address behind its name",
  },
  'packages/cli/test/e2e/drivers-startup.test.ts': {
    login_notify_message: 'login_notify_message is a NOTICE right before the first ReadyForQuery',
  },
  'packages/pooler/test/frontend/proxy-greeting.test.ts': {
    proxy_protocol: 'the client is where the header says: %s',
  },
  'packages/cli/test/e2e/tls-reload.test.ts': {
    client_tls_sslmode:
      'another mode applies to new clients, and those that are here stay as they are',
    client_tls_key_file:
      'after SIGHUP new clients see the new certificate, and those that are here stay',
    client_tls_cert_file:
      'after SIGHUP new clients see the new certificate, and those that are here stay',
  },
  'packages/cli/test/config/tls-choices.test.ts': {
    client_tls_protocols: 'client_tls_protocols are the versions that clients may speak',
    client_tls_ciphers: 'client_tls_ciphers are those that clients up to TLS 1.2 may use',
    client_tls13_ciphers: 'client_tls13_ciphers are those that clients of TLS 1.3 may use',
    client_tls_ecdhcurve: 'client_tls_ecdhcurve is the curve of the key exchange',
    client_tls_dheparams: 'client_tls_dheparams = none leaves out what needs them, auto does not',
    server_tls_protocols: 'server_tls_protocols are the versions that links may speak',
    server_tls_ciphers: 'server_tls_ciphers are those that links up to TLS 1.2 may use',
    server_tls13_ciphers: 'server_tls13_ciphers are those that links of TLS 1.3 may use',
  },
  'packages/cli/test/e2e/tls-servers.test.ts': {
    server_tls_sslmode: 'SIGHUP with another mode moves all links, and clients notice nothing',
    server_tls_ca_file:
      'a certificate of an authority that is not ours is refused from verify-ca on',
    server_tls_key_file: 'a server that asks for a certificate gets ours',
    server_tls_cert_file: 'a server that asks for a certificate gets ours',
  },
  'packages/pooler/test/pooler.test.ts': {
    max_client_conn: 'max_client_conn refuses one client too many with 53300',
    max_db_connections: 'the cap of a database holds over all its pools, and idle links make room',
    log_connections: 'without %s its line is missing, and no other',
    log_disconnections: 'without %s its line is missing, and no other',
    log_pooler_errors: 'without %s its line is missing, and no other',
    tcp_keepalive:
      'tcp_keepalive and tcp_keepidle reach both kinds of sockets, those after a reload too',
    tcp_keepidle:
      'tcp_keepalive and tcp_keepidle reach both kinds of sockets, those after a reload too',
  },
  'packages/pooler/test/statements/statement-settings.test.ts': {
    log_min_duration: 'log_min_duration: faster ones have no line, and many fill no disk',
    log_min_duration_literals: 'log_min_duration_literals: as they were sent, in the log alone',
    statement_stats: 'statement_stats: what runs is counted, or nothing is',
    statement_stats_max: 'statement_stats_max is how many are counted by themselves',
  },
  'packages/cli/test/e2e/caps.test.ts': {
    max_user_connections: 'max_user_connections: idle links to another database make room at once',
  },
  'packages/pooler/test/worker-identity.test.ts': {
    max_db_client_connections: 'caps on clients count those of other workers',
    max_user_client_connections: 'caps on clients count those of other workers',
  },
  'packages/pooler/test/pool/filling.test.ts': {
    default_pool_size: 'a cold pool dials in parallel up to pool_size, and not more',
    min_pool_size: 'min_pool_size is kept while the pool has a client',
    reserve_pool_size:
      'the reserve opens when the oldest waiter has waited for reserve_pool_timeout',
    reserve_pool_timeout:
      'the reserve opens when the oldest waiter has waited for reserve_pool_timeout',
  },
  'packages/pooler/test/pool/hand-off.test.ts': {
    server_round_robin: 'server_round_robin lends the link that has been idle for longest',
  },
  'packages/pooler/test/pool/ageing.test.ts': {
    server_lifetime: 'links older than server_lifetime are closed, but not all at once',
    server_idle_timeout: 'links idle for server_idle_timeout are closed down to min_pool_size',
    server_check_delay: 'an empty check query is sent as an empty query',
    server_check_query: 'a link idle for server_check_delay is tested before it is lent',
  },
  'packages/pooler/test/pool/login-failures.test.ts': {
    server_connect_timeout:
      'a server that does not answer fails its clients at server_connect_timeout',
    server_login_retry: 'server_login_retry shortens the pause between two attempts',
  },
  'packages/pooler/test/frontend/modes.test.ts': {
    pool_mode: 'statement mode refuses a transaction with 0A000 and takes its link back',
    disable_pqexec: 'disable_pqexec refuses every simple query, in the middle of a lease too',
    server_reset_query: 'a link whose reset query fails is closed',
    server_reset_query_always: 'server_reset_query_always resets in transaction mode too',
    server_fast_close: 'server_fast_close ends the session of a client whose link is outdated',
  },
  'packages/pooler/test/maintenance.test.ts': {
    query_timeout: 'query_timeout ends a running statement with 57014 and cancels it',
    query_wait_timeout: 'query_wait_timeout ends a wait with 53300',
    query_wait_notify: 'query_wait_notify tells a waiting client once for each wait',
    client_idle_timeout: 'client_idle_timeout ends a client that asks for nothing with 57P05',
    client_login_timeout: 'client_login_timeout ends a client that never says who it is with 08P01',
    idle_transaction_timeout:
      'idle_transaction_timeout ends a client idle in its transaction with 25P03',
    transaction_timeout: 'transaction_timeout ends a transaction that lasts too long with 25P04',
    pool_idle_timeout: 'pool_idle_timeout forgets a pool without clients and links',
    autodb_idle_timeout:
      'autodb_idle_timeout forgets a database that only the * entry knows, and no other',
  },
  'packages/pooler/test/orders.test.ts': {
    suspend_timeout: 'who does not read for suspend_timeout is dropped',
  },
  'packages/pooler/test/cancel/peers.test.ts': {
    peer_id: 'a cancel request that another instance gets cancels what it should, and only that',
    cancel_wait_timeout:
      'a dead peer costs its requests cancel_wait_timeout, in the queue too, and others nothing',
  },
  'packages/pooler/test/relay/relay.test.ts': {
    max_packet_size: 'a message that is too large gets 08P01, whether its header is whole or cut',
  },
  'packages/pooler/test/session-state/prepared-conversation.test.ts': {
    max_prepared_statements:
      'beyond max_prepared_statements the one used least recently makes room on its link',
  },
  'packages/pooler/test/session-state/state-following.test.ts': {
    session_state: 'leak asks nothing and touches nothing',
    max_pinned_per_pool: 'max_pinned_per_pool with wait: the next is served when a pin ends',
    pinned_limit_action: 'max_pinned_per_pool with error: 53300, and the session goes on',
    sequence_pin_timeout:
      'sequence_pin_timeout is how long a client that has used a sequence keeps others waiting',
  },
};

export const DATABASES: SettingTests = {
  ...OF_RDS_PROXY.databases,
  'packages/pooler/test/read-write-split/routes.test.ts': {
    read_write_split: 'a simple query that reads runs on a replica: %s',
  },
  'packages/pooler/test/read-write-split/pools.test.ts': {
    replica_pool_size:
      'replica_pool_size is how many links there are to each replica, for each user',
    replica_balance: 'round-robin: one after the other, whatever is under way',
    replica_weights: 'weighted: as the weights say, for each host of the list',
  },
  'packages/pooler/test/read-write-split/waits.test.ts': {
    replica_fallback: 'a read waits for a replica, however long that takes',
  },
  'packages/cli/test/e2e/control-failover.test.ts': {
    target_session_attrs: 'target_session_attrs leads to the server that it names',
  },
  'packages/pooler/test/entry-settings.test.ts': {
    pool_size: 'pool_size is for its own pools',
    reserve_pool_size: 'reserve_pool_size is for its own pools',
    reserve_pool: 'reserve_pool_size is for its own pools',
    pool_mode: 'pool_mode is for its own clients',
    session_state: 'session_state is for its own clients',
    max_pinned_per_pool: 'max_pinned_per_pool is for its own pools',
    max_db_connections: 'a limit of links of its own holds below the pool size',
    server_lifetime: 'server_lifetime of a database closes its own links',
    load_balance_hosts:
      'with load_balance_hosts=disable the first serves alone, until it cannot be reached',
    client_encoding: 'parameters of a database are sent at the login of each of its links',
    datestyle: 'parameters of a database are sent at the login of each of its links',
    timezone: 'parameters of a database are sent at the login of each of its links',
    application_name: 'parameters of a database are sent at the login of each of its links',
  },
  'packages/pooler/test/pool/filling.test.ts': {
    min_pool_size: 'min_pool_size is kept without a client where the user is forced',
  },
  'packages/pooler/test/routing/freshness.test.ts': {
    consistency: 'what an entry says goes before what holds for all',
    max_replica_lag: 'what an entry says goes before what holds for all',
  },
  'packages/pooler/test/pool/shared-caps.test.ts': {
    query_wait_timeout: "query_wait_timeout of a database or a user holds for a pool's first login",
  },
  'packages/pooler/test/pooler.test.ts': {
    max_db_client_connections: 'the client limits of a database and of a user hold',
  },
  'packages/pooler/test/auth-query/logins.test.ts': {
    auth_user: 'what a database says of auth_query goes before what holds for all',
    auth_query: 'what a database says of auth_query goes before what holds for all',
    auth_dbname: 'what a database says of auth_query goes before what holds for all',
  },
  'packages/cli/test/e2e/reload.test.ts': {
    dbname:
      'another database behind the same name: links are replaced, and new clients are told of it',
    host: 'a database that leads elsewhere: links are replaced, transactions finish where they are',
    port: 'a database that leads elsewhere: links are replaced, transactions finish where they are',
  },
  'packages/cli/test/e2e/auth-servers.test.ts': {
    user: 'logs in with the password of auth_file where its line has none',
    password: 'logs in with the password of its line, whatever auth_file says',
  },
  'packages/cli/test/e2e/lifecycle.test.ts': {
    connect_query: 'connect_query runs once on every link, before anybody else',
  },
  'packages/cli/test/e2e/patroni.test.ts': {
    patroni: 'patroni makes the switchover: no command, no right to promote, no error under load',
  },
  'packages/cli/test/e2e/tls-servers.test.ts': {
    server_tls_sslmode: 'one database has TLS of its own, another one what holds for all',
    server_tls_ca_file: 'one database has TLS of its own, another one what holds for all',
    server_tls_key_file: 'one database has TLS of its own, another one what holds for all',
    server_tls_cert_file: 'one database has TLS of its own, another one what holds for all',
  },
};

export const USERS: SettingTests = {
  ...OF_RDS_PROXY.users,
  'packages/pooler/test/entry-settings.test.ts': {
    pool_size: 'pool_size is for its own pools',
    reserve_pool_size: 'reserve_pool_size is for its own pools',
    pool_mode: 'pool_mode is for its own clients',
    session_state: 'session_state is for its own clients',
    max_pinned_per_pool: 'max_pinned_per_pool is for its own pools',
    max_user_connections: 'a limit of links of its own holds below the pool size',
    query_timeout: '%s of a user ends its own clients',
    idle_transaction_timeout: '%s of a user ends its own clients',
    transaction_timeout: '%s of a user ends its own clients',
    client_idle_timeout: '%s of a user ends its own clients',
  },
  'packages/pooler/test/pool/shared-caps.test.ts': {
    query_wait_timeout: "query_wait_timeout of a database or a user holds for a pool's first login",
  },
  'packages/pooler/test/pooler.test.ts': {
    max_user_client_connections: 'the client limits of a database and of a user hold',
  },
};

export const PEERS: SettingTests = {
  'packages/pooler/test/cancel/peers.test.ts': {
    host: 'a cancel request that another instance gets cancels what it should, and only that',
    port: 'the name of a peer is resolved, and its addresses are tried one after the other',
    pool_size:
      'pool_size requests are on their way to one peer at a time, others wait; peers are apart',
  },
};
