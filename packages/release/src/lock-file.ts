import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An installed package, as the lock file has it. */
export interface LockedPackage {
  readonly version: string;
  /** As Subresource Integrity writes it: `sha512-` and base64. */
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly license?: string;
}

/** Every package of package-lock.json, by its path. */
export type LockFile = ReadonlyMap<string, LockedPackage>;

export function readLockFile(root: string): LockFile {
  const { packages }: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
    readFileSync(join(root, 'package-lock.json'), 'utf8'),
  );
  return new Map(Object.entries(packages));
}

/** Where a package finds another one that it depends on: nearest folder first, as Node.js looks. */
export function resolveLocked(lock: LockFile, from: string, name: string): string | undefined {
  for (let folder = from; ; ) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    const found = lock.get(path);
    if (found !== undefined) return found.link === true ? found.resolved : path;
    if (folder === '') return undefined;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
  }
}
