import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, type ClientConfig } from 'pg';
import { isAlive } from '../process/alive';
import { freePort } from '../process/free-port';
import { type ServerUser, spawnAs } from '../process/system-user';
import { waitFor } from '../wait-for';
import type { Binaries, Major } from './binaries';
import { type Settings, writeHba, writeSettings } from './config-file';
import { removeSharedMemory, sharedMemoryId } from './lock-file';
import { childrenOf, signalIfAlive } from './process-tree';

const START_DEADLINE_MS = 60_000;
const FAST_STOP_MS = 5_000;
/** Somebody may take a port between our asking for one and PostgreSQL's using it. */
const PORT_ATTEMPTS = 20;

export interface ServerParts {
  /** Names the server in its cluster's folder, and as a replica: letters, digits, `_`. */
  readonly name: string;
  /** The cluster's folder, which holds the data folder, the log and the socket. */
  readonly dir: string;
  readonly binaries: Binaries;
  readonly user: ServerUser;
  readonly settings: Settings;
  /** undefined: the operating system chooses. */
  readonly port: number | undefined;
}

type Phase =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'running'; readonly child: ChildProcess; readonly exited: Promise<void> };

/** One PostgreSQL server in a folder of its own, listening on 127.0.0.1 and on a Unix socket. */
export class Server {
  readonly host = '127.0.0.1';
  readonly superuser = 'postgres';
  readonly name: string;
  readonly major: Major;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly user: ServerUser;
  readonly #binaries: Binaries;
  readonly #logFile: string;
  readonly #fixedPort: number | undefined;
  #settings: Settings;
  #port = 0;
  #phase: Phase = { kind: 'stopped' };

  /** The data folder must have been filled; `Cluster` does that. */
  constructor(parts: ServerParts) {
    this.name = parts.name;
    this.major = parts.binaries.major;
    this.dataDir = join(parts.dir, parts.name);
    this.socketDir = join(parts.dir, 'sockets');
    this.user = parts.user;
    this.#binaries = parts.binaries;
    this.#logFile = join(parts.dir, `${parts.name}.log`);
    this.#fixedPort = parts.port;
    this.#settings = parts.settings;
  }

  /** Stays the same for the server's whole life once it has started. */
  get port(): number {
    return this.#port;
  }

  /** Of the superuser, over TCP. */
  get url(): string {
    return `postgres://${this.superuser}@${this.host}:${this.#port}/postgres`;
  }

  get isRunning(): boolean {
    return this.#phase.kind === 'running';
  }

  /** The postmaster's id; undefined while stopped. */
  get pid(): number | undefined {
    return this.#phase.kind === 'running' ? this.#phase.child.pid : undefined;
  }

  /** Everything the server has written to its log since it was made. */
  async log(): Promise<string> {
    return await readFile(this.#logFile, 'utf8').catch(() => '');
  }

  /**
   * A connected client; the superuser on the database `postgres` unless `options` say otherwise. The
   * caller ends it. When its connection breaks, its queries reject; nothing is thrown at large.
   */
  async connect(options: ClientConfig = {}): Promise<Client> {
    const client = new Client({
      host: this.host,
      port: this.#port,
      user: this.superuser,
      database: 'postgres',
      ...options,
    });
    client.on('error', leftToQueries);
    await client.connect();
    return client;
  }

  /** One statement (or several, without values) as the superuser. Gives the rows of the last. */
  async query(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]> {
    const client = await this.connect({ host: this.socketDir });
    try {
      const result: unknown = await client.query(
        text,
        values === undefined ? undefined : [...values],
      );
      const last: unknown = Array.isArray(result) ? result.at(-1) : result;
      if (typeof last !== 'object' || last === null || !('rows' in last)) return [];
      return Array.isArray(last.rows) ? last.rows : [];
    } finally {
      await client.end();
    }
  }

  /**
   * Starts and waits until connections are accepted.
   *
   * @throws Error with the end of the server's log when it does not; a port that was asked for and is
   *   taken is named
   */
  async start(): Promise<void> {
    if (this.#phase.kind === 'running') return;
    const wanted = this.#fixedPort ?? (this.#port === 0 ? undefined : this.#port);
    for (let attempt = 1; ; attempt++) {
      this.#port = wanted ?? (await freePort());
      const outcome = await this.#launch();
      if (outcome === 'ready') return;
      if (outcome === 'portTaken' && wanted === undefined && attempt < PORT_ATTEMPTS) continue;
      const text =
        outcome === 'portTaken'
          ? `port ${this.#port} of ${this.host} is taken`
          : `PostgreSQL ${this.major} did not start`;
      throw new Error(`${text}\n${(await this.log()).split('\n').slice(-15).join('\n')}`);
    }
  }

  async #launch(): Promise<'ready' | 'portTaken' | 'failed'> {
    const logBefore = (await this.log()).length;
    // What a killed server left says "ready", of a process that is gone.
    rmSync(join(this.dataDir, 'postmaster.pid'), { force: true });
    const log = openSync(this.#logFile, 'a');
    const child = spawn(
      this.#binaries.postgres,
      ['-D', this.dataDir, '-p', String(this.#port), '-k', this.socketDir],
      {
        ...spawnAs(this.user),
        // A session of its own: Ctrl-C in a terminal is for us, and we stop the server in order.
        detached: true,
        cwd: '/',
        stdio: ['ignore', log, log],
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
      },
    );
    closeSync(log);
    let failure: Error | undefined;
    let hasExited = false;
    const exited = new Promise<void>((resolve) => {
      const done = (): void => {
        hasExited = true;
        if (this.#phase.kind === 'running' && this.#phase.child === child) {
          this.#phase = { kind: 'stopped' };
        }
        resolve();
      };
      child.once('exit', done);
      child.once('error', (error) => {
        failure = error;
        done();
      });
    });
    this.#phase = { kind: 'running', child, exited };
    await waitFor(() => hasExited || this.#isReady(), {
      what: `PostgreSQL ${this.major} to start`,
      deadlineMs: START_DEADLINE_MS,
      everyMs: 5,
    });
    if (!hasExited) return 'ready';
    if (failure !== undefined) throw failure;
    const news = (await this.log()).slice(logBefore);
    return news.includes('Address already in use') ? 'portTaken' : 'failed';
  }

  /** The lock file's eighth line is the postmaster's state; pg_ctl reads the same. */
  #isReady(): boolean {
    try {
      const lines = readFileSync(join(this.dataDir, 'postmaster.pid'), 'utf8').split('\n');
      return /^(ready|standby)/.test(lines[7] ?? '');
    } catch {
      return false;
    }
  }

  /**
   * Stops and waits for the end: in "fast" mode (transactions are rolled back) and, when that takes
   * longer than five seconds, "immediate" (as after a crash).
   */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const phase = this.#phase;
    if (phase.kind === 'stopped') return;
    const { child, exited } = phase;
    // A frozen server does not hear anything else.
    for (const pid of this.processes()) signalIfAlive(pid, 'SIGCONT');
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    if (await endsWithin(exited, FAST_STOP_MS)) return;
    child.kill('SIGQUIT');
    if (await endsWithin(exited, FAST_STOP_MS * 2)) return;
    await this.kill();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /**
   * SIGKILL (default) ends the server with all its processes at once, as a machine that loses power,
   * and waits for that. Any other signal goes to the postmaster alone, and nothing is waited for.
   */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const phase = this.#phase;
    if (phase.kind === 'stopped') return;
    if (signal !== 'SIGKILL') {
      phase.child.kill(signal);
      return;
    }
    // Stopped first, so that it starts no process while we look.
    phase.child.kill('SIGSTOP');
    const all = this.processes();
    const segment = sharedMemoryId(this.dataDir);
    for (const pid of all) signalIfAlive(pid, 'SIGKILL');
    await phase.exited;
    await waitFor(() => !all.some(isAlive), { what: `the processes of ${this.name} to end` });
    await removeSharedMemory(segment);
  }

  /** Stops all processes without ending them: connections stay open and nobody answers. */
  freeze(): void {
    for (const pid of this.processes()) signalIfAlive(pid, 'SIGSTOP');
  }

  /** Undoes `freeze`. */
  thaw(): void {
    for (const pid of this.processes()) signalIfAlive(pid, 'SIGCONT');
  }

  /** The postmaster and its children, as of now. */
  processes(): number[] {
    const pid = this.pid;
    return pid === undefined ? [] : [pid, ...childrenOf(pid)];
  }

  /** Makes a replica a primary and waits until it is one. */
  async promote(): Promise<void> {
    const rows = await this.query('SELECT pg_promote(true, 30) AS done');
    if (rows[0]?.done !== true) throw new Error(`${this.name} was not promoted in 30 s`);
  }

  /** Adds to the settings and reloads; those that need a restart wait for `restart`. */
  async configure(settings: Settings): Promise<void> {
    this.#settings = { ...this.#settings, ...settings };
    writeSettings(this, this.#settings);
    await this.reload();
  }

  /** Replaces the rules of pg_hba.conf (undefined: trust the loopback) and reloads. */
  async setHba(lines: readonly string[] | undefined): Promise<void> {
    writeHba(this, lines);
    await this.reload();
  }

  /** Makes the server read its files again, and waits until new connections see them. */
  async reload(): Promise<void> {
    if (this.#phase.kind === 'stopped') return;
    const loadedAt = async (): Promise<string> => {
      const rows = await this.query('SELECT pg_conf_load_time()::text AS at');
      return String(rows[0]?.at);
    };
    const before = await loadedAt();
    this.#phase.child.kill('SIGHUP');
    await waitFor(async () => (await loadedAt()) !== before, { what: 'a reload of PostgreSQL' });
  }
}

/** Without a listener, `pg` would end the process when a server goes away. */
function leftToQueries(error: Error): Error {
  return error;
}

async function endsWithin(end: Promise<void>, limitMs: number): Promise<boolean> {
  const timeout = new AbortController();
  const ended = end.then(() => true);
  const late = delay(limitMs, false, { signal: timeout.signal }).catch(() => false);
  const result = await Promise.race([ended, late]);
  timeout.abort();
  return result;
}
