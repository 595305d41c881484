import { type Daemon, type Server, startDaemon } from '@pgweir/testkit';
import { IDLE_COUNTS, LINKS, type Pooling, SESSION_LINKS } from '../scenarios';
import { DATABASE, USER } from '../table';
import type { Running } from './contestant';

/** What clients ask the pooler for, by the mode that they want. */
const DATABASES: Readonly<Record<Pooling, string>> = {
  transaction: DATABASE,
  session: `${DATABASE}_session`,
};

/** `userlist.txt` for `auth_type = trust`, which needs names only. */
export const USERLIST = `"${USER}" ""\n`;

/** The same `pgbouncer.ini` for everybody who reads that format. */
export function poolerConfig({ host, port }: Server): string {
  const server = `host=${host} port=${port} dbname=${DATABASE}`;
  return `[databases]
${DATABASES.transaction} = ${server}
${DATABASES.session} = ${server} pool_mode=session pool_size=${SESSION_LINKS}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {dir}/userlist.txt
pool_mode = transaction
default_pool_size = ${LINKS}
max_client_conn = ${Math.max(...IDLE_COUNTS) + 500}
log_connections = 0
log_disconnections = 0
`;
}

export interface PoolerProgram {
  readonly command: readonly [string, ...string[]];
  /** Flags before the configuration's name. */
  readonly args?: readonly string[];
  readonly config: string;
  readonly userlist?: string;
  /** Which database of the pooler stands for which mode. */
  readonly databases?: Readonly<Record<Pooling, string>>;
}

/** Starts a program that says "process up" once it listens, and gives it a free port. */
export async function startPooler(program: PoolerProgram): Promise<Running> {
  const { databases = DATABASES, ...options } = program;
  const daemon: Daemon = await startDaemon(options);
  const { host, port, pid } = daemon;
  return {
    target: (pooling) => ({ host, port, database: databases[pooling] }),
    pid,
    // SIGTERM: every PgBouncer understands it, and so do profilers, which write at an orderly end.
    stop: async () => {
      await daemon.stop('SIGTERM');
    },
  };
}
