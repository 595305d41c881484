import { readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { errorCode } from '../system-error';

/** What stands in the way of using a pidfile. */
export type PidfileState =
  | { readonly kind: 'free' }
  /** Of a process that is gone. */
  | { readonly kind: 'stale'; readonly pid: number | undefined }
  | { readonly kind: 'taken'; readonly pid: number }
  /** Something else: it is not ours to remove. */
  | { readonly kind: 'foreign' };

/** Looks without touching. @throws the system's error when the file cannot be read */
export function inspectPidfile(path: string): PidfileState {
  const text = readIfThere(path);
  if (text === undefined) return { kind: 'free' };
  // A crash between creating and writing leaves an empty one.
  if (text.trim() === '') return { kind: 'stale', pid: undefined };
  if (!/^\s*[1-9]\d{0,9}\s*$/.test(text)) return { kind: 'foreign' };
  const pid = Number(text);
  // In a container every first process has the same number: that one is us.
  return pid === process.pid || !isAlive(pid) ? { kind: 'stale', pid } : { kind: 'taken', pid };
}

/** Makes way for our own pidfile. @returns what to tell the operator when that is impossible */
export function claimPidfile(path: string): string | undefined {
  const state = inspectPidfile(path);
  switch (state.kind) {
    case 'free':
      return undefined;
    case 'stale':
      unlinkSync(path);
      return undefined;
    case 'taken':
      return `pidfile '${path}' exists, another instance running?`;
    case 'foreign':
      return `pidfile '${path}' exists and holds something else than a process id`;
  }
}

/** @throws the system's error, `EEXIST` when somebody else was faster */
export function writePidfile(path: string): void {
  writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o644 });
}

/**
 * Our own pidfile, in place of that of the daemon `pid`, from which this one takes over: written beside it
 * now, and put there when `replace` is called.
 *
 * @returns what to tell the operator when that is impossible, because the file is somebody else's
 * @throws the system's error
 */
export function preparePidfile(
  path: string,
  pid: number,
): { readonly refusal: string } | { readonly replace: () => void; readonly discard: () => void } {
  const state = inspectPidfile(path);
  if (state.kind === 'foreign' || (state.kind === 'taken' && state.pid !== pid)) {
    return { refusal: `pidfile '${path}' is not that of the process to take over from` };
  }
  const fresh = `${path}.${process.pid}`;
  writePidfile(fresh);
  return {
    replace: () => renameSync(fresh, path),
    discard: () => rmSync(fresh, { force: true }),
  };
}

/** Removes the file if it is still ours. */
export function removePidfile(path: string): void {
  if (readIfThere(path)?.trim() === String(process.pid)) unlinkSync(path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
}
