import type { Server } from '@pgweir/testkit';
import { DATABASE, USER } from '../postgres/names';

/** Links of each entry's pools. */
const POOL_SIZE = 20;

/** What an entry of `[databases]` does with its servers; keys are names of entries. */
export const WAYS = {
  plain: 'the primary alone, roles are not followed',
  roles: 'both servers, target_session_attrs = primary',
  split: 'both servers, read_write_split = on',
  eventual: 'the same with consistency = eventual',
} as const;
export type Way = keyof typeof WAYS;

/** One daemon serves all ways: what differs is the entry that clients ask for. */
export function splitConfig(primary: Server, replica: Server): string {
  const both = `host=${primary.host},${replica.host} port=${primary.port},${replica.port}`;
  const places: Readonly<Record<Way, string>> = {
    plain: `host=${primary.host} port=${primary.port}`,
    roles: `${both} target_session_attrs=primary`,
    split: `${both} read_write_split=on`,
    eventual: `${both} read_write_split=on consistency=eventual`,
  };
  return [
    '[databases]',
    ...Object.entries(places).map(
      ([way, place]) => `${way} = ${place} dbname=${DATABASE} user=${USER} pool_size=${POOL_SIZE}`,
    ),
    '',
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    'listen_port = {port}',
    'unix_socket_dir =',
    'auth_type = trust',
    'auth_file = {dir}/userlist.txt',
    'server_tls_sslmode = disable',
    'pool_mode = transaction',
    `health_check_user = ${USER}`,
    'log_connections = 0',
    'log_disconnections = 0',
    '',
  ].join('\n');
}
