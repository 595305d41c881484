import { DATABASE, USER } from '../postgres/names';
import type { Place } from './contestant';
import { CAPS, type Pool } from './doors';

/** What clients ask the pooler for, by the pool that they want. */
export const DATABASES: Readonly<Record<Pool, string>> = {
  transaction: DATABASE,
  session: `${DATABASE}_session`,
  burst: `${DATABASE}_burst`,
  scram: `${DATABASE}_scram`,
};

/** Above the idle clients of the widest scenario. */
const CLIENTS_MAX = 11_000;
/** Links that one scenario leaves are gone before the next but one. */
const IDLE_LINK_SECONDS = 20;

/** Who lets clients in without a password, and who asks for one and offers TLS. */
export type Guard = 'trust' | 'scram';

export interface PoolerFiles {
  readonly config: string;
  readonly userlist: string;
}

/**
 * The same `pgbouncer.ini` for everybody who reads that format, with `more` lines of `[pgbouncer]`.
 *
 * PgBouncer's default backlog of 128 would make a burst wait for the retries of TCP.
 */
export function poolerFiles(place: Place, guard: Guard, more: readonly string[]): PoolerFiles {
  const lines = [
    '[databases]',
    ...databases(place, guard),
    '',
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    'listen_port = {port}',
    'listen_backlog = 4096',
    'unix_socket_dir =',
    'auth_file = {dir}/userlist.txt',
    ...authentication(guard),
    'server_tls_sslmode = disable',
    `server_idle_timeout = ${IDLE_LINK_SECONDS}`,
    'pool_mode = transaction',
    `max_client_conn = ${CLIENTS_MAX}`,
    'log_connections = 0',
    'log_disconnections = 0',
    ...more,
    '',
  ];
  const secret = guard === 'trust' ? '' : place.scramSecret;
  return { config: lines.join('\n'), userlist: `"${USER}" "${secret}"\n` };
}

function databases(place: Place, guard: Guard): string[] {
  const { host, port } = place.postgres;
  const pools: readonly Pool[] =
    guard === 'trust' ? ['transaction', 'session', 'burst'] : ['scram'];
  return pools.map((pool) => {
    const mode = pool === 'session' ? ' pool_mode=session' : '';
    const server = `host=${host} port=${port} dbname=${DATABASE} user=${place.role(pool)}`;
    return `${DATABASES[pool]} = ${server} pool_size=${CAPS[pool]}${mode}`;
  });
}

function authentication(guard: Guard): string[] {
  if (guard === 'trust') return ['auth_type = trust'];
  return [
    'auth_type = scram-sha-256',
    'client_tls_sslmode = allow',
    'client_tls_key_file = {certs}/server.key',
    'client_tls_cert_file = {certs}/server.crt',
  ];
}
