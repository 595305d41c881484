import { setTimeout as delay } from 'node:timers/promises';
import { processTree, readProc } from './process-tree';

const LOOK_EVERY_MS = 500;
/** Settled: that many looks in a row within this share of each other. */
const CALM_LOOKS = 4;
const CALM_SHARE = 0.005;
const SETTLE_LIMIT_MS = 20_000;

/** Resident memory of a process and its descendants, bytes. undefined where there is no /proc. */
export function residentBytes(pid: number): number | undefined {
  let sum = 0;
  for (const member of processTree(pid)) {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${member}/status`) ?? '')?.[1];
    if (kilobytes === undefined && member === pid) return undefined;
    sum += Number(kilobytes ?? 0) * 1024;
  }
  return sum;
}

/**
 * Resident memory once it has stopped moving by itself (nothing is forced), or as it is after twenty
 * seconds.
 */
export async function settledBytes(pid: number): Promise<number | undefined> {
  const looks: number[] = [];
  for (let waitedMs = 0; ; waitedMs += LOOK_EVERY_MS) {
    const bytes = residentBytes(pid);
    if (bytes === undefined) return undefined;
    looks.push(bytes);
    const last = looks.slice(-CALM_LOOKS);
    const calm = Math.max(...last) - Math.min(...last) <= CALM_SHARE * bytes;
    if ((last.length === CALM_LOOKS && calm) || waitedMs >= SETTLE_LIMIT_MS) return bytes;
    await delay(LOOK_EVERY_MS);
  }
}
