import { invariant } from '../errors';
import type {
  BudgetAnswer,
  LinkBudget,
  LinkHolder,
  LinkWant,
  PendingWant,
  Permit,
} from '../ports/link-budget';

interface Entry {
  readonly want: LinkWant;
  readonly answer: (answer: BudgetAnswer) => void;
  /** Calls of `relieve` that it has lived through. */
  patience: number;
  /** The busy pool that has been asked to yield a link for it. */
  yielding: LinkHolder | undefined;
}

type Limit = 'pool' | 'database' | 'user';

/** After so many calls of `relieve` (about a second) a want gets a link of a busy pool. */
const PATIENCE_MAX = 3;

/**
 * The budget of a single process: counters. Wants that find no room wait; one that is blocked by its own
 * limit does not block others that have room. Pools that share a limit tend towards equal shares of it.
 */
export class LocalLinkBudget implements LinkBudget {
  readonly #perPool = new Map<string, number>();
  readonly #perDatabase = new Map<string, number>();
  readonly #perUser = new Map<string, number>();
  readonly #pending = new Set<Entry>();
  readonly #holders = new Set<LinkHolder>();
  /** Idle links that are closing for a pending want, by the limit that they make room under. */
  readonly #evictions = new Map<string, number>();

  /** Links that exist, by our count. */
  total = 0;

  request(want: LinkWant, answer: (answer: BudgetAnswer) => void): PendingWant {
    const entry: Entry = { want, answer, patience: 0, yielding: undefined };
    const full = this.#fullLimit(want);
    if (full === undefined) {
      answer({ kind: 'granted', permit: this.#grant(want) });
      return { withdraw: () => undefined };
    }
    this.#pending.add(entry);
    if (full !== 'pool') this.#evictFor(want, full);
    answer({ kind: 'wait', limit: full });
    return { withdraw: () => this.#forget(entry) };
  }

  register(holder: LinkHolder): () => void {
    this.#holders.add(holder);
    return () => void this.#holders.delete(holder);
  }

  idleAvailable(holder: LinkHolder): void {
    if (this.#pending.size === 0) return;
    for (const { want } of this.#pending) {
      const full = this.#fullLimit(want);
      if (full === undefined || full === 'pool' || !shares(holder, want, full)) continue;
      if (this.#evictFor(want, full)) return;
    }
  }

  relieve(): void {
    for (const entry of this.#pending) {
      if (++entry.patience <= PATIENCE_MAX) continue;
      const full = this.#fullLimit(entry.want);
      if (full === undefined || full === 'pool' || this.#evictFor(entry.want, full)) continue;
      entry.patience = 0;
      entry.yielding?.keepYieldedLink();
      entry.yielding = this.#richestSharer(entry.want, full);
      entry.yielding?.yieldLink();
    }
  }

  #forget(entry: Entry): void {
    if (!this.#pending.delete(entry)) return;
    entry.yielding?.keepYieldedLink();
  }

  /** The pool with the most links under the full limit, if it has more than the one that wants. */
  #richestSharer(want: LinkWant, limit: 'database' | 'user'): LinkHolder | undefined {
    let most = this.#perPool.get(want.pool) ?? 0;
    let richest: LinkHolder | undefined;
    for (const holder of this.#holders) {
      if (holder.pool === want.pool || !shares(holder, want, limit)) continue;
      if (holder.linkCount <= most) continue;
      most = holder.linkCount;
      richest = holder;
    }
    return richest;
  }

  /** The first limit that leaves no room, or undefined. */
  #fullLimit(want: LinkWant): Limit | undefined {
    if (isFull(want.poolLinksMax, this.#perPool.get(want.pool))) return 'pool';
    if (isFull(want.databaseLinksMax, this.#perDatabase.get(want.database))) return 'database';
    if (isFull(want.userLinksMax, this.#perUser.get(want.user))) return 'user';
    return undefined;
  }

  #grant(want: LinkWant): Permit {
    this.#count(want, 1);
    let held = true;
    return {
      want,
      release: () => {
        invariant(held, 'permit released twice');
        held = false;
        this.#count(want, -1);
        for (const key of limitKeys(want)) {
          if (this.#evictions.has(key)) add(this.#evictions, key, -1);
        }
        this.#serve();
      },
    };
  }

  /** Grants what fits: to the pool with the fewest links first, then in order of arrival. */
  #serve(): void {
    let next = this.#nextToServe();
    while (next !== undefined) {
      this.#forget(next);
      next.answer({ kind: 'granted', permit: this.#grant(next.want) });
      next = this.#nextToServe();
    }
    for (const { want } of this.#pending) {
      const full = this.#fullLimit(want);
      if (full !== undefined && full !== 'pool') this.#evictFor(want, full);
    }
  }

  #nextToServe(): Entry | undefined {
    let fewest = Number.POSITIVE_INFINITY;
    let next: Entry | undefined;
    for (const entry of this.#pending) {
      const links = this.#perPool.get(entry.want.pool) ?? 0;
      if (links >= fewest || this.#fullLimit(entry.want) !== undefined) continue;
      fewest = links;
      next = entry;
    }
    return next;
  }

  /**
   * Asks the pool with the longest-idle link, among those that share the full limit, to close it. One at
   * a time: when that link is gone, who still waits is looked at again.
   *
   * @returns true when a link is on its way out for this limit
   */
  #evictFor(want: LinkWant, limit: 'database' | 'user'): boolean {
    const key = limitKey(want, limit);
    if (this.#evictions.has(key)) return true;
    let victim: LinkHolder | undefined;
    let oldest = Number.POSITIVE_INFINITY;
    for (const holder of this.#holders) {
      if (holder.pool === want.pool || !shares(holder, want, limit)) continue;
      const since = holder.longestIdleSinceMs();
      if (since === undefined || since >= oldest) continue;
      oldest = since;
      victim = holder;
    }
    if (victim === undefined) return false;
    add(this.#evictions, key, 1);
    if (victim.giveUpIdleLink()) return true;
    add(this.#evictions, key, -1);
    return false;
  }

  #count(want: LinkWant, by: 1 | -1): void {
    this.total += by;
    add(this.#perPool, want.pool, by);
    add(this.#perDatabase, want.database, by);
    add(this.#perUser, want.user, by);
  }
}

function limitKey(want: LinkWant, limit: 'database' | 'user'): string {
  return `${limit}\0${limit === 'database' ? want.database : want.user}`;
}

function limitKeys(want: LinkWant): readonly string[] {
  return [limitKey(want, 'database'), limitKey(want, 'user')];
}

function shares(holder: LinkHolder, want: LinkWant, limit: 'database' | 'user'): boolean {
  return limit === 'database' ? holder.database === want.database : holder.user === want.user;
}

function isFull(limit: number, used = 0): boolean {
  return limit > 0 && used >= limit;
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const next = (counts.get(key) ?? 0) + by;
  invariant(next >= 0, 'a link count fell below zero');
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}
