import { type ChildProcess, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { postmasterOf, removeSharedMemory, sharedMemoryId } from '../postgres/lock-file';
import { childrenOf, signalIfAlive } from '../postgres/process-tree';
import { isAlive } from '../process/alive';
import { type ServerUser, spawnAs } from '../process/system-user';
import { waitFor } from '../wait-for';

export interface MemberParts {
  readonly name: string;
  /** The cluster's folder. */
  readonly dir: string;
  readonly user: ServerUser;
  readonly port: number;
  readonly restPort: number;
}

/** One Patroni and the PostgreSQL that it runs. */
export class PatroniMember {
  readonly host = '127.0.0.1';
  readonly name: string;
  readonly port: number;
  /** Its REST API, without a slash at the end. */
  readonly url: string;
  /** Of its own; the data folder is below it. */
  readonly dir: string;
  readonly #parts: MemberParts;
  #running: { readonly child: ChildProcess; readonly ended: Promise<void> } | undefined;
  #isFrozen = false;

  /** Makes its folders. What Patroni is told has to be written by `configure` before `start`. */
  constructor(parts: MemberParts) {
    const { name, dir, user, port, restPort } = parts;
    this.#parts = parts;
    this.name = name;
    this.port = port;
    this.url = `http://${this.host}:${restPort}`;
    this.dir = join(dir, name);
    mkdirSync(this.dir, { mode: 0o700 });
    if (user.kind === 'other') chownSync(this.dir, user.uid, user.gid);
    // Where the guard of the folder looks for whom to end; Patroni makes the data folder itself.
    symlinkSync(join(this.dataDir, 'postmaster.pid'), join(dir, `${name}-postgres.pid`));
  }

  get dataDir(): string {
    return join(this.dir, 'data');
  }

  /** Its Patroni can be asked. */
  get answers(): boolean {
    return this.#running !== undefined && !this.#isFrozen;
  }

  /** JSON is YAML as well. */
  configure(config: unknown): void {
    const { user } = this.#parts;
    writeFileSync(this.#configFile, JSON.stringify(config, undefined, 2), { mode: 0o600 });
    if (user.kind === 'other') chownSync(this.#configFile, user.uid, user.gid);
  }

  /** Starts Patroni. What it makes of that, its REST API tells. */
  start(): void {
    if (this.#running !== undefined) return;
    const { dir, name, user } = this.#parts;
    const log = openSync(this.#logFile, 'a');
    const child = spawn('patroni', [this.#configFile], {
      ...spawnAs(user),
      detached: true,
      cwd: this.dir,
      stdio: ['ignore', log, log],
      env: { PATH: process.env.PATH ?? '', HOME: this.dir, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    });
    closeSync(log);
    const ended = new Promise<void>((resolve) => {
      const done = (): void => {
        if (this.#running?.child === child) this.#running = undefined;
        resolve();
      };
      child.once('exit', done);
      child.once('error', done);
    });
    this.#running = { child, ended };
    if (child.pid !== undefined) writeFileSync(join(dir, `${name}.pid`), `${child.pid}\n`);
  }

  /** As a machine that loses power: Patroni and all of PostgreSQL at once. */
  async kill(): Promise<void> {
    this.#isFrozen = false;
    // Nobody starts anything while we look.
    for (const pid of this.#processes()) signalIfAlive(pid, 'SIGSTOP');
    const segment = sharedMemoryId(this.dataDir);
    const running = this.#running;
    const all = this.#processes();
    for (const pid of all) signalIfAlive(pid, 'SIGKILL');
    await running?.ended;
    await waitFor(() => !all.some(isAlive), { what: `the processes of ${this.name} to end` });
    await removeSharedMemory(segment);
    // Its number may be another process's soon.
    rmSync(join(this.dataDir, 'postmaster.pid'), { force: true });
  }

  /** PostgreSQL goes on as it is, also as a primary, without anybody who looks after it. */
  async killPatroni(): Promise<void> {
    const running = this.#running;
    for (const pid of withDescendants(running?.child.pid)) signalIfAlive(pid, 'SIGKILL');
    await running?.ended;
  }

  /**
   * Connections stay open and nobody answers. Patroni 3.0.2 on etcd 3 that wakes up may take the lock back
   * from whoever has become leader meanwhile, and what was written there is lost: kill it instead of
   * `thaw` where that matters.
   */
  freeze(): void {
    this.#isFrozen = true;
    for (const pid of this.#processes()) signalIfAlive(pid, 'SIGSTOP');
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const pid of this.#processes()) signalIfAlive(pid, 'SIGCONT');
  }

  /** One statement, or several without values, as the superuser. Gives the rows of the last. */
  async query(text: string): Promise<Record<string, unknown>[]> {
    const { host, port } = this;
    const client = new Client({ host, port, user: 'postgres', database: 'postgres' });
    client.on('error', (error) => error);
    await client.connect();
    try {
      const result: unknown = await client.query(text);
      const last: unknown = Array.isArray(result) ? result.at(-1) : result;
      if (typeof last !== 'object' || last === null || !('rows' in last)) return [];
      return Array.isArray(last.rows) ? last.rows : [];
    } finally {
      await client.end();
    }
  }

  /** Everything that Patroni, and PostgreSQL under it, has written. */
  async log(): Promise<string> {
    return await readFile(this.#logFile, 'utf8').catch(() => '');
  }

  get #logFile(): string {
    return join(this.#parts.dir, `${this.name}.log`);
  }

  get #configFile(): string {
    return join(this.dir, 'patroni.json');
  }

  #processes(): number[] {
    // PostgreSQL is no child of Patroni, which may be started anew beside it.
    const roots = [this.#running?.child.pid, postmasterOf(this.dataDir)];
    return roots.flatMap(withDescendants);
  }
}

function withDescendants(pid: number | undefined): number[] {
  return pid === undefined ? [] : [pid, ...childrenOf(pid).flatMap(withDescendants)];
}
