import { spawnSync } from 'node:child_process';
import type { Contestant } from './contestant';
import { findProgram } from './find-program';
import { pooler } from './pooler';

/** The name of the first one, which others are compared with. */
export const PGBOUNCER = 'pgbouncer';

export function findPgbouncer(): string | undefined {
  return findProgram('pgbouncer');
}

/**
 * One contestant for each path. The first is called `pgbouncer`, others have their version behind.
 *
 * @throws Error when a program cannot say its version
 */
export function pgbouncers(paths: readonly string[]): Contestant[] {
  return paths.map((path, at) => {
    const version = versionOf(path);
    const name = at === 0 ? PGBOUNCER : `${PGBOUNCER}-${version}`;
    // It refuses to run as root; it reads its files before it changes.
    const args = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
    return pooler({ name, version, command: [path], args });
  });
}

function versionOf(path: string): string {
  const said = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const version = /PgBouncer (?:version )?(\S+)/.exec(said.stdout ?? '')?.[1];
  if (version === undefined) throw new Error(`${path} --version does not name a PgBouncer`);
  return version;
}
