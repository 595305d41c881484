import { type ChildProcess, spawn } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './alive';

/**
 * A temporary folder whose processes and files do not outlive us.
 *
 * Processes that work in it leave their id in the first line of `<folder>/*.pid` or, as PostgreSQL
 * does, of `<folder>/<name>/postmaster.pid`.
 */
export interface Scratch {
  readonly dir: string;
  /** Removes the folder. Whoever runs in it must have ended. */
  remove(): void;
}

const PREFIX = 'pgweir-run-';
const MEMORY = '/dev/shm';
/** A server takes 30 MB and its WAL; test runs have several at once. Containers often have 64 MB. */
const MEMORY_BYTES_MIN = 2 ** 31;

/**
 * The guard: a shell that reads from a pipe which we hold. However we end, the pipe ends with us; it
 * then ends what still runs in the folder (SIGQUIT: PostgreSQL stops at once and cleans its shared
 * memory up), waits up to ten seconds, and removes the folder.
 */
const GUARD = `
read -r _
pids() { for f in "$1"/*.pid "$1"/*/postmaster.pid; do [ -f "$f" ] && head -n 1 "$f"; done; }
left=$(pids "$1")
for pid in $left; do kill -QUIT "$pid" 2>/dev/null; kill -CONT "$pid" 2>/dev/null; done
n=0
while [ "$n" -lt 100 ]; do
  alive=
  for pid in $left; do kill -0 "$pid" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && break
  sleep 0.1; n=$((n+1))
done
for pid in $left; do kill -KILL "$pid" 2>/dev/null; done
rm -rf "$1"
`;

/**
 * Makes an empty folder with a guard. Its path is short enough for a Unix socket within.
 *
 * `memory`: below /dev/shm where there is room, because the thousand files of a PostgreSQL take 20 to
 * 50 ms there and up to a second on a slow disk. `disk`, or TMPDIR set: the temporary folder.
 */
export function makeScratch(storage: 'memory' | 'disk' = 'memory'): Scratch {
  removeStale();
  const parent = storage === 'memory' && hasRoomInMemory() ? MEMORY : tmpdir();
  const dir = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
  chmodSync(dir, 0o755);
  const guard = startGuard(dir);
  return {
    dir,
    remove(): void {
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
      guard.stdin?.end();
    },
  };
}

function hasRoomInMemory(): boolean {
  if (process.platform !== 'linux' || process.env.TMPDIR !== undefined) return false;
  try {
    accessSync(MEMORY, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_BYTES_MIN;
  } catch {
    return false;
  }
}

/** A session of its own, so that Ctrl-C in a terminal does not end the guard before us. */
function startGuard(dir: string): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'pgweir-guard', dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  guard.on('error', (cause) => {
    throw new Error('the guard of a temporary folder could not start', { cause });
  });
  guard.unref();
  const { stdin } = guard;
  if (stdin !== null && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  return guard;
}

let swept = false;

/** Folders whose owner died together with its guard. Once per process is enough. */
function removeStale(): void {
  if (swept) return;
  swept = true;
  for (const parent of new Set([tmpdir(), MEMORY])) {
    if (existsSync(parent)) removeStaleIn(parent);
  }
}

function removeStaleIn(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const dir = join(parent, name);
    const stat = statSync(dir, { throwIfNoEntry: false });
    if (stat === undefined || stat.uid !== process.getuid?.()) continue;
    // A guard without its pipe's writer ends the folder's processes and removes it.
    startGuard(dir).stdin?.end();
  }
}
