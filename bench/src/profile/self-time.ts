import { basename } from 'node:path';

/** What is read of a profile by `node --cpu-prof`. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of nodes, one for each sample. */
  readonly samples: readonly number[];
  /** µs that each sample stands for. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
}

export interface SelfTime {
  /** Function, file and line. */
  readonly place: string;
  /** Of the time in which the process was not idle, 0 to 1. */
  readonly share: number;
}

/** Functions by the time spent in themselves, most first. */
export function selfTimes(profile: CpuProfile): SelfTime[] {
  const places = new Map(profile.nodes.map((node) => [node.id, placeOf(node)]));
  const sums = new Map<string, number>();
  let busyUs = 0;
  for (const [at, id] of profile.samples.entries()) {
    const place = places.get(id) ?? 'unknown';
    const us = profile.timeDeltas[at] ?? 0;
    if (place === '(idle)') continue;
    busyUs += us;
    sums.set(place, (sums.get(place) ?? 0) + us);
  }
  return [...sums]
    .map(([place, us]) => ({ place, share: us / busyUs }))
    .sort((a, b) => b.share - a.share);
}

function placeOf({ callFrame }: ProfileNode): string {
  const { functionName, url, lineNumber } = callFrame;
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}
