import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Daemon,
  daemonProgram,
  isAlive,
  type LoginOptions,
  type LoginResult,
  RawClient,
  type RawTarget,
  rowValues,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { ini, type PoolerOptions, userlist } from './stage';

export const RUNTIMES = ['node', 'bun'] as const;
export type Runtime = (typeof RUNTIMES)[number];

/** Program and first arguments of a daemon on a runtime. */
export function commandOn(runtime: Runtime): readonly [string, ...string[]] {
  if (runtime === 'node') return [process.execPath, daemonProgram()];
  const root = join(__dirname, '..', '..', '..', '..', '..');
  const bun = join(root, 'node_modules', '.bin', 'bun');
  if (!existsSync(bun)) throw new Error(`${bun} is missing: run npm ci`);
  return [bun, daemonProgram()];
}

export interface CrewOptions extends PoolerOptions {
  readonly runtime: Runtime;
  readonly workers?: number;
}

/** pgweir with several workers before `server`; `app` may use its console. */
export async function crew(
  server: { readonly port: number },
  { runtime, workers = 2, ...options }: CrewOptions,
): Promise<Daemon> {
  const settings = { workers, admin_users: 'app', log_stats: 0, ...options.settings };
  return await startDaemon({
    config: ini(server, { ...options, settings }),
    userlist: userlist(options.names ?? ['app']),
    command: commandOn(runtime),
  });
}

/** A row of SHOW WORKERS. */
export interface WorkerRow {
  readonly slot: number;
  readonly worker: number;
  readonly pid: number;
  readonly state: string;
  readonly clients: number;
  readonly links: number;
  readonly restarts: number;
}

/** The rows of a command of the console, in columns by name. */
export async function consoleRows(
  daemon: Daemon,
  command: string,
): Promise<readonly Readonly<Record<string, string>>[]> {
  const client = await RawClient.connect({ host: daemon.host, port: daemon.port });
  try {
    await client.login({ user: 'app', database: 'pgweir' });
    return await rowsOf(client, command);
  } finally {
    client.destroy();
  }
}

/** What a client is answered, in columns by name. */
export async function rowsOf(
  client: RawClient,
  command: string,
): Promise<readonly Readonly<Record<string, string>>[]> {
  const messages = await client.query(command);
  const names = messages.filter(({ tag }) => tag === 'T').flatMap(({ body }) => columns(body));
  return messages
    .filter(({ tag }) => tag === 'D')
    .map(rowValues)
    .map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? ''])));
}

/** The names in a RowDescription. */
function columns(body: Buffer): string[] {
  const names: string[] = [];
  for (let at = 2; at < body.length; ) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 19;
  }
  return names;
}

export async function workersOf(daemon: Daemon): Promise<readonly WorkerRow[]> {
  const rows = await consoleRows(daemon, 'SHOW WORKERS');
  return rows.map((row) => ({
    slot: Number(row.slot),
    worker: Number(row.worker),
    pid: Number(row.pid),
    state: row.state ?? '',
    clients: Number(row.clients),
    links: Number(row.links),
    restarts: Number(row.restarts),
  }));
}

/** A client, and the worker that it has come to. */
export interface Placed {
  readonly client: RawClient;
  readonly login: LoginResult;
  readonly worker: number;
}

export async function place(to: RawTarget, options: Partial<LoginOptions> = {}): Promise<Placed> {
  const client = await RawClient.connect(to);
  try {
    const login = await client.login({ user: 'app', database: 'app', ...options });
    // The upper bits of what a client is told as its process.
    return { client, login, worker: login.processId >>> 21 };
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/** A client of a worker that `fits`: connects until the system has chosen such a one. */
export async function placeAt(
  daemon: Daemon,
  fits: (worker: number) => boolean,
  options: Partial<LoginOptions> = {},
): Promise<Placed> {
  const { host, port } = daemon;
  return await waitFor(
    async () => {
      const placed = await place({ host, port }, options);
      if (fits(placed.worker)) return placed;
      placed.client.destroy();
      return undefined;
    },
    { what: 'a client of that worker', everyMs: 0 },
  );
}

export async function untilGone(pids: readonly number[], deadlineMs = 10_000): Promise<void> {
  await waitFor(() => pids.every((pid) => !isAlive(pid)), {
    what: `the processes ${pids.join(', ')} to end`,
    deadlineMs,
  });
}
