import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bunProgram } from './process/bun-program';
import { freePort } from './process/free-port';
import { makeScratch, type Scratch } from './process/scratch';
import { waitFor } from './wait-for';

/** What the daemon logs once it listens. */
const UP = 'process up';
/** What it logs at the end of a reload. */
const RELOADED = /configuration reloaded|RELOAD failed/;
const START_DEADLINE_MS = 20_000;
const STOP_DEADLINE_MS = 10_000;
const RELOAD_DEADLINE_MS = 5_000;
/** Somebody may take a port between our asking for one and the daemon's listening on it. */
const PORT_ATTEMPTS = 10;

export interface DaemonOptions {
  /**
   * Text of the configuration. In it, as in all files: `{port}` becomes a free port, `{dir}` the
   * daemon's temporary folder (which serves as `unix_socket_dir` too), `{certs}` that of the test
   * certificates.
   */
  readonly config: string;
  /** Text of `{dir}/userlist.txt`. */
  readonly userlist?: string;
  /** Further files by path below `{dir}`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Flags before the configuration's name. */
  readonly args?: readonly string[];
  /** Instead of a free port. */
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Program and first arguments. Default: `daemonCommand()`. */
  readonly command?: readonly [string, ...string[]];
  /** Instead of a folder of its own: that of a daemon that it takes over from, which removes it. */
  readonly successorOf?: Daemon;
  /** Descriptors that it inherits, as its 3 and on. They stay the caller's to close. */
  readonly descriptors?: readonly number[];
}

export interface DaemonExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Starts pgweir with `daemonCommand()` (build first) and waits until it listens. It ends with the
 * process that called, however that ends.
 *
 * @throws Error with the daemon's output when it ends instead; nothing is left behind then
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { successorOf: before } = options;
  const fixedPort = before?.port ?? options.port;
  const mayMove = fixedPort === undefined && options.config.includes('{port}');
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort());
    const scratch =
      before === undefined ? makeScratch() : { ...before.scratch, remove: () => undefined };
    let daemon: Daemon;
    try {
      daemon = new Daemon(scratch, options, port);
    } catch (error) {
      scratch.remove();
      throw error;
    }
    try {
      await daemon.untilUp();
      return daemon;
    } catch (error) {
      const log = daemon.log();
      await daemon.stop('SIGKILL');
      if (mayMove && attempt < PORT_ATTEMPTS && log.includes('the port is taken')) continue;
      throw error;
    }
  }
}

/** The program's path. @throws Error when it has not been built */
export function daemonProgram(): string {
  const path = join(__dirname, '..', '..', 'cli', 'dist', 'main.js');
  if (!existsSync(path)) throw new Error(`${path} is missing: run npm run build`);
  return path;
}

/** Says on which runtime the daemon runs: `node` (default) or `bun`. */
const RUNTIME_VARIABLE = 'PGWEIR_TEST_RUNTIME';

/** What starts the daemon, up to its own arguments, on the runtime of PGWEIR_TEST_RUNTIME. */
export function daemonCommand(): readonly [string, ...string[]] {
  const runtime = process.env[RUNTIME_VARIABLE] ?? 'node';
  switch (runtime) {
    case 'node':
      return [process.execPath, daemonProgram()];
    case 'bun':
      return [bunProgram(), daemonProgram()];
    default:
      throw new Error(`${RUNTIME_VARIABLE} must be node or bun, not ${runtime}`);
  }
}

/** A running pgweir and its folder. */
export class Daemon {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** `{dir}` of the configuration. */
  readonly dir: string;
  readonly configFile: string;
  /** 1, and one more for each that has taken over. */
  readonly generation: number;
  /** Resolves when the process has ended. */
  readonly exit: Promise<DaemonExit>;
  readonly scratch: Scratch;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  #ended: DaemonExit | undefined;

  /** Use `startDaemon`. */
  constructor(scratch: Scratch, options: DaemonOptions, port: number) {
    this.scratch = scratch;
    this.dir = scratch.dir;
    this.port = port;
    this.configFile = join(this.dir, 'pgweir.ini');
    this.#logFile = join(this.dir, `output${options.successorOf?.generation ?? ''}.log`);
    this.generation = (options.successorOf?.generation ?? 0) + 1;
    this.write('pgweir.ini', options.config);
    if (options.userlist !== undefined) this.write('userlist.txt', options.userlist);
    for (const [name, text] of Object.entries(options.files ?? {})) this.write(name, text);
    const [program, ...first] = options.command ?? daemonCommand();
    const log = openSync(this.#logFile, 'a');
    this.#child = spawn(program, [...first, ...(options.args ?? []), this.configFile], {
      cwd: this.dir,
      stdio: ['ignore', log, log, ...(options.descriptors ?? [])],
      detached: true,
      // It is for us: the daemon's own commands would see it among its variables.
      env: { ...process.env, [RUNTIME_VARIABLE]: undefined, ...options.env },
    });
    closeSync(log);
    // For the guard of the folder, should we die.
    const guarded = `guarded${options.successorOf?.generation ?? ''}.pid`;
    if (this.#child.pid !== undefined) this.write(guarded, `${this.#child.pid}\n`);
    this.exit = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#ended = { code, signal };
        resolve(this.#ended);
      };
      this.#child.once('exit', end);
      this.#child.once('error', () => end(null, null));
    });
  }

  /** `unix_socket_dir`, if the configuration says `{dir}`. */
  get socketDir(): string {
    return this.dir;
  }

  /** The Unix socket's path, if the configuration says `unix_socket_dir = {dir}`. */
  get socketPath(): string {
    return join(this.dir, `.s.PGSQL.${this.port}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Everything that it has written to stdout and stderr so far. */
  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  /** Waits until it has logged `text`, from the character `from` of the log on. */
  async logged(text: string | RegExp, options: { deadlineMs?: number; from?: number } = {}) {
    const { deadlineMs = START_DEADLINE_MS, from = 0 } = options;
    await waitFor(
      () => {
        const log = this.log().slice(from);
        return typeof text === 'string' ? log.includes(text) : text.test(log);
      },
      { what: `${text} in the daemon's log`, deadlineMs },
    );
  }

  /** Writes a file below `{dir}`, with the same replacements as at the start. */
  write(name: string, text: string): void {
    const path = join(this.dir, name);
    mkdirSync(dirname(path), { recursive: true });
    const certs = join(__dirname, '..', 'certs');
    const filled = text
      .replaceAll('{port}', String(this.port))
      .replaceAll('{dir}', this.dir)
      .replaceAll('{certs}', certs);
    writeFileSync(path, filled, { mode: 0o600 });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The configuration as it is in its file. */
  configText(): string {
    return readFileSync(this.configFile, 'utf8');
  }

  /**
   * SIGHUP, with a new configuration if one is given, and waits until `until` shows up in the log
   * after that; by default, until it was applied or refused.
   */
  async reload(config?: string, until: string | RegExp = RELOADED): Promise<void> {
    if (config !== undefined) this.write('pgweir.ini', config);
    const from = this.log().length;
    this.kill('SIGHUP');
    await this.logged(until, { from, deadlineMs: RELOAD_DEADLINE_MS });
  }

  /**
   * Ends it (SIGQUIT: at once; SIGKILL after ten seconds) and removes its folder. Can be called twice,
   * and when it has ended by itself.
   */
  async stop(signal: NodeJS.Signals = 'SIGQUIT'): Promise<DaemonExit> {
    if (this.#ended === undefined) this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_DEADLINE_MS);
    const exit = await this.exit;
    clearTimeout(timer);
    this.scratch.remove();
    return exit;
  }

  /** Called by `startDaemon`. */
  async untilUp(): Promise<void> {
    await waitFor(() => this.hasEnded || this.log().includes(UP), {
      what: `pgweir to say "${UP}"`,
      deadlineMs: START_DEADLINE_MS,
    }).catch((cause: unknown) => {
      throw new Error(`pgweir did not say "${UP}" in time:\n${this.log()}`, { cause });
    });
    if (this.#ended === undefined) return;
    const { code, signal } = this.#ended;
    throw new Error(`pgweir ended with ${signal ?? code} instead of listening:\n${this.log()}`);
  }
}
