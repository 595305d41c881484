import { ticksIn, usPerTick } from './cpu';
import { readProc } from './process-tree';

/** CPU time, µs, of children of this process that have ended. undefined where there is no /proc. */
export function endedChildrenUs(): number | undefined {
  const stat = readProc('/proc/self/stat');
  if (stat === undefined) return undefined;
  const { childrenUser, childrenSystem } = ticksIn(stat);
  return (childrenUser + childrenSystem) * usPerTick();
}
