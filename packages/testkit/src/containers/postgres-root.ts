import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { availableMajors, defaultCacheDir, findBinaries, type Major } from '../postgres/binaries';
import { serverUser } from '../process/system-user';
import { addLibrariesOf, addProgram } from './root-folder';

/** Where a container of the stand-in must find the programs of its major. */
export const PROGRAMS = '/pg';

/** As the official image does it, as far as a test needs. */
const ENTRYPOINT = `#!/bin/sh
set -eu
[ "$1" = postgres ] && shift
printf %s "$POSTGRES_PASSWORD" >"$PGDATA.password"
${PROGRAMS}/bin/initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile="$PGDATA.password" -A scram-sha-256 -N -E UTF8 >/dev/null
echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
exec ${PROGRAMS}/bin/postgres -D "$PGDATA" "$@"
`;

const DOCKERFILE = `FROM scratch
COPY rootfs /
USER 70:70
STOPSIGNAL SIGINT
ENTRYPOINT ["/entrypoint"]
CMD ["postgres"]
`;

/**
 * Writes what an image takes that stands in for the official one of PostgreSQL where that cannot be had:
 * POSTGRES_USER, POSTGRES_PASSWORD and PGDATA as there. Its programs are those of npm, which the container
 * has at \`PROGRAMS\`.
 */
export function writePostgresContext(dir: string): void {
  const root = join(dir, 'rootfs');
  addProgram(root, '/bin/sh', '/bin/sh');
  for (const major of availableMajors()) addLibrariesOf(root, programsOf(major).postgres);
  mkdirSync(join(root, 'etc'), { recursive: true });
  writeFileSync(join(root, 'etc', 'passwd'), 'postgres:x:70:70::/:/bin/sh\n');
  mkdirSync(join(root, PROGRAMS));
  const script = join(root, 'entrypoint');
  writeFileSync(script, ENTRYPOINT);
  chmodSync(script, 0o755);
  writeFileSync(join(dir, 'Dockerfile'), DOCKERFILE);
}

/** The folder with `bin`, `lib` and `share` of a major. */
export function programsFolder(major: Major): string {
  return dirname(dirname(programsOf(major).postgres));
}

function programsOf(major: Major) {
  return findBinaries(major, serverUser(), defaultCacheDir());
}
