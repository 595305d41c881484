import type { Link } from '../backend/link';
import type { LinkBudget, LinkHolder } from '../ports/link-budget';
import type { DatabaseName, PoolKey, UserName } from '../ports/names';
import type { IdleLinks } from './idle-links';

interface YieldingNeeds {
  readonly budget: LinkBudget;
  readonly pool: PoolKey;
  readonly database: DatabaseName;
  readonly user: UserName;
  readonly idle: IdleLinks;
}

/** One pool as the budget sees it: what it gives up for the sake of others. */
export class Yielding implements LinkHolder {
  readonly pool: PoolKey;
  readonly database: DatabaseName;
  readonly user: UserName;
  readonly #budget: LinkBudget;
  readonly #idle: IdleLinks;
  /** Links that have been promised to another pool. */
  #promised = 0;
  readonly #leaveBudget: () => void;

  constructor({ budget, pool, database, user, idle }: YieldingNeeds) {
    this.pool = pool;
    this.database = database;
    this.user = user;
    this.#budget = budget;
    this.#idle = idle;
    this.#leaveBudget = budget.register(this);
  }

  longestIdleSinceMs(): number | undefined {
    return this.#idle.all[0]?.idleSinceMs;
  }

  giveUpIdleLink(): boolean {
    const link = this.#idle.all[0];
    if (link === undefined) return false;
    link.close('evicted');
    return true;
  }

  yieldLink(): void {
    if (this.giveUpIdleLink()) this.#budget.yielded(this);
    else this.#promised++;
  }

  keepYieldedLink(): void {
    if (this.#promised > 0) this.#promised--;
  }

  /** A link has come back. @returns whether it has been given up, as it was promised */
  takes(link: Link): boolean {
    if (this.#promised === 0) return false;
    this.#promised--;
    this.#budget.yielded(this);
    link.close('yielded to another pool');
    return true;
  }

  /** There is an idle link that nobody waits for. */
  hasIdle(): void {
    this.#budget.idleAvailable(this);
  }

  leave(): void {
    this.#leaveBudget();
  }
}
