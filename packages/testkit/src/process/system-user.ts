import { readFileSync } from 'node:fs';

/** The user that PostgreSQL runs as: ourselves, or somebody else because it refuses root. */
export type ServerUser =
  | { readonly kind: 'self' }
  | { readonly kind: 'other'; readonly name: string; readonly uid: number; readonly gid: number };

/** Only in this order: a uid without an entry in the password file makes initdb fail. */
const CANDIDATES = ['postgres', '_postgres', 'nobody'];

/** @throws Error when we are root and no user of `CANDIDATES` exists */
export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return { kind: 'self' };
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of CANDIDATES) {
    const entry = entries.find((fields) => fields[0] === name);
    if (entry === undefined) continue;
    const [uid, gid] = [Number(entry[2]), Number(entry[3])];
    if (uid > 0 && gid > 0) return { kind: 'other', name, uid, gid };
  }
  throw new Error(
    `PostgreSQL does not run as root, and /etc/passwd has none of ${CANDIDATES.join(', ')}`,
  );
}

/** Options for `spawn` that make a child run as `user`. */
export function spawnAs(user: ServerUser): { uid?: number; gid?: number } {
  return user.kind === 'self' ? {} : { uid: user.uid, gid: user.gid };
}
