import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Contestant } from './contestant';
import { poolerConfig, startPooler, USERLIST } from './pooler-files';

/** Debian installs it outside an ordinary user's PATH. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

export function findPgbouncer(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...MORE_FOLDERS];
  return folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path));
}

/** @throws Error when the program cannot say its version */
export function pgbouncer(path: string): Contestant {
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const version = /PgBouncer (?:version )?(\S+)/.exec(said.stdout ?? '')?.[1];
  if (version === undefined) throw new Error(`${path} --version does not name a PgBouncer`);
  // It refuses to run as root; it reads its files before it changes.
  const args = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  return {
    name: 'pgbouncer',
    version,
    start: (postgres) =>
      startPooler({ command: [path], args, config: poolerConfig(postgres), userlist: USERLIST }),
  };
}
