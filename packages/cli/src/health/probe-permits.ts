import type { PermitAnswer, ProbePermits, ServerAddress } from '@pgweir/control';
import {
  type DatabaseName,
  healthPoolKey,
  type LinkBudget,
  type LinkHolder,
  type LinkLimits,
  type LinkWant,
  serverName,
  type UserName,
} from '@pgweir/pooler';

interface BudgetPermitsNeeds {
  readonly budget: LinkBudget;
  /** The entry for which servers are asked: what it may have counts those who ask. */
  readonly database: DatabaseName;
  readonly user: UserName;
  /** As the configuration is now. */
  readonly limits: () => LinkLimits | undefined;
}

const NO_LIMITS: LinkLimits = { poolLinksMax: 0, databaseLinksMax: 0, userLinksMax: 0 };

/** Those who ask servers how they are, as the link budget sees them: a pool that has nothing to spare. */
export class BudgetPermits implements ProbePermits {
  readonly #needs: BudgetPermitsNeeds;
  readonly #holder: LinkHolder;
  readonly #leave: () => void;

  constructor(needs: BudgetPermitsNeeds) {
    const { budget, database, user } = needs;
    this.#needs = needs;
    this.#holder = {
      // Not the pool of clients: its size is for them alone.
      pool: healthPoolKey(database, user),
      database,
      user,
      longestIdleSinceMs: () => undefined,
      giveUpIdleLink: () => false,
      // Without them nobody would know of a failover: they stay.
      yieldLink: () => undefined,
      keepYieldedLink: () => undefined,
    };
    this.#leave = budget.register(this.#holder);
  }

  acquire(address: ServerAddress, answer: (answer: PermitAnswer) => void): () => void {
    const { pool, database, user } = this.#holder;
    const { databaseLinksMax, userLinksMax } = this.#needs.limits() ?? NO_LIMITS;
    const want: LinkWant = {
      ...{ pool, database, user },
      ...{ poolLinksMax: 0, databaseLinksMax, userLinksMax },
      servers: [serverName(address)],
    };
    const pending = this.#needs.budget.request(want, (said) => {
      if (said.kind === 'granted') answer({ kind: 'granted', permit: said.permit });
      else if (said.kind === 'refused') answer({ kind: 'refused', reason: `${said.reason} limit` });
    });
    return () => pending.withdraw();
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#leave();
  }
}
