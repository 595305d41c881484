import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../process/error-code';
import { type ServerUser, spawnAs } from '../process/system-user';
import { copyTree } from './copy-tree';

/** PostgreSQL's major versions that the npm packages bring. */
export const MAJORS = [14, 15, 16, 17, 18] as const;
export type Major = (typeof MAJORS)[number];

/** @throws Error when it is none that tests know */
export function majorOf(text: string): Major {
  const found = MAJORS.find((major) => String(major) === text);
  if (found === undefined) throw new Error(`--major is one of ${MAJORS.join(', ')}`);
  return found;
}

/** Where the programs of one major are, ready to run as the server's user. */
export interface Binaries {
  readonly major: Major;
  /** As the npm package counts: `18.4.0-beta.17`. */
  readonly version: string;
  readonly postgres: string;
  readonly initdb: string;
}

/** The majors that are installed for this platform (14 is published for linux-x64 only). */
export function availableMajors(): Major[] {
  return MAJORS.filter((major) => packageDir(major) !== undefined);
}

/**
 * Folder for what is made once and used by every cluster of this user: templates, and copies of
 * binaries that the server's user could not reach. It may be deleted whenever no cluster is starting.
 */
export function defaultCacheDir(): string {
  return join(tmpdir(), `pgweir-cache-${process.getuid?.() ?? 'user'}`);
}

const found = new Map<string, Binaries>();

/**
 * Finds the programs of a major and makes them runnable: the npm packages cannot hold symbolic links,
 * and their install script may have been off. Where `user` cannot run them in place (a checkout below
 * a private home folder, a read-only one), they are copied into `cacheDir` once.
 *
 * @throws Error naming the platform when the package is not installed; with the program's output when
 *   it does not run
 */
export function findBinaries(major: Major, user: ServerUser, cacheDir: string): Binaries {
  const key = `${major} ${cacheDir}`;
  const known = found.get(key);
  if (known !== undefined && existsSync(known.postgres)) return known;
  const dir = packageDir(major);
  if (dir === undefined) {
    throw new Error(
      `PostgreSQL ${major} is not installed for ${process.platform}-${process.arch}: ` +
        `the npm package ${packageName(major)} is missing (see optionalDependencies in ` +
        'packages/testkit/package.json; npm ci --omit=optional leaves it out)',
    );
  }
  const version = readVersion(dir);
  let binaries = describe(major, version, dir);
  if (!hydrate(dir) || probe(binaries, user) !== undefined) {
    binaries = describe(major, version, copyBinaries(dir, version, cacheDir));
    const problem = probe(binaries, user);
    if (problem !== undefined) {
      throw new Error(`PostgreSQL ${major} does not run (${binaries.postgres}): ${problem}`);
    }
  }
  found.set(key, binaries);
  return binaries;
}

function packageName(major: Major): string {
  return `pg${major}-${process.platform}-${process.arch}`;
}

function packageDir(major: Major): string | undefined {
  try {
    // The package exports dist/index.js alone.
    return dirname(dirname(require.resolve(packageName(major))));
  } catch {
    return undefined;
  }
}

function readVersion(dir: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    if (typeof manifest.version === 'string') return manifest.version;
  }
  throw new Error(`${dir}/package.json has no version`);
}

function describe(major: Major, version: string, dir: string): Binaries {
  const bin = join(dir, 'native', 'bin');
  return { major, version, postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
}

/**
 * Makes the symbolic links that the package lists. Idempotent, also with another process doing it at
 * the same time.
 *
 * @returns false when the folder is not ours to write
 */
function hydrate(dir: string): boolean {
  for (const link of symlinksOf(dir)) {
    const [source, target] = [join(dir, link.source), join(dir, link.target)];
    try {
      if (existsSync(target)) continue;
      symlinkSync(basename(source), target);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

/** Links are always to a file of the same folder. */
function symlinksOf(dir: string): { source: string; target: string }[] {
  const file = join(dir, 'native', 'pg-symlinks.json');
  if (!existsSync(file)) return [];
  const list: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(list)) throw new Error(`${file} is not a list`);
  return list.map((item: unknown) => {
    if (typeof item === 'object' && item !== null && 'source' in item && 'target' in item) {
      const { source, target } = item;
      if (typeof source === 'string' && typeof target === 'string') {
        if (dirname(source) === dirname(target)) return { source, target };
      }
    }
    throw new Error(`${file} holds an entry of an unknown shape`);
  });
}

/** @returns what is wrong; undefined when the program runs as that user */
function probe(binaries: Binaries, user: ServerUser): string | undefined {
  const run = spawnSync(binaries.postgres, ['--version'], {
    ...spawnAs(user),
    cwd: '/',
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (run.error !== undefined) return run.error.message;
  return run.status === 0 ? undefined : run.stderr.trim() || `exit status ${run.status}`;
}

function copyBinaries(dir: string, version: string, cacheDir: string): string {
  const target = join(ownedFolder(cacheDir), `binaries-${version}`);
  publish(target, (building) => {
    copyTree(dir, building, { owner: { kind: 'self' }, folderMode: 0o755 });
    openToAll(building);
    hydrate(building);
  });
  return target;
}

/** A restrictive umask at install time leaves files that only their owner can read. */
function openToAll(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, basename(dir) === 'bin' ? 0o755 : 0o644);
  }
}

/**
 * Fills the folder `target` once, whoever else tries at the same time: `fill` works in a folder beside
 * it, which is then renamed. A loser throws its work away.
 */
export function publish(target: string, fill: (building: string) => void): void {
  if (existsSync(target)) return;
  const building = mkdtempSync(`${target}.building-`);
  try {
    chmodSync(building, 0o755);
    fill(building);
    renameSync(building, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** The cache lies in a folder that everybody can write: take it only if we made it. */
export function ownedFolder(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  const stat = lstatSync(dir);
  const uid = process.getuid?.();
  if (!stat.isDirectory() || (uid !== undefined && stat.uid !== uid) || (stat.mode & 0o022) !== 0) {
    throw new Error(`${dir} belongs to somebody else or is writable by others: remove it`);
  }
  return dir;
}
