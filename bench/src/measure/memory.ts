import { setTimeout as delay } from 'node:timers/promises';
import { processTree, readProc } from './process-tree';

const LOOK_EVERY_MS = 500;
/** Settled: that many looks in a row within this share of each other. */
const CALM_LOOKS = 4;
const CALM_SHARE = 0.005;
const SETTLE_LIMIT_MS = 20_000;

/**
 * Resident memory of a process, and of its descendants what they do not share with it as code or
 * shared memory, bytes. undefined where there is no /proc.
 */
export function residentBytes(pid: number): number | undefined {
  const own = statusBytes(pid, 'VmRSS');
  if (own === undefined) return undefined;
  const others = processTree(pid).slice(1);
  return others.reduce((sum, member) => sum + (statusBytes(member, 'RssAnon') ?? 0), own);
}

function statusBytes(pid: number, field: 'VmRSS' | 'RssAnon'): number | undefined {
  const status = readProc(`/proc/${pid}/status`) ?? '';
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
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
