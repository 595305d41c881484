import type { PoolerContext } from '../pooler-context';
import type { LinkWant } from '../ports/link-budget';
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

  /** How many links are wanted beyond those that are there, or are there and being tested. */
  count(): number {
    const { waiters, welcomeWaiters, dedicatedWaiters, welcomes } = this.#pool;
    const welcome = welcomeWaiters.size > 0 && welcomes.reported === undefined ? 1 : 0;
    const waiting = Math.max(waiters.length - this.#care.testing, welcome, 0);
    return Math.max(waiting + dedicatedWaiters.length, this.#missingForMinimum());
  }

  /** Links to open for `min_pool_size`, which holds for pools with clients and for forced users. */
  #missingForMinimum(): number {
    const { databaseState, limits, supply } = this.#pool;
    const { clients } = this.#pool.main ?? this.#pool;
    const wanted = clients > 0 || databaseState.settings.forcedUser !== undefined;
    if (!wanted || limits.minPoolSize === 0) return 0;
    return Math.max(0, limits.minPoolSize - (this.#pool.liveCount() - supply.dialing));
  }

  /** Links that the pool may have now, the reserve included when it may be used; 0: no limit. */
  linksMax(): number {
    const { poolSize, reservePoolSize } = this.#pool.limits;
    if (poolSize === 0) return 0;
    return this.reserveAllowed() ? poolSize + reservePoolSize : poolSize;
  }

  /** What is asked of the budget for one more link. */
  want(): LinkWant {
    const { key, database, user, limits } = this.#pool;
    return {
      pool: key,
      database,
      user,
      poolLinksMax: this.linksMax(),
      databaseLinksMax: limits.databaseLinksMax,
      userLinksMax: limits.userLinksMax,
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
