import type { PoolerContext } from '../pooler-context';
import type { LinkWant } from '../ports/link-budget';
import { serverName } from '../ports/names';
import type { LinkCare } from './link-care';
import type { Pool } from './pool';

/** How many links one pool wants, and how many it may have. */
export class LinkDemand {
  readonly #context: PoolerContext;
  readonly #pool: Pool;
  readonly #care: LinkCare;

  constructor(context: PoolerContext, pool: Pool, care: LinkCare) {
    this.#context = context;
    this.#pool = pool;
    this.#care = care;
  }

  /** How many more links would serve those who wait, but for proofs. Some are being opened already. */
  waiting(): number {
    const { waiters, welcomeWaiters, dedicatedWaiters, welcomes } = this.#pool;
    const welcome = welcomeWaiters.size > 0 && welcomes.reported === undefined ? 1 : 0;
    return Math.max(waiters.length - this.#care.testing, welcome, 0) + dedicatedWaiters.length;
  }

  /** Links to open for `min_pool_size`, which holds for pools with clients and for forced users. */
  missingForMinimum(): number {
    const { databaseState, limits, supply } = this.#pool;
    const { clients } = this.#pool.main ?? this.#pool;
    const wanted = clients > 0 || databaseState.settings.forcedUser !== undefined;
    if (!wanted || limits.minPoolSize === 0) return 0;
    const missing = limits.minPoolSize - (this.#pool.liveCount() - supply.dialing);
    // Whoever brings a password brings a link as well, and the rest can follow.
    if (missing <= 0 || this.#context.dialer.lacksPassword(this.#pool)) return 0;
    return missing;
  }

  /** Links that the pool may have now, the reserve included when it may be used; 0: no limit. */
  linksMax(): number {
    const { poolSize, reservePoolSize } = this.#pool.limits;
    if (poolSize === 0) return 0;
    return this.reserveAllowed() ? poolSize + reservePoolSize : poolSize;
  }

  /** What is asked of the budget for one more link. */
  want(): LinkWant {
    const { key, database, user, limits, servers } = this.#pool;
    return {
      pool: key,
      database,
      user,
      poolLinksMax: this.linksMax(),
      databaseLinksMax: limits.databaseLinksMax,
      userLinksMax: limits.userLinksMax,
      servers: servers.candidates.map(serverName),
    };
  }

  /** The oldest waiter has waited longer than `reserve_pool_timeout`. */
  reserveAllowed(): boolean {
    const { waiters, limits } = this.#pool;
    const { head } = waiters;
    const afterMs = this.#context.settings.reservePoolTimeoutMs;
    if (head === undefined || afterMs === 0 || limits.reservePoolSize === 0) return false;
    return this.#context.clock.nowMs() - head.waitingSinceMs >= afterMs;
  }
}
