import { type Daemon, startDaemon } from '../daemon';
import type { PlayTarget } from '../differential/player';
import { pgbouncerCommand, pgbouncerVersion } from '../process/pgbouncer';
import type { Way } from './scenario';

/** Who is compared with PostgreSQL: pgweir by `session_state`, PgBouncer, and PostgreSQL with itself. */
export const CONTENDERS = ['track', 'leak', 'pgbouncer', 'direct'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** Where one play's sessions and competitors connect: a pool of this size. */
export interface Slot {
  /** Number of the play within the run: it counts where plays must not find each other's leftovers. */
  readonly play: number;
  /** Name of PostgreSQL's database. */
  readonly database: string;
  readonly way: Way;
  readonly links: number;
}

export interface ContenderOptions {
  readonly name: ContenderName;
  readonly serverPort: number;
  readonly slots: readonly Slot[];
}

export interface Contender {
  readonly name: ContenderName;
  targetOf(slot: Slot): PlayTarget;
  /** Its log so far. */
  log(): string;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** From here on PgBouncer knows prepared statements in transaction mode. */
const WITH_STATEMENTS: readonly [number, number] = [1, 21];

/** Starts one in transaction mode. The caller stops it. */
export async function startContender(options: ContenderOptions): Promise<Contender> {
  const { name, serverPort } = options;
  if (name === 'direct') {
    const targetOf = ({ database }: Slot): PlayTarget => target(serverPort, database);
    return { name, targetOf, log: () => '', stop: async () => undefined };
  }
  const daemon = await startDaemon({
    config: configuration(options),
    userlist: ['app', 'chief', 'tuned'].map((user) => `"${user}" ""\n`).join(''),
    ...(name === 'pgbouncer' ? { command: pgbouncerCommand() } : {}),
  });
  return {
    name,
    targetOf: (slot) => target(daemon.port, aliasOf(name, slot)),
    log: () => daemon.log(),
    stop: () => stopped(daemon),
  };
}

function target(port: number, database: string): PlayTarget {
  return { host: HOST, port, user: 'app', database };
}

async function stopped(daemon: Daemon): Promise<void> {
  await daemon.stop();
}

/**
 * What tracks state must cope with what earlier plays left; for the others each play has new links, as
 * otherwise one play that leaves something would fail all later ones.
 */
function aliasOf(name: ContenderName, { play, database, way, links }: Slot): string {
  return name === 'track' ? `${database}_${way}_${links}` : `play_${play}`;
}

function configuration({ name, serverPort, slots }: ContenderOptions): string {
  const aliases = slots.map((slot) => {
    const at = `host=${HOST} port=${serverPort} dbname=${slot.database}`;
    return `${aliasOf(name, slot)} = ${at} pool_size=${slot.links}`;
  });
  return [
    '[databases]',
    ...new Set(aliases),
    '[pgbouncer]',
    `listen_addr = ${HOST}`,
    'listen_port = {port}',
    'unix_socket_dir =',
    'pool_mode = transaction',
    'max_client_conn = 1000',
    'auth_type = trust',
    'auth_file = {dir}/userlist.txt',
    'admin_users = chief',
    'log_connections = 0',
    'log_disconnections = 0',
    'server_round_robin = 1',
    ...(name === 'track' ? [] : ['server_idle_timeout = 2']),
    ...extraLines(name),
    '',
  ].join('\n');
}

function extraLines(name: ContenderName): readonly string[] {
  if (name !== 'pgbouncer') return [`session_state = ${name}`];
  const [major = 0, minor = 0] = (pgbouncerVersion() ?? '').split('.').map(Number);
  const [sinceMajor, sinceMinor] = WITH_STATEMENTS;
  const knows = major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
  return [
    'ignore_startup_parameters = extra_float_digits',
    ...(knows ? ['max_prepared_statements = 200'] : []),
  ];
}
