import type { Link } from '../backend/link';
import { MAY_HAVE_CRASHED } from './idle-links';
import type { Pool } from './pool';

/**
 * Why a link that has just become free must be closed by today's limits of its pool, if it must. One
 * that is closed for its age counts for the next.
 */
export function outgrown(pool: Pool, link: Link, nowMs: number): string | undefined {
  if (pool.servers.isDoomed(link)) return MAY_HAVE_CRASHED;
  const { poolSize, reservePoolSize, serverLifetimeMs } = pool.limits;
  if (poolSize > 0 && pool.links.size > poolSize + reservePoolSize) {
    if (pool.liveCount() > poolSize + reservePoolSize) return 'too many servers in the pool';
  }
  if (serverLifetimeMs > 0 && nowMs - link.connectedAtMs > serverLifetimeMs) {
    // Not all at once: at most one in each pool_size-th part of the lifetime.
    if (nowMs - pool.lastAgedMs > serverLifetimeMs / Math.max(1, poolSize)) {
      pool.lastAgedMs = nowMs;
      return 'server lifetime over';
    }
  }
  return undefined;
}
