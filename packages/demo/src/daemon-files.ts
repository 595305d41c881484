/** Of the demo's role, which owns the database `demo`. The demo listens on the loopback alone. */
export const DEMO = { user: 'demo', password: 'demo', database: 'demo' } as const;
/** Of the one who may use the console; on the web page the password alone is asked for. */
export const ADMIN = { user: 'admin', password: 'admin', database: 'pgbouncer' } as const;
/** The database's name for what goes to the replica, whichever that is. */
export const REPLICA_DATABASE = 'demo_replica';

/** Links to each server: the demo's PostgreSQL takes 100 connections. */
export const POOL_SIZE = 50;

/** pgweir's configuration; `{dir}` and `{port}` as `startDaemon` fills them in. */
export function daemonConfig(ports: {
  readonly primary: number;
  readonly replica: number;
  /** Of the web page and the metrics; 0: any free one. */
  readonly page: number;
}): string {
  const both = `host=127.0.0.1,127.0.0.1 port=${ports.primary},${ports.replica}`;
  return `[databases]
${DEMO.database} = ${both} dbname=${DEMO.database} target_session_attrs=primary
${REPLICA_DATABASE} = ${both} dbname=${DEMO.database} target_session_attrs=standby

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {dir}
auth_type = scram-sha-256
auth_file = {dir}/userlist.txt
health_check_user = ${DEMO.user}
admin_users = ${ADMIN.user}
pool_mode = transaction
default_pool_size = ${POOL_SIZE}
max_client_conn = 2000
metrics_addr = 127.0.0.1:${ports.page}
dashboard = on
dashboard_password = ${ADMIN.password}
statement_stats = on
log_connections = 0
log_disconnections = 0
`;
}

export function userlist(): string {
  return `"${DEMO.user}" "${DEMO.password}"\n"${ADMIN.user}" "${ADMIN.password}"\n`;
}
