import { readdir, readFile } from 'node:fs/promises';
import { Histogram, type ProcessView } from '@pgweir/pooler';

/** How often it is looked how late a timer is. */
const LOOK_MS = 20;
const DESCRIPTORS = '/proc/self/fd';
const LIMITS = '/proc/self/limits';

/**
 * What this process uses. How late its timers are is measured only while somebody wants to know: a
 * histogram that never falls, so that whoever asks need not ask alone, or at any pace.
 */
export class ProcessFacts {
  readonly #startedAtMs = Date.now();
  readonly #loopDelay = new Histogram();
  #timer: NodeJS.Timeout | undefined;
  #lookedAtMs = 0;

  /** Whether somebody wants to know how late timers are. */
  configure({ isWanted }: { readonly isWanted: boolean }): void {
    if (isWanted === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (!isWanted) return;
    this.#lookedAtMs = performance.now();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #look(): void {
    const nowMs = performance.now();
    this.#loopDelay.observe(Math.max(0, nowMs - this.#lookedAtMs - LOOK_MS) * 1000);
    this.#lookedAtMs = nowMs;
  }

  async view(role: ProcessView['role'], slot: number): Promise<ProcessView> {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, heapTotal } = process.memoryUsage();
    return {
      ...{ role, slot, pid: process.pid, startedAtMs: this.#startedAtMs },
      userCpuUs: user,
      systemCpuUs: system,
      residentBytes: rss,
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      descriptors: await openDescriptors(),
      descriptorsMax: await descriptorsMax(),
      loopDelay: this.#loopDelay.view(),
    };
  }
}

/** Undefined: this system does not tell. */
async function openDescriptors(): Promise<number | undefined> {
  try {
    return (await readdir(DESCRIPTORS)).length;
  } catch {
    return undefined;
  }
}

async function descriptorsMax(): Promise<number | undefined> {
  try {
    const limits = await readFile(LIMITS, 'utf8');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
