import { spawnSync } from 'node:child_process';
import { serverUser } from './system-user';

const PROGRAM = 'pgbouncer';

/** PgBouncer's version as it prints it; undefined: it is not on the PATH. */
export function pgbouncerVersion(): string | undefined {
  const { stdout } = spawnSync(PROGRAM, ['--version'], { encoding: 'utf8' });
  return /^PgBouncer (\S+)/m.exec(stdout ?? '')?.[1];
}

/** Program and first arguments of PgBouncer. It refuses to run as root, and changes the user itself. */
export function pgbouncerCommand(): readonly [string, ...string[]] {
  const user = serverUser();
  return user.kind === 'self' ? [PROGRAM] : [PROGRAM, '-u', user.name];
}
