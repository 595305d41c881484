import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Users and groups of the system. */
export interface Accounts {
  user(name: string): Account | undefined;
  /** The group's number. */
  group(name: string): number | undefined;
}

/** Looks into the local files first, then asks `getent`, which knows directories as well. */
export const systemAccounts: Accounts = {
  user(name) {
    const fields = find('passwd', name);
    if (fields === undefined) return undefined;
    return { name, uid: Number(fields[2]), gid: Number(fields[3]) };
  },
  group(name) {
    const fields = find('group', name);
    return fields === undefined ? undefined : Number(fields[2]);
  },
};

/**
 * The name of a user's number in the files of this system; directories are not asked, since this is asked
 * while clients are served.
 */
export function localUserName(uid: number): string | undefined {
  return lines(readLocal('/etc/passwd')).find((fields) => fields[2] === String(uid))?.[0];
}

const GETENT_MS = 5000;

function find(database: 'passwd' | 'group', name: string): readonly string[] | undefined {
  // A number would be looked up as an id, and a leading - taken for a flag.
  if (!/^[A-Za-z_][A-Za-z0-9_.@$-]*$/.test(name)) return undefined;
  const local = line(readLocal(`/etc/${database}`), name);
  if (local !== undefined) return local;
  const asked = spawnSync('getent', [database, name], { encoding: 'utf8', timeout: GETENT_MS });
  return asked.status === 0 ? line(asked.stdout, name) : undefined;
}

/** Empty where there is no such file, as in a container made of one executable. */
function readLocal(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function line(text: string, name: string): readonly string[] | undefined {
  return lines(text).find((fields) => fields[0] === name && /^\d+$/.test(fields[2] ?? ''));
}

function lines(text: string): readonly (readonly string[])[] {
  return text.split('\n').map((entry) => entry.split(':'));
}
