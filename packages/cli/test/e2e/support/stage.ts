import {
  type BackendMessage,
  type Cluster,
  type Daemon,
  type LoginOptions,
  type NoticeFields,
  noticeFields,
  RawClient,
  rowValues,
  type Server,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';

/** PostgreSQL's log with a SQLSTATE in every line, which is what the tests of caps look for. */
export const LOG_WITH_SQLSTATE = { log_line_prefix: '%m [%p] %q%u@%d %e ' };

export type Settings = Readonly<Record<string, string | number>>;

export interface PoolerOptions {
  /** Over `DEFAULTS`. */
  readonly settings?: Settings;
  /** Lines of `[databases]`. Default: `app`, which is the database `postgres` of the server. */
  readonly databases?: readonly string[];
  /** Lines of `[users]`. */
  readonly users?: readonly string[];
  /** Who may log in (without a password). Default `app`. */
  readonly names?: readonly string[];
}

const DEFAULTS: Settings = {
  listen_addr: '127.0.0.1',
  listen_port: '{port}',
  unix_socket_dir: '{dir}',
  auth_type: 'trust',
  auth_file: '{dir}/userlist.txt',
  pool_mode: 'transaction',
  default_pool_size: 5,
  max_client_conn: 2000,
};

/** The text of a configuration. */
export function ini(server: { readonly port: number }, options: PoolerOptions = {}): string {
  const settings = Object.entries({ ...DEFAULTS, ...options.settings });
  return [
    '[databases]',
    ...(options.databases ?? [entry(server, 'app')]),
    '[users]',
    ...(options.users ?? []),
    '[pgbouncer]',
    ...settings.map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n');
}

/** A line of `[databases]` that leads to the database `postgres` of `server`. */
export function entry(server: { readonly port: number }, name: string, more = ''): string {
  return `${name} = host=127.0.0.1 port=${server.port} dbname=postgres ${more}`;
}

export function userlist(names: readonly string[]): string {
  return names.map((name) => `"${name}" ""\n`).join('');
}

/** pgweir before `server`, with one of the configurations above. */
export async function pooler(
  server: { readonly port: number },
  options: PoolerOptions = {},
): Promise<Daemon> {
  return await startDaemon({
    config: ini(server, options),
    userlist: userlist(options.names ?? ['app']),
  });
}

type Target = { readonly host: string; readonly port: number };

/** A client that has logged in as `app` to `app`, or as `options` say. */
export async function enter(
  target: Target,
  options: Partial<LoginOptions> = {},
): Promise<RawClient> {
  const { host, port } = target;
  const client = await RawClient.connect({ host, port });
  try {
    await client.login({ user: 'app', database: 'app', ...options });
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** Runs `work` with a client that is gone afterwards. */
export async function withClient<T>(
  target: Target,
  work: (client: RawClient) => Promise<T>,
  options: Partial<LoginOptions> = {},
): Promise<T> {
  const client = await enter(target, options);
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

/** The first column of the first row. @throws Error when there is none, with the error's text */
export function value(messages: readonly BackendMessage[]): string | null {
  const error = errorIn(messages);
  if (error !== undefined) throw new Error(`${error.C} ${error.M}`);
  const row = messages.find(({ tag }) => tag === 'D');
  if (row === undefined) throw new Error('no row came back');
  return rowValues(row)[0] ?? null;
}

export async function ask(client: RawClient, sql: string): Promise<string | null> {
  return value(await client.query(sql));
}

/** The process that serves this client now. */
export async function backendPid(client: RawClient): Promise<number> {
  return Number(await ask(client, 'SELECT pg_backend_pid()'));
}

/** The fields of the first ErrorResponse. */
export function errorIn(messages: readonly BackendMessage[]): NoticeFields | undefined {
  const error = messages.find(({ tag }) => tag === 'E');
  return error === undefined ? undefined : noticeFields(error);
}

/** Waits for an ErrorResponse: `FATAL 57P01 text`. */
export async function untilError(client: RawClient, deadlineMs = 10_000): Promise<string> {
  const messages = await client.until('E', { deadlineMs });
  const { V, C, M } = errorIn(messages) ?? {};
  return `${V} ${C} ${M}`;
}

/** How a login is refused: `FATAL 53300 text`. @throws Error when it is not */
export async function refusal(
  target: Target,
  options: Partial<LoginOptions> = {},
): Promise<string> {
  try {
    (await enter(target, options)).destroy();
  } catch (error) {
    if (!(error instanceof Error && 'fields' in error)) throw error;
    const { V, C, M } = error.fields as NoticeFields;
    return `${V} ${C} ${M}`;
  }
  throw new Error('the login was not refused');
}

/** Waits until a statement that contains `marker` is running on the server; gives its process. */
export async function untilRuns(server: Server, marker: string): Promise<number> {
  return await waitFor(() => running(server, marker), { what: `"${marker}" to run` });
}

/** Waits until nothing that contains `marker` is running any more. */
export async function untilStops(server: Server, marker: string, deadlineMs = 3000): Promise<void> {
  await waitFor(async () => (await running(server, marker)) === undefined, {
    what: `"${marker}" to stop`,
    deadlineMs,
  });
}

async function running(server: Server, marker: string): Promise<number | undefined> {
  const rows = await server.query(
    `SELECT pid FROM pg_stat_activity
      WHERE state IN ('active', 'idle in transaction') AND strpos(query, $1) > 0
        AND pid <> pg_backend_pid()`,
    [marker],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].pid);
}

/** The processes that serve `user`, oldest first. */
export async function backendsOf(server: Server, user = 'app'): Promise<number[]> {
  const rows = await server.query(
    'SELECT pid FROM pg_stat_activity WHERE usename = $1 ORDER BY backend_start',
    [user],
  );
  return rows.map(({ pid }) => Number(pid));
}

/** What PostgreSQL has logged about too many connections; empty is what a test wants. */
export async function overruns(cluster: Cluster): Promise<string[]> {
  const log = await cluster.primary.log();
  return log.split('\n').filter((line) => /53300|too many (connections|clients)/.test(line));
}
