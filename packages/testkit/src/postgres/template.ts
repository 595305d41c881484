import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ServerUser, spawnAs } from '../process/system-user';
import { type Binaries, ownedFolder, publish } from './binaries';

/** Small WAL segments: a copy of the folder has less to carry. */
const INITDB = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--wal-segsize=4'];
/** Raised when what initdb is told changes. */
const LAYOUT = 1;

/**
 * A data folder as initdb makes it, with the superuser `postgres` and no password. Made once per
 * version in `cacheDir` (0.3 s) and copied from then on; several processes may ask at once.
 *
 * @throws Error with initdb's output when it fails
 */
export function templateFolder(binaries: Binaries, user: ServerUser, cacheDir: string): string {
  const target = join(ownedFolder(cacheDir), `template-${LAYOUT}-${binaries.version}`);
  publish(target, (building) => {
    const data = join(building, 'data');
    mkdirSync(data);
    chmodSync(data, 0o700);
    if (user.kind === 'other') chownSync(data, user.uid, user.gid);
    const run = spawnSync(binaries.initdb, ['-D', data, ...INITDB, '--no-sync'], {
      ...spawnAs(user),
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
    });
    if (run.error !== undefined) {
      throw new Error(`initdb of PostgreSQL ${binaries.major} failed`, { cause: run.error });
    }
    if (run.status !== 0) {
      const output = `${run.stdout}${run.stderr}`.trim();
      throw new Error(`initdb of PostgreSQL ${binaries.major} failed:\n${output}`);
    }
  });
  return join(target, 'data');
}
