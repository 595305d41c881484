import { invariant } from '../errors';
import type { LinkWant } from '../ports/link-budget';
import {
  type HolderAccount,
  LIMIT_KINDS,
  type LimitKind,
  type LimitName,
  limitKey,
  limitOf,
} from './budget-account';
import type { ServerCap } from './server-caps';

/** A limit that leaves no room. */
export interface FullLimit {
  readonly limit: LimitName;
  readonly key: string;
  /** Links over what a want may have there, which would have to go first. */
  readonly surplus: number;
}

/** How many links exist under each limit, and what the limits are. */
export class LinkCounts {
  /** Links that exist. */
  total = 0;
  readonly #used = new Map<string, number>();
  /** Limits from the configuration that hold whatever a want says, by key. */
  readonly #caps = new Map<string, number>();
  /** Those of them that nothing is closed for, as nobody knows yet what they should be. */
  readonly #provisional = new Set<string>();

  used(key: string): number {
    return this.#used.get(key) ?? 0;
  }

  count(account: HolderAccount, by: 1 | -1): void {
    this.total += by;
    account.links += by;
    invariant(account.links >= 0, 'a holder has fewer links than none');
    for (const kind of LIMIT_KINDS) {
      this.#countAt(account.keys[kind], by);
    }
  }

  /** A link of `account` counts at a server, or does not any more. */
  countServer(account: HolderAccount, key: string, by: 1 | -1): void {
    const own = (account.servers.get(key) ?? 0) + by;
    invariant(own >= 0, 'a holder has fewer links to a server than none');
    if (own === 0) account.servers.delete(key);
    else account.servers.set(key, own);
    this.#countAt(key, by);
  }

  #countAt(key: string, by: 1 | -1): void {
    const next = this.used(key) + by;
    invariant(next >= 0, 'a link count fell below zero');
    if (next === 0) this.#used.delete(key);
    else this.#used.set(key, next);
  }

  /** `max` 0: no cap. */
  setCap(key: string, max: number): void {
    if (max > 0) this.#caps.set(key, max);
    else this.#caps.delete(key);
  }

  hasCap(key: string): boolean {
    return this.#caps.has(key);
  }

  setServerCap(key: string, { linksMax, provisional }: ServerCap): void {
    this.setCap(key, linksMax);
    if (provisional) this.#provisional.add(key);
    else this.#provisional.delete(key);
  }

  /** The limit in force: the want's, and never more than the configuration's. 0: none. */
  max(account: HolderAccount, want: LinkWant, kind: LimitKind): number {
    const asked = limitOf(want, kind);
    const cap = this.#caps.get(account.keys[kind]) ?? 0;
    return asked > 0 && cap > 0 ? Math.min(asked, cap) : asked + cap;
  }

  /** The first limit that leaves no room, or undefined. */
  fullLimit(account: HolderAccount, want: LinkWant): FullLimit | undefined {
    for (const kind of LIMIT_KINDS) {
      const key = account.keys[kind];
      const max = this.max(account, want, kind);
      // A pool may have more links than this want allows for: those of its reserve.
      const surplus = kind === 'pool' ? 0 : this.used(key) - max;
      if (max > 0 && this.used(key) >= max) return { limit: kind, key, surplus };
    }
    for (const server of want.servers ?? []) {
      const key = limitKey('server', server);
      const max = this.#caps.get(key) ?? 0;
      const surplus = this.#provisional.has(key) ? 0 : this.used(key) - max;
      if (max > 0 && this.used(key) >= max) return { limit: 'server', key, surplus };
    }
    return undefined;
  }

  /** Limits that more links exist under than the configuration allows (any more), and by how many. */
  overCaps(): Map<string, number> {
    const over = new Map<string, number>();
    for (const [key, max] of this.#caps) {
      const surplus = this.#provisional.has(key) ? 0 : this.used(key) - max;
      if (surplus > 0) over.set(key, surplus);
    }
    return over;
  }
}
