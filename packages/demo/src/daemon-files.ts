/** Of the demo's role, which owns the database `demo`. The demo listens on the loopback alone. */
export const DEMO = { user: 'demo', password: 'demo', database: 'demo' } as const;
/** Of the one who may use the console. */
export const ADMIN = { user: 'admin', password: 'admin', database: 'pgbouncer' } as const;
/** The database's name for what goes to the replica. */
export const REPLICA_DATABASE = 'demo_replica';

/** Links to each server: the demo's PostgreSQL takes 100 connections. */
export const POOL_SIZE = 50;

/** pgweir's configuration; `{dir}` and `{port}` as `startDaemon` fills them in. */
export function daemonConfig(ports: {
  readonly primary: number;
  readonly replica: number;
}): string {
  return `[databases]
${DEMO.database} = host=127.0.0.1 port=${ports.primary} dbname=${DEMO.database}
${REPLICA_DATABASE} = host=127.0.0.1 port=${ports.replica} dbname=${DEMO.database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir = {dir}
auth_type = scram-sha-256
auth_file = {dir}/userlist.txt
admin_users = ${ADMIN.user}
pool_mode = transaction
default_pool_size = ${POOL_SIZE}
max_client_conn = 2000
log_connections = 0
log_disconnections = 0
`;
}

export function userlist(): string {
  return `"${DEMO.user}" "${DEMO.password}"\n"${ADMIN.user}" "${ADMIN.password}"\n`;
}
