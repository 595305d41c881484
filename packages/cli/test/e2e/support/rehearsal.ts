import { type Cluster, type Daemon, pgbouncerVersion, startDaemon } from '@pgweir/testkit';
import { Client, type QueryResult } from 'pg';

/* What both rehearsals of a migration need: one set of files for PgBouncer and for pgweir. */

export const VERSION = pgbouncerVersion();
export const testBoth = VERSION === undefined ? test.skip : test;
export const WHY = VERSION === undefined ? ' (skipped: there is no pgbouncer on PATH)' : '';

const configuration = ({
  port,
}: {
  readonly port: number;
}): string => `;; as it is found in the field
[databases]
app = host=127.0.0.1 port=${port} dbname=postgres pool_size=3
several = host=127.0.0.1,127.0.0.1 port=${port} dbname=postgres pool_mode=session
forced = host=127.0.0.1 port=${port} dbname=postgres user=app pool_mode=transaction connect_query='SELECT 1'
nowhere = host=127.0.0.1 port=1 dbname=postgres

[users]
app = pool_mode=transaction max_user_connections=40

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = md5
auth_file = {dir}/userlist.txt
admin_users = chief
stats_users = reader, other
ignore_startup_parameters = extra_float_digits, options
server_reset_query = DISCARD ALL
server_check_delay = 30
server_lifetime = 3600
server_idle_timeout = 600
query_wait_timeout = 20
max_client_conn = 200
default_pool_size = 5
reserve_pool_size = 2
reserve_pool_timeout = 3
stats_period = 60
pkt_buf = 4096
tcp_keepalive = 1
tcp_keepidle = 60
`;
const USERLIST = ['app', 'chief', 'reader'].map((user) => `"${user}" "${user} secret"\n`).join('');

/** `command`: what starts PgBouncer; without it, pgweir. The caller stops it. */
export function startEither(
  cluster: Cluster,
  command?: readonly [string, ...string[]],
): Promise<Daemon> {
  const options = command === undefined ? {} : { command };
  return startDaemon({ config: configuration(cluster.primary), userlist: USERLIST, ...options });
}

export async function enter(daemon: Daemon, database: string, user = 'app'): Promise<Client> {
  const { host, port } = daemon;
  const client = new Client({ host, port, user, password: `${user} secret`, database });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** What a command comes to: rows are left out, because they are each daemon's own. */
export async function saying(client: Client, sql: string): Promise<string> {
  const notices: string[] = [];
  const heard = ({ message }: { message?: string | undefined }) => notices.push(message ?? '');
  client.on('notice', heard);
  try {
    const { command, rowCount } = (await client.query(sql)) as QueryResult;
    return [...notices, command, rowCount === null ? 'no rows' : 'rows'].join(' | ');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    client.removeListener('notice', heard);
  }
}

/** Items that the oldest PgBouncer has which anybody still runs. */
export const ITEMS = [
  ...[
    'VERSION',
    'STATS',
    'STATS_TOTALS',
    'STATS_AVERAGES',
    'TOTALS',
    'CLIENTS',
    'SERVERS',
    'SOCKETS',
  ],
  ...[
    'ACTIVE_SOCKETS',
    'POOLS',
    'LISTS',
    'USERS',
    'DATABASES',
    'CONFIG',
    'MEM',
    'DNS_HOSTS',
    'DNS_ZONES',
  ],
];

/** Names that a later PgBouncer has given to a column. */
const RENAMED: Readonly<Record<string, string>> = { reserve_pool: 'reserve_pool_size' };

/** Names and types of the columns of an answer. */
export function columns({ fields }: QueryResult): readonly string[] {
  return fields.map(({ name, dataTypeID }) => `${RENAMED[name] ?? name} ${dataTypeID}`);
}
