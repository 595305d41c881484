import { startCluster } from '../cluster';
import { type Daemon, startDaemon } from '../daemon';
import type { Major } from '../postgres/binaries';
import type { Server } from '../postgres/server';
import type { FuzzTarget } from './connection';
import { Finding, runClient } from './life';
import { type Counts, World } from './model/world';
import { defaultSettings, setUp, warmUp } from './schema';

export interface StateFuzzOptions {
  /** It ends when this time is over, or so many statements have been answered (default: no limit). */
  readonly seconds: number;
  readonly statements?: number;
  readonly seed: number;
  /** Default 24. */
  readonly sessions?: number;
  /** Server connections that pgweir may have. Default 6. */
  readonly links?: number;
  /** Default 18. */
  readonly major?: Major;
  /** Asks PostgreSQL itself: shows that the model is right. Default false. */
  readonly direct?: boolean;
  /** Session mode with roles followed, so that state is, too. Each session has a link then. */
  readonly follows?: boolean;
  /** How clients come in. Default plain (TCP without TLS). */
  readonly clientSide?: 'plain' | 'tls' | 'unix';
  /** More lines for pgweir's configuration. */
  readonly extraLines?: readonly string[];
  /** Names of statements that are not to be used. */
  readonly without?: readonly string[];
  readonly onProgress?: (counts: Readonly<Counts>) => void;
}

export interface StateFuzzReport {
  readonly seed: number;
  readonly counts: Readonly<Counts>;
  /** What was wrong, with what the session had done before; empty: nothing. */
  readonly violations: readonly string[];
  readonly seconds: number;
}

const PROGRESS_EVERY_MS = 5_000;
const SESSIONS_DEFAULT = 24;
const LINKS_DEFAULT = 6;
const HISTORY_SHOWN = 200;
const CLIENT_TLS = [
  'client_tls_sslmode = require',
  'client_tls_cert_file = {certs}/server.crt',
  'client_tls_key_file = {certs}/server.key',
];

/**
 * Lets many sessions change their state over few links in transaction mode, and compares every answer
 * with a model that knows only what that session did. Ends at the first answer that is wrong.
 *
 * The same seed gives each session the same choices; how they interleave is up to the machine.
 *
 * What PostgreSQL and pgweir answer otherwise by design, or what no model can foresee, the statements
 * avoid: each file of them says what, and why. Also avoided are the number of the backend
 * (`pg_backend_pid()`), which is the link's, and a SET hidden in a function, which nobody can see.
 */
export async function checkState(options: StateFuzzOptions): Promise<StateFuzzReport> {
  const { sessions = SESSIONS_DEFAULT, major = 18, direct = false, follows = false } = options;
  const links = follows ? sessions * 2 : (options.links ?? LINKS_DEFAULT);
  const startedMs = performance.now();
  const connections = direct ? sessions * 2 + 20 : links + 20;
  const cluster = await startCluster({
    major,
    settings: { max_connections: String(connections + 10), TimeZone: 'UTC' },
    users: [{ name: 'app' }],
    databases: [{ name: 'app', owner: 'app' }],
  });
  let daemon: Daemon | undefined;
  try {
    const { primary } = cluster;
    await setUp(primary);
    await warmUp(primary, connections);
    if (!direct) {
      daemon = await startDaemon({
        config: configuration(primary, links, options),
        userlist: '"app" ""\n',
      });
    }
    const world = new World({
      isDirect: direct,
      major,
      permits: direct || follows ? sessions : Math.max(1, links - 2),
      without: new Set(options.without ?? []),
      defaults: await defaultSettings(primary),
    });
    const violations = await runClients(options, targetOf(primary, daemon, options), world);
    const seconds = (performance.now() - startedMs) / 1000;
    return { seed: options.seed, counts: world.counts, violations, seconds };
  } finally {
    await daemon?.stop();
    await cluster.stop();
  }
}

function targetOf(
  primary: Server,
  daemon: Daemon | undefined,
  options: StateFuzzOptions,
): FuzzTarget {
  if (daemon === undefined) {
    return { address: { host: primary.host, port: primary.port }, tls: false };
  }
  return options.clientSide === 'unix'
    ? { address: { path: daemon.socketPath }, tls: false }
    : {
        address: { host: daemon.host, port: daemon.port },
        tls: options.clientSide === 'tls',
      };
}

function configuration(primary: Server, links: number, options: StateFuzzOptions): string {
  const { sessions = SESSIONS_DEFAULT, clientSide, extraLines = [], follows = false } = options;
  return [
    '[databases]',
    entryOf(primary, follows),
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    'listen_port = {port}',
    `unix_socket_dir = ${clientSide === 'unix' ? '{dir}' : ''}`,
    // In session mode each has a link of its own, and the next one before the last is clean again.
    ...(follows ? ['pool_mode = session', 'health_check_user = app'] : ['pool_mode = transaction']),
    `default_pool_size = ${links}`,
    `max_client_conn = ${sessions * 3 + 100}`,
    'auth_type = trust',
    'auth_file = {dir}/userlist.txt',
    'log_connections = 0',
    'log_disconnections = 0',
    ...(clientSide === 'tls' ? CLIENT_TLS : []),
    ...extraLines,
    '',
  ].join('\n');
}

/** `follows`: as the one of two servers that is primary, which is where session mode follows state. */
function entryOf({ port }: Server, follows: boolean): string {
  return follows
    ? `app = host=127.0.0.1,127.0.0.1 port=${port},${port} dbname=app target_session_attrs=primary`
    : `app = host=127.0.0.1 port=${port} dbname=app`;
}

async function runClients(
  options: StateFuzzOptions,
  target: FuzzTarget,
  world: World,
): Promise<readonly string[]> {
  const { sessions = SESSIONS_DEFAULT, seed, seconds, statements = Infinity, onProgress } = options;
  const violations: string[] = [];
  const endMs = Date.now() + seconds * 1000;
  const goesOn = (): boolean =>
    violations.length === 0 && Date.now() < endMs && world.counts.statements < statements;
  const timer = setInterval(() => onProgress?.(world.counts), PROGRESS_EVERY_MS);
  const one = async (who: number): Promise<void> => {
    try {
      await runClient({ who, seed, target, world, goesOn });
    } catch (error) {
      violations.push(describe(error));
    }
  };
  try {
    await Promise.all(Array.from({ length: sessions }, (_, who) => one(who)));
  } finally {
    clearInterval(timer);
  }
  return violations;
}

function describe(error: unknown): string {
  if (!(error instanceof Finding)) return String(error);
  return [error.message, ...error.history.slice(-HISTORY_SHOWN)].join('\n    ');
}
