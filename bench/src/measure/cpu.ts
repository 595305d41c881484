import { execFileSync } from 'node:child_process';
import { processTree, readProc, threadsOf } from './process-tree';

/** CPU time that a process, its threads and its descendants have used, also those that have ended. */
export interface CpuReading {
  /** By the scheduler's clock, exact, of those alive; undefined where the kernel does not keep it. */
  readonly exactUs: number | undefined;
  /** In clock ticks, which are coarse (10 ms as a rule). */
  readonly userUs: number;
  readonly systemUs: number;
}

/** CPU time between two readings. */
export interface CpuUse {
  readonly totalUs: number;
  /** The parts of the total. null: too little for the ticks to tell. */
  readonly userUs: number | null;
  readonly systemUs: number | null;
}

/** @returns undefined where there is no /proc */
export function readCpu(pid: number): CpuReading | undefined {
  let [userUs, systemUs] = [0, 0];
  let exactUs: number | undefined = 0;
  const pids = processTree(pid);
  for (const member of pids) {
    const stat = readProc(`/proc/${member}/stat`);
    if (stat === undefined) {
      if (member === pid) return undefined;
      continue;
    }
    const { user, system, childrenUser, childrenSystem } = ticksIn(stat);
    userUs += (user + childrenUser) * usPerTick();
    systemUs += (system + childrenSystem) * usPerTick();
    const exact: number | undefined = exactUsOf(member);
    exactUs = exactUs === undefined || exact === undefined ? undefined : exactUs + exact;
  }
  return { exactUs, userUs, systemUs };
}

/**
 * The total comes from the exact clock, its division into user and system from the ticks. Threads and
 * processes that ended in between make the exact clock go backwards: then the ticks count alone. Many
 * processes that do little each have no whole ticks: then the division is unknown.
 */
export function cpuBetween(before: CpuReading, after: CpuReading): CpuUse {
  const userUs = after.userUs - before.userUs;
  const systemUs = after.systemUs - before.systemUs;
  const ticked = userUs + systemUs;
  const byTicks = { totalUs: ticked, userUs, systemUs };
  if (before.exactUs === undefined || after.exactUs === undefined) return byTicks;
  const exact = after.exactUs - before.exactUs;
  // A lost thread or process leaves the exact clock behind by more than a few ticks.
  if (exact < ticked - 10 * usPerTick()) return byTicks;
  if (ticked < exact / 2) return { totalUs: exact, userUs: null, systemUs: null };
  const share = ticked === 0 ? 0 : exact / ticked;
  return { totalUs: exact, userUs: userUs * share, systemUs: systemUs * share };
}

/** What a process and its ended children have used. */
export function ticksIn(stat: string): {
  readonly user: number;
  readonly system: number;
  readonly childrenUser: number;
  readonly childrenSystem: number;
} {
  // The name, in parentheses, may hold anything; utime, the first of them, is field 14.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields
    .slice(11, 15)
    .map(Number);
  return { user, system, childrenUser, childrenSystem };
}

/** The first field of schedstat is the time on a CPU in nanoseconds, of one thread. */
function exactUsOf(pid: number): number | undefined {
  let ns = 0;
  for (const thread of threadsOf(pid)) {
    const text = readProc(`/proc/${pid}/task/${thread}/schedstat`);
    if (text === undefined) continue;
    ns += Number(text.split(' ')[0]);
  }
  return ns > 0 ? ns / 1000 : undefined;
}

let knownUsPerTick: number | undefined;

export function usPerTick(): number {
  knownUsPerTick ??= 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return knownUsPerTick;
}
