import type { Link } from '../backend/link';
import type { PoolerContext } from '../pooler-context';
import type { ServerName } from '../ports/names';
import type { Pool } from './pool';
import { shareOf } from './pool-limits';
import { idleShares } from './server-shares';

/** Links that have been idle for less may be wanted again. */
const LONG_IDLE_MS = 5 * 60_000;

/**
 * Closes links that nobody has had for five minutes, the longest idle first, where a server has more idle
 * ones than `max_idle_connections_percent` allows. Each of several workers has its part of that number.
 */
export function closeIdleSurplus(
  pools: readonly Pool[],
  { settings, topology }: Pick<PoolerContext, 'settings' | 'topology'>,
  nowMs: number,
): void {
  const shares = idleShares(settings, topology.current);
  if (shares.size === 0) return;
  for (const [server, idle] of idleLinks(pools)) {
    const percent = shares.get(server);
    const allows = Math.max(0, ...idle.map(({ link }) => link.target?.allows ?? 0));
    if (percent === undefined || allows === 0) continue;
    const idleMax = shareOf(Math.floor((allows * percent) / 100), settings.workerSlot);
    let surplus = idle.length - idleMax;
    for (const { pool, link } of idle.sort((a, b) => a.link.idleSinceMs - b.link.idleSinceMs)) {
      if (surplus <= 0 || nowMs - link.idleSinceMs < LONG_IDLE_MS) break;
      if (pool.liveCount() <= pool.limits.minPoolSize) continue;
      link.close('more idle connections than max_idle_connections_percent');
      surplus--;
    }
  }
}

interface IdleLink {
  readonly pool: Pool;
  readonly link: Link;
}

function idleLinks(pools: readonly Pool[]): ReadonlyMap<ServerName, IdleLink[]> {
  const found = new Map<ServerName, IdleLink[]>();
  for (const pool of pools) {
    for (const link of pool.idleLinks) {
      const server = link.target?.server;
      if (server === undefined) continue;
      const idle = found.get(server) ?? [];
      idle.push({ pool, link });
      found.set(server, idle);
    }
  }
  return found;
}
