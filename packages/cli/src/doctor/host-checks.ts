import { readFileSync } from 'node:fs';
import { availableParallelism, networkInterfaces } from 'node:os';
import type { DaemonConfig } from '../config/daemon-config';
import { type Diagnosis, fine, found } from './findings';

/** What this machine gives. */
export interface HostFacts {
  /** File descriptors of one process; undefined: not told. */
  readonly descriptorsMax: number | undefined;
  readonly acceptQueueMax: number | undefined;
  readonly cores: number;
  readonly addresses: readonly string[];
  readonly isRoot: boolean;
}

export function hostFacts(): HostFacts {
  const limits = /^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits'))?.[1];
  const queue = textOf('/proc/sys/net/core/somaxconn').trim();
  return {
    descriptorsMax: limits === undefined ? undefined : Number(limits),
    acceptQueueMax: /^\d+$/.test(queue) ? Number(queue) : undefined,
    cores: availableParallelism(),
    addresses: Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => address),
    ),
    isRoot: process.getuid?.() === 0,
  };
}

/** Empty where the system has no such file. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Of log, files, console and whatever else a process has open. */
const OTHER_DESCRIPTORS = 64;

/** Whether the machine gives what the configuration wants. */
export function checkHost(config: DaemonConfig, host: HostFacts): readonly Diagnosis[] {
  const { pooler, listen, workers } = config;
  const diagnoses: Diagnosis[] = [];
  const links = linksAtMost(config);
  const wanted = pooler.clientsMax + links + OTHER_DESCRIPTORS;
  const { descriptorsMax, acceptQueueMax, cores } = host;
  if (descriptorsMax !== undefined && wanted > descriptorsMax) {
    const message = `${pooler.clientsMax} clients and ${links} links need ${wanted} descriptors; a process started from here has ${descriptorsMax}`;
    diagnoses.push(found('too-few-descriptors', 'max_client_conn', message));
  } else if (descriptorsMax !== undefined) {
    const message = `${wanted} descriptors of ${descriptorsMax} at most`;
    diagnoses.push(fine('descriptors', 'max_client_conn', message));
  }
  if (acceptQueueMax !== undefined && listen.backlog > acceptQueueMax) {
    const message = `${listen.backlog}, and net.core.somaxconn is ${acceptQueueMax}`;
    diagnoses.push(found('short-accept-queue', 'listen_backlog', message));
  }
  if (workers.count > cores) {
    const message = `${workers.count}, and there are ${cores} cores`;
    diagnoses.push(found('more-workers-than-cores', 'workers', message));
  }
  return diagnoses;
}

/** One pool for each entry: how many users there will be nobody knows here. */
function linksAtMost({ pooler }: DaemonConfig): number {
  const entries = [...pooler.databases.values(), pooler.fallbackDatabase];
  return entries.reduce((sum, entry) => {
    if (entry === undefined) return sum;
    const size = entry.poolSize ?? pooler.poolSize;
    return sum + size + (entry.reservePoolSize ?? pooler.reservePoolSize);
  }, 0);
}
