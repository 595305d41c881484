import { withDefaults } from '../../src/config/read-values';
import { GLOBAL_SETTINGS, SETTINGS } from '../../src/config/settings';
import type { SettingTable } from '../../src/config/settings/row';
import { showConfig } from '../../src/config/show-config';

const REFERENCE = `admin_users application_name_add_host auth_dbname auth_file auth_hba_file
auth_ident_file auth_ldap_options auth_query auth_type auth_user autodb_idle_timeout
cancel_wait_timeout client_idle_timeout client_login_timeout client_tls13_ciphers
client_tls_ca_file client_tls_cert_file client_tls_ciphers client_tls_dheparams
client_tls_ecdhcurve client_tls_key_file client_tls_protocols client_tls_sslmode conffile
default_pool_size disable_pqexec dns_max_ttl dns_nxdomain_ttl dns_zone_check_period
idle_transaction_timeout ignore_startup_parameters job_name listen_addr listen_backlog listen_port
log_connections log_disconnections log_pooler_errors log_stats logfile login_notify_message
max_client_conn max_db_client_connections max_db_connections max_packet_size
max_prepared_statements max_user_client_connections max_user_connections min_pool_size
peer_id pidfile pkt_buf pool_idle_timeout pool_mode query_timeout query_wait_notify
query_wait_timeout reserve_pool_size reserve_pool_timeout resolv_conf sbuf_loopcnt
scram_iterations server_check_delay server_check_query server_connect_timeout server_fast_close
server_idle_timeout server_lifetime server_login_retry server_reset_query
server_reset_query_always server_round_robin server_tls13_ciphers server_tls_ca_file
server_tls_cert_file server_tls_ciphers server_tls_key_file server_tls_protocols
server_tls_sslmode service_name so_reuseport stats_period stats_users suspend_timeout syslog
syslog_facility syslog_ident tcp_defer_accept tcp_keepalive tcp_keepcnt tcp_keepidle
tcp_keepintvl tcp_socket_buffer tcp_user_timeout track_extra_parameters transaction_timeout
unix_socket_dir unix_socket_group unix_socket_mode user verbose`.split(/\s+/);

const OURS = [
  'log_format',
  'server_auth',
  'aws_region',
  'aws_role_arn',
  'aws_external_id',
  'mock_auth_secret_file',
  'secrets_refresh',
  'secret_overlap',
  'secret_role_arn',
  'proxy_protocol',
  'session_state',
  'max_pinned_per_pool',
  'pinned_limit_action',
  'sequence_pin_timeout',
  'workers',
  'worker_hang_timeout',
  'worker_drain_timeout',
  'health_check_interval',
  'health_check_timeout',
  'health_check_user',
  'switchover_timeout',
  'switchover_lead',
  'demote_command',
  'demote_timeout',
  'failover_mode',
  'failover_after',
  'failover_min_interval',
  'fence_command',
  'fence_timeout',
  'promoter_lease',
  'promoter_lease_ttl',
  'health_check_dbname',
  'failover_hold_timeout',
  'retry_reads',
  'consistency',
  'max_replica_lag',
  'max_connections_percent',
  'max_idle_connections_percent',
  'connection_borrow_timeout',
  'idle_client_timeout',
  'init_query',
  'require_tls',
  'dashboard',
  'dashboard_hosts',
  'dashboard_password',
  'metrics_addr',
  'metrics_series_max',
  'metrics_emf',
  'metrics_emf_file',
  'metrics_emf_namespace',
  'metrics_emf_proxy_name',
  'trace_endpoint',
  'trace_headers',
  'trace_service_name',
  'trace_sample',
  'trace_max_per_second',
  'log_min_duration',
  'log_min_duration_literals',
  'statement_stats',
  'statement_stats_max',
  'iam_server_name',
  'iam_sts_regions',
  'iam_map_file',
  'iam_map',
];
const FIXED = `disable_pqexec job_name listen_addr listen_backlog listen_port pidfile pkt_buf
resolv_conf so_reuseport track_extra_parameters unix_socket_dir unix_socket_group
unix_socket_mode user`.split(/\s+/);
const OURS_FIXED = ['workers'];

test('every setting of PgBouncer is a row, and ours besides', () => {
  expect(Object.keys(GLOBAL_SETTINGS).sort()).toEqual([...REFERENCE, ...OURS].sort());
});

test('the settings that need a restart are those of PgBouncer', () => {
  const fixed = Object.entries(GLOBAL_SETTINGS).filter(([, row]) => !row.reloadable);
  expect(fixed.map(([name]) => name).sort()).toEqual([...FIXED, ...OURS_FIXED]);
});

test('every default is a value of its setting', () => {
  expect(() => withDefaults(GLOBAL_SETTINGS, {})).not.toThrow();
});

test('every row explains itself in sentences, and whatever does not work says why', () => {
  const tables: readonly SettingTable[] = Object.values(SETTINGS);
  for (const [name, row] of tables.flatMap((table) => Object.entries(table))) {
    expect(`${name}: ${row.help}`).toMatch(/: [A-Z0-9*<].*\.$/);
    if (row.class.kind !== 'works') expect(row.class.why).toMatch(/^[a-zA-Z].{10,}[^.]$/);
  }
});

test('SHOW CONFIG has one row for every setting, sorted, in the spelling of PgBouncer', () => {
  const rows = showConfig(
    withDefaults(GLOBAL_SETTINGS, { verbose: 2, reserve_pool_timeout: 1500 }),
  );
  expect(rows.map((row) => row.key)).toEqual(Object.keys(GLOBAL_SETTINGS).sort());
  const row = (key: string) => rows.find((candidate) => candidate.key === key);
  expect(row('verbose')).toEqual({ key: 'verbose', value: '2', default: null, changeable: 'yes' });
  expect(row('unix_socket_mode')).toMatchObject({ value: '511', changeable: 'no' });
  expect(row('reserve_pool_timeout')).toMatchObject({ value: '1.5', default: '5' });
  expect(row('log_connections')?.value).toBe('1');
});

test('SHOW CONFIG shows no secrets', () => {
  const values = withDefaults(GLOBAL_SETTINGS, { auth_ldap_options: 'ldapbindpasswd=hunter2' });
  expect(JSON.stringify(showConfig(values))).not.toContain('hunter2');
});
