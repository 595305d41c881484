import { readdirSync } from 'node:fs';
import { type CpuReading, type CpuUse, cpuBetween, readCpu } from './cpu';
import { processTree } from './process-tree';

const LOOK_EVERY_MS = 10;
/** After that the load is at work, whatever the numbers of files say. */
const CONNECTED_LIMIT_MS = 5000;
/** Of the clients: files that the daemon closes meanwhile may make up for a few. */
const CONNECTED_SHARE = 0.95;

/**
 * Measures a daemon from when it is made until `stop`. With `clients`, from when so many more files
 * than at first are open in the daemon: what their logins cost is not part of what they do.
 */
export class CpuMeter {
  readonly #pid: number | undefined;
  #before: CpuReading | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(pid: number | undefined, clients: number) {
    this.#pid = pid;
    if (pid === undefined) return;
    this.#before = readCpu(pid);
    if (clients > 0) this.#awaitClients(pid, clients);
  }

  /** undefined when nothing stands between, or it cannot be measured here. */
  stop(): CpuUse | undefined {
    clearInterval(this.#timer);
    const after = this.#pid === undefined ? undefined : readCpu(this.#pid);
    return this.#before && after ? cpuBetween(this.#before, after) : undefined;
  }

  #awaitClients(pid: number, clients: number): void {
    const wanted = openFiles(pid) + Math.ceil(clients * CONNECTED_SHARE);
    const limitMs = performance.now() + CONNECTED_LIMIT_MS;
    this.#timer = setInterval(() => {
      const isConnected = openFiles(pid) >= wanted;
      if (isConnected) this.#before = readCpu(pid);
      if (isConnected || performance.now() > limitMs) clearInterval(this.#timer);
    }, LOOK_EVERY_MS);
  }
}

/** Of a process and its descendants. 0 where there is no /proc, or we may not look. */
function openFiles(pid: number): number {
  return processTree(pid).reduce((sum, member) => sum + filesOf(member), 0);
}

function filesOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
