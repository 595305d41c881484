import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bunProgram } from '@pgweir/testkit';
import { type LockFile, readLockFile } from './lock-file';
import { run } from './run';
import { isHost, type Target } from './targets';

/**
 * Bun's program for a machine: of this one as npm has installed it, of others out of the same
 * version's package, which is fetched once into build/cache and compared with the lock file each time.
 *
 * @throws Error when it cannot be fetched, or is not what the lock file says
 */
export function runtimeFor(root: string, target: Target): string {
  if (isHost(target)) return bunProgram();
  const { version, integrity } = lockedRuntime(readLockFile(root), target.runtimePackage);
  const folder = join(root, 'build', 'cache', `bun-${version}`);
  mkdirSync(folder, { recursive: true });
  const file = `${target.runtimePackage.slice(1).replace('/', '-')}-${version}.tgz`;
  const tarball = join(folder, file);
  if (!existsSync(tarball)) {
    const wanted = `${target.runtimePackage}@${version}`;
    run('npm', ['pack', '--silent', '--pack-destination', folder, wanted], { cwd: folder });
  }
  const found = integrityOf(readFileSync(tarball));
  if (found !== integrity) {
    rmSync(tarball);
    throw new Error(`${file} is not what package-lock.json names: ${found}, not ${integrity}`);
  }
  const unpacked = join(folder, target.name);
  mkdirSync(unpacked, { recursive: true });
  run('tar', ['-xzf', tarball, '-C', unpacked, 'package/bin/bun']);
  return join(unpacked, 'package', 'bin', 'bun');
}

/** Its version and what its tarball hashes to. The lock file has all platforms, not only this one. */
export function lockedRuntime(
  lock: LockFile,
  name: string,
): { readonly version: string; readonly integrity: string } {
  const { version, integrity } = lock.get(`node_modules/${name}`) ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json does not name ${name}`);
  }
  return { version, integrity };
}

export function integrityOf(bytes: Buffer): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}
