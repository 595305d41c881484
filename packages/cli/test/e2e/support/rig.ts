import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cluster,
  type ClusterOptions,
  certsDir,
  type Daemon,
  type RawTarget,
  type Server,
  startCluster,
  startDaemon,
} from '@pgweir/testkit';
import { Client, type ClientConfig } from 'pg';

export const MODES = ['session', 'transaction', 'statement'] as const;
/** How a client reaches the daemon. */
export const WAYS = ['tcp', 'tls', 'unix'] as const;
export type Way = (typeof WAYS)[number];
export type PoolMode = (typeof MODES)[number];

/** For tests that take long: each mode in two ways, each way in two modes. */
export const SOME_PAIRS: readonly (readonly [PoolMode, Way])[] = [
  ['session', 'tcp'],
  ['session', 'unix'],
  ['transaction', 'tls'],
  ['transaction', 'unix'],
  ['statement', 'tcp'],
  ['statement', 'tls'],
];

export interface RigOptions {
  readonly cluster?: ClusterOptions;
  /** Settings of `[pgbouncer]` over those of `configText`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Connection strings of `[databases]`; `{server}` becomes `host=... port=...` of the primary. */
  readonly databases: Readonly<Record<string, string>>;
  /** Lines of `[users]`. */
  readonly users?: Readonly<Record<string, string>>;
  readonly userlist?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Variables of the daemon's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export type ConfigParts = Pick<RigOptions, 'databases' | 'settings' | 'users'>;

/** PostgreSQL, and a pgweir before it. */
export interface Rig {
  readonly cluster: Cluster;
  readonly daemon: Daemon;
  /** Text of a configuration for this rig, to reload. */
  config(parts: ConfigParts): string;
  stop(): Promise<void>;
}

/** Both run when this resolves; what does run is stopped when it does not. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const cluster = await startCluster(options.cluster);
  try {
    const daemon = await startDaemonFor(cluster.primary, options);
    return {
      cluster,
      daemon,
      config: (parts) => configText(cluster.primary, parts),
      stop: async () => {
        await daemon.stop();
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

export async function startDaemonFor(server: Server, options: RigOptions): Promise<Daemon> {
  return await startDaemon({
    config: configText(server, options),
    userlist: options.userlist ?? '',
    ...(options.files === undefined ? {} : { files: options.files }),
    ...(options.env === undefined ? {} : { env: options.env }),
  });
}

/** A configuration: TCP and a Unix socket, users from userlist.txt, no statistics in the log. */
export function configText(
  server: Server,
  { databases, settings, users = {} }: ConfigParts,
): string {
  const address = `host=${server.host} port=${server.port}`;
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: '{port}',
    unix_socket_dir: '{dir}',
    auth_file: '{dir}/userlist.txt',
    log_stats: '0',
    ...settings,
  };
  return [
    '[databases]',
    ...Object.entries(databases).map(
      ([name, text]) => `${name} = ${text.replaceAll('{server}', address)}`,
    ),
    '[users]',
    ...Object.entries(users).map(([name, text]) => `${name} = ${text}`),
    '[pgbouncer]',
    ...Object.entries(all).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n');
}

/** Settings that let clients choose TLS, with the certificate for `localhost` and 127.0.0.1. */
export const CLIENT_TLS = {
  client_tls_sslmode: 'allow',
  client_tls_key_file: '{certs}/server.key',
  client_tls_cert_file: '{certs}/server.crt',
} as const;

/** The authority that signed the certificates of `CLIENT_TLS` and of the clusters. */
export function authority(name = 'ca.crt'): string {
  return readFileSync(join(certsDir(), name), 'utf8');
}

/** Options of `pg` for a way to the daemon. */
export function pgWay(daemon: Daemon, way: Way): ClientConfig {
  if (way === 'unix') return { host: daemon.socketDir, port: daemon.port };
  const ssl = way === 'tls' ? { ssl: { ca: authority() } } : {};
  return { host: daemon.host, port: daemon.port, ...ssl };
}

export function rawTarget(daemon: Daemon, way: Way = 'tcp'): RawTarget {
  if (way === 'unix') return { path: daemon.socketPath };
  return { host: daemon.host, port: daemon.port };
}

/** Connects with `pg`, and ends the connection after `use`, whatever that does. */
export async function withPg<T>(config: ClientConfig, use: (client: Client) => Promise<T>) {
  const client = new Client(config);
  // Its queries reject when it breaks; without a listener the process would end.
  client.on('error', (error) => error);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** The SQLSTATE (or system error) with which a promise is rejected. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    // No instanceof: the errors of Node's own modules are of another realm than the tests.
    const hasCode = typeof error === 'object' && error !== null && 'code' in error;
    return hasCode ? String(error.code) : `no code: ${error}`;
  }
  return 'no error';
}

/** Asks to cancel until `over` settles: a request that comes before its statement does nothing. */
export async function cancelUntil(over: Promise<unknown>, ask: () => Promise<void>): Promise<void> {
  let isOver = false;
  const note = (): void => {
    isOver = true;
  };
  over.then(note, note);
  while (!isOver) await ask();
}
