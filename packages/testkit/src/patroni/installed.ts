import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian's packages put each major. */
const DEBIAN = '/usr/lib/postgresql';
/** More than the npm packages bring. */
const NEEDED = ['postgres', 'initdb', 'pg_basebackup', 'pg_rewind', 'pg_controldata', 'pg_isready'];

/** What a cluster under Patroni is started from. */
export interface PatroniPrograms {
  /** As it prints it: `3.0.2`. */
  readonly version: string;
  /** PostgreSQL's programs. */
  readonly binDir: string;
}

/** @returns what is missing on this machine, for people */
export function findPatroni(): PatroniPrograms | string {
  const { stdout } = spawnSync('patroni', ['--version'], { encoding: 'utf8' });
  const version = /^patroni (\S+)/m.exec(stdout ?? '')?.[1];
  if (version === undefined) return 'there is no patroni on PATH';
  if (spawnSync('etcd', ['--version'], { stdio: 'ignore' }).status !== 0) {
    return 'there is no etcd on PATH';
  }
  const binDir = newestBinDir();
  return binDir === undefined ? `no PostgreSQL with ${NEEDED.join(', ')}` : { version, binDir };
}

function newestBinDir(): string | undefined {
  const majors = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).filter(Number.isInteger) : [];
  return majors
    .sort((one, other) => other - one)
    .map((major) => join(DEBIAN, String(major), 'bin'))
    .find((dir) => NEEDED.every((program) => existsSync(join(dir, program))));
}
