import type {
  BudgetAnswer,
  LinkBudget,
  LinkHolder,
  LinkWant,
  PendingWant,
  Permit,
} from '../ports/link-budget';
import type { PoolKey } from '../ports/names';
import { HolderAccount, type HolderSide } from './budget-account';
import { BudgetCore, type GrantedLink } from './budget-core';
import type { BudgetPolicy } from './budget-moves';

/** A tick is a third of a second here. Idle links go at once, one after the other. */
const POLICY: BudgetPolicy = {
  evictionsMax: 1,
  patienceTicks: 3,
  starvedTicks: 3,
  yieldTicks: 4,
  leavingTicks: 30,
  coldMs: 0,
  briefMs: 0,
  nowMs: () => 0,
};

/** The budget of a single process: everything that it asks for happens within the call. */
export class LocalLinkBudget implements LinkBudget {
  readonly #core = new BudgetCore(POLICY);
  readonly #pools = new Map<PoolKey, { account: HolderAccount; side: LocalSide }>();
  #nextPermitId = 1;

  /** Links that exist, by our count. */
  get total(): number {
    return this.#core.total;
  }

  request(want: LinkWant, answer: (answer: BudgetAnswer) => void): PendingWant {
    return this.#core.request(this.#pool(want).account, want, (said) => {
      if (said.kind === 'wait') answer(said);
      else answer({ kind: 'granted', permit: this.#permit(said.link) });
    });
  }

  register(holder: LinkHolder): () => void {
    const { account, side } = this.#pool(holder);
    side.holders.add(holder);
    return () => {
      side.holders.delete(holder);
      if (side.holders.size > 0 || this.#pools.get(holder.pool)?.account !== account) return;
      this.#pools.delete(holder.pool);
      this.#core.close([account]);
    };
  }

  idleAvailable(holder: LinkHolder): void {
    if (!this.#core.wantsIdle) return;
    this.#core.idleAvailable(this.#pool(holder).account);
  }

  yielded(holder: LinkHolder): void {
    this.#core.yielded(this.#pool(holder).account);
  }

  relieve(): void {
    if (this.#core.restless) this.#core.tick();
  }

  #pool(of: LinkWant | LinkHolder): { account: HolderAccount; side: LocalSide } {
    let known = this.#pools.get(of.pool);
    if (known === undefined) {
      const side = new LocalSide();
      known = { account: new HolderAccount(of, side), side };
      this.#pools.set(of.pool, known);
      this.#core.open(known.account);
    }
    return known;
  }

  #permit({ want, release }: GrantedLink): Permit {
    return {
      id: this.#nextPermitId++,
      want,
      connected: () => true,
      established: () => undefined,
      release,
    };
  }
}

/** The pools of one name: usually one, and for a while its predecessor, which a reload has removed. */
class LocalSide implements HolderSide {
  readonly holders = new Set<LinkHolder>();

  longestIdleSinceMs(): number | undefined {
    return longestIdle(this.holders)?.longestIdleSinceMs();
  }

  giveUpIdleLink(_idleMsMin: number, answer: (gaveUp: boolean) => void): void {
    answer(longestIdle(this.holders)?.giveUpIdleLink() === true);
  }

  yieldLink(): void {
    newest(this.holders)?.yieldLink();
  }

  keepYieldedLink(): void {
    for (const holder of this.holders) holder.keepYieldedLink();
  }
}

/** The holder with the longest-idle link, if one of them has any. */
export function longestIdle(holders: Iterable<LinkHolder>): LinkHolder | undefined {
  let found: LinkHolder | undefined;
  let oldest = Number.POSITIVE_INFINITY;
  for (const holder of holders) {
    const since = holder.longestIdleSinceMs();
    if (since === undefined || since >= oldest) continue;
    oldest = since;
    found = holder;
  }
  return found;
}

/** The holder that came last: its predecessors close their links in any case. */
export function newest(holders: Iterable<LinkHolder>): LinkHolder | undefined {
  return [...holders].at(-1);
}
