import type { Link } from '../backend/link';
import type { Admission } from '../frontend/admission';
import { isOfReplica } from '../topology/fit-servers';

/** Counts the wait of a session for `link`, which began at `sinceMs` and is over. */
export function countWait(
  { database, pool }: Admission,
  link: Link,
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): void {
  const us = (nowMs - sinceMs) * 1000;
  database.counters.waitUs += us;
  pool.waits.observe(us);
  const { heldUntilMs } = pool.servers;
  if (sinceMs >= heldUntilMs || isOfReplica(link)) return;
  // Afterwards it has waited for others.
  database.counters.times.held.observe((Math.min(nowMs, heldUntilMs) - sinceMs) * 1000);
}
