import { execFile } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * The postmaster that runs in a data folder; undefined: none does. Linux only: a process that was given
 * the number of one that is gone works in another folder.
 */
export function postmasterOf(dataDir: string): number | undefined {
  const pid = Number(linesOf(dataDir)[0]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === dataDir ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** The SysV segment that guards the data folder: line 7, "key id". */
export function sharedMemoryId(dataDir: string): string | undefined {
  return linesOf(dataDir)[6]?.trim().split(/\s+/)[1];
}

/** A killed server cannot remove its segment; where `ipcrm` is missing, the next start does. */
export async function removeSharedMemory(id: string | undefined): Promise<void> {
  if (id === undefined || !/^\d+$/.test(id)) return;
  await promisify(execFile)('ipcrm', ['-m', id]).catch((error: unknown) => error);
}

function linesOf(dataDir: string): readonly string[] {
  try {
    return readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return [];
  }
}
