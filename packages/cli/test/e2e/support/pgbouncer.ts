import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serverUser, waitFor } from '@pgweir/testkit';
import { onPath } from './programs';

const PROGRAM = 'pgbouncer';
const PEERING_FROM = [1, 19] as const;

/** Why there is no PgBouncer that knows peers; undefined: there is one on PATH. */
export function noPeering(): string | undefined {
  if (!onPath(PROGRAM)) return `there is no ${PROGRAM} on PATH`;
  const { stdout } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
  const [, major = 0, minor = 0] = (/PgBouncer (\d+)\.(\d+)/.exec(stdout) ?? []).map(Number);
  const [first, second] = PEERING_FROM;
  if (major > first || (major === first && minor >= second)) return undefined;
  return `PgBouncer ${major}.${minor} has no peers, which came with ${first}.${second}`;
}

/** A PgBouncer that listens on a Unix socket in a folder, until `stop`. */
export class PgBouncer {
  readonly socketPath: string;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #ended: Promise<unknown>;

  private constructor(dir: string, port: number) {
    this.socketPath = join(dir, `.s.PGSQL.${port}`);
    this.#logFile = join(dir, 'pgbouncer.log');
    // It refuses to run as root.
    const user = serverUser();
    const identity = user.kind === 'self' ? {} : { uid: user.uid, gid: user.gid };
    if (user.kind === 'other') chownSync(dir, user.uid, user.gid);
    const args = ['-q', join(dir, 'pgbouncer.ini')];
    this.#child = spawn(PROGRAM, args, { ...identity, stdio: 'ignore' });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', resolve);
    });
    // For the guard of the folder, should we die.
    writeFileSync(join(dir, 'guarded.pid'), `${this.#child.pid ?? ''}\n`);
  }

  /** `config` ends in `[pgbouncer]`, without what it listens on. `app` needs no password. */
  static async start(
    dir: string,
    { port, config }: { readonly port: number; readonly config: string },
  ): Promise<PgBouncer> {
    const listen = `listen_port = ${port}\nunix_socket_dir = ${dir}\nlogfile = ${dir}/pgbouncer.log\n`;
    writeFileSync(join(dir, 'users.txt'), '"app" ""\n', { mode: 0o644 });
    const auth = `auth_type = trust\nauth_file = ${dir}/users.txt\n`;
    const text = `${config}\n${listen}${auth}`;
    writeFileSync(join(dir, 'pgbouncer.ini'), text, { mode: 0o644 });
    const started = new PgBouncer(dir, port);
    await waitFor(() => started.log().includes('process up'), { what: 'PgBouncer to start' });
    return started;
  }

  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGQUIT');
    await this.#ended;
  }
}
