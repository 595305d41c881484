import { invariant } from '../errors';
import type { LinkWant } from '../ports/link-budget';
import { type HolderAccount, LIMIT_KINDS, type LimitKind, limitOf } from './budget-account';

/** How many links exist under each limit, and what the limits are. */
export class LinkCounts {
  /** Links that exist. */
  total = 0;
  readonly #used = new Map<string, number>();
  /** Limits from the configuration that hold whatever a want says, by key. */
  readonly #caps = new Map<string, number>();

  used(key: string): number {
    return this.#used.get(key) ?? 0;
  }

  count(account: HolderAccount, by: 1 | -1): void {
    this.total += by;
    account.links += by;
    invariant(account.links >= 0, 'a holder has fewer links than none');
    for (const kind of LIMIT_KINDS) {
      const key = account.keys[kind];
      const next = this.used(key) + by;
      invariant(next >= 0, 'a link count fell below zero');
      if (next === 0) this.#used.delete(key);
      else this.#used.set(key, next);
    }
  }

  /** `max` 0: no cap. */
  setCap(key: string, max: number): void {
    if (max > 0) this.#caps.set(key, max);
    else this.#caps.delete(key);
  }

  /** The limit in force: the want's, and never more than the configuration's. 0: none. */
  max(account: HolderAccount, want: LinkWant, kind: LimitKind): number {
    const asked = limitOf(want, kind);
    const cap = this.#caps.get(account.keys[kind]) ?? 0;
    return asked > 0 && cap > 0 ? Math.min(asked, cap) : asked + cap;
  }

  /** The first limit that leaves no room, or undefined. */
  fullLimit(account: HolderAccount, want: LinkWant): LimitKind | undefined {
    for (const kind of LIMIT_KINDS) {
      const max = this.max(account, want, kind);
      if (max > 0 && this.used(account.keys[kind]) >= max) return kind;
    }
    return undefined;
  }

  /** Limits that more links exist under than the configuration allows (any more), and by how many. */
  overCaps(): Map<string, number> {
    const over = new Map<string, number>();
    for (const [key, max] of this.#caps) {
      const surplus = this.used(key) - max;
      if (surplus > 0) over.set(key, surplus);
    }
    return over;
  }
}
