import { invariant } from '../errors';
import type { LinkWant, PendingWant } from '../ports/link-budget';
import type { ServerName } from '../ports/names';
import {
  type HolderAccount,
  LIMIT_KINDS,
  type LimitName,
  type LinkLimits,
  limitKey,
  limitOf,
} from './budget-account';
import { LinkCounts } from './budget-counts';
import { type BlockedWant, type BudgetPolicy, LinkMoves, type Shortage } from './budget-moves';
import type { ServerCap } from './server-caps';
import { ServerLinks } from './server-links';

/** A link that exists, in the books. */
export interface GrantedLink {
  readonly account: HolderAccount;
  readonly want: LinkWant;
  /** The servers that it counts at. */
  readonly servers: readonly ServerName[];
  /** From now on it counts at this one alone. */
  leadsTo(server: ServerName): void;
  /** Its place is free again. Once. */
  release(): void;
}

/** What becomes of a want: `wait` with the limit that blocks it, `granted` now or later. */
export type CoreAnswer =
  | { readonly kind: 'granted'; readonly link: GrantedLink }
  | { readonly kind: 'wait'; readonly limit: LimitName };

interface Entry extends BlockedWant {
  readonly want: LinkWant;
  readonly answer: (answer: CoreAnswer) => void;
}

/**
 * The books of a budget, for the holders of one process or of many: counts links under their limits,
 * queues wants that find no room, and has links moved to where they are needed. A want that is blocked
 * by its own limit does not block others that have room. Holders that share a limit tend towards equal
 * shares of it.
 */
export class BudgetCore {
  readonly #counts = new LinkCounts();
  readonly #moves: LinkMoves;
  readonly #pending = new Set<Entry>();
  /** Those of them that are not for a minimum size only. */
  #awaited = 0;
  /** Holders by the limits that count their links. */
  readonly #holders = new Map<string, Set<HolderAccount>>();
  readonly #accounts = new Set<HolderAccount>();
  /** Ticks since limits were set that may be smaller than what exists; undefined: all are kept. */
  #shrinking: number | undefined;
  #held = false;

  constructor(policy: BudgetPolicy) {
    this.#moves = new LinkMoves(policy, (key) => this.#holdersUnder(key));
  }

  *#holdersUnder(key: string): Generator<HolderAccount> {
    const holders = this.#holders.get(key);
    if (holders !== undefined) yield* holders;
    else for (const account of this.#accounts) if (account.servers.has(key)) yield account;
  }

  /** Links that count at a server. */
  linksAt(server: ServerName): number {
    return this.#counts.used(limitKey('server', server));
  }

  /** What a server may have from now on; `serve` is to follow. */
  limitServer(server: ServerName, cap: ServerCap): void {
    this.#counts.setServerCap(limitKey('server', server), cap);
    this.#shrinking = 0;
  }

  /** Links that exist, by our count. */
  get total(): number {
    return this.#counts.total;
  }

  /** Somebody waits who would be helped by an idle link. */
  get wantsIdle(): boolean {
    return this.#awaited > 0;
  }

  /** Something is to be done at the next tick. */
  get restless(): boolean {
    return this.#awaited > 0 || this.#shrinking !== undefined;
  }

  /** Grants nothing from now on: wants are queued. */
  hold(): void {
    this.#held = true;
  }

  /** Ends `hold`. */
  begin(): void {
    this.#held = false;
    this.serve();
  }

  /** A link of `account` exists already, whatever the limits say. */
  adopt(account: HolderAccount, want: LinkWant): GrantedLink {
    return this.#grant(account, want);
  }

  /** A holder comes, which may be asked for links from now on. */
  open(account: HolderAccount): void {
    this.#accounts.add(account);
    for (const kind of LIMIT_KINDS) {
      const key = account.keys[kind];
      const holders = this.#holders.get(key);
      if (holders === undefined) this.#holders.set(key, new Set([account]));
      else holders.add(account);
    }
  }

  /** Holders leave, with their wants. Links that they still have count until they are released. */
  close(accounts: readonly HolderAccount[]): void {
    for (const account of accounts) this.#forget(account);
    this.serve();
  }

  #forget(account: HolderAccount): void {
    this.#accounts.delete(account);
    for (const kind of LIMIT_KINDS) {
      const key = account.keys[kind];
      const holders = this.#holders.get(key);
      holders?.delete(account);
      if (holders?.size !== 0) continue;
      this.#holders.delete(key);
      this.#counts.setCap(key, 0);
    }
    for (const entry of [...this.#pending]) {
      if (entry.account === account) this.#leave(entry);
    }
    this.#moves.forget(account);
  }

  /** `answer` is called within this call, and once more when a want that waits is granted. */
  request(
    account: HolderAccount,
    want: LinkWant,
    answer: (answer: CoreAnswer) => void,
  ): PendingWant {
    const limit = this.#obstacle(account, want);
    if (limit === undefined) {
      answer({ kind: 'granted', link: this.#grant(account, want) });
      return { withdraw: () => undefined };
    }
    const entry: Entry = { account, want, answer, patience: 0 };
    this.#pending.add(entry);
    if (want.forMinimum !== true) this.#awaited++;
    this.#review();
    if (this.#pending.has(entry)) answer({ kind: 'wait', limit });
    return {
      withdraw: () => {
        if (this.#leave(entry)) this.serve();
      },
    };
  }

  /** A holder has an idle link that nobody of its own waits for. */
  idleAvailable(account: HolderAccount): void {
    for (const entry of this.#pending) {
      if (entry.account === account || entry.want.forMinimum === true) continue;
      const key = this.#counts.fullLimit(entry.account, entry.want)?.key;
      if (key === undefined) continue;
      if (!account.isUnder(key) || this.#moves.evictsEnough(key)) continue;
      this.#review();
      return;
    }
    if (this.#shrinking !== undefined) this.#review();
  }

  /** A holder is closing a link that it was asked to yield. */
  yielded(account: HolderAccount): void {
    this.#moves.yielded(account);
  }

  /** Sees to it that nobody is starved by busy holders, and that limits that have shrunk are kept. */
  tick(): void {
    for (const entry of this.#pending) entry.patience++;
    this.#moves.grow();
    const shortages = this.#review();
    if (this.#shrinking !== undefined) this.#shrinking++;
    this.#moves.yield(shortages, this.#shrinking ?? 0);
    if (this.#counts.overCaps().size === 0) this.#shrinking = undefined;
  }

  /** Limits from the configuration, for this holder and whoever shares them. */
  limit(account: HolderAccount, limits: LinkLimits): void {
    for (const kind of LIMIT_KINDS) this.#counts.setCap(account.keys[kind], limitOf(limits, kind));
    this.#shrinking = 0;
  }

  /** After new limits: who waits may have room now. */
  serve(): void {
    this.#serve(undefined);
    this.#review();
  }

  /** `meantFor`: whom the place that has become free was meant for. */
  #serve(meantFor: HolderAccount | undefined): void {
    let owed = meantFor;
    let next = this.#nextToServe();
    while (next !== undefined) {
      this.#leave(next);
      if (owed !== undefined && owed !== next.account) this.#moves.swapped(owed, next.account);
      owed = undefined;
      next.answer({ kind: 'granted', link: this.#grant(next.account, next.want) });
      next = this.#nextToServe();
    }
  }

  /** Limits that wants are blocked by and that an idle link somewhere would help with. */
  shortages(): Map<string, Shortage> {
    const found = new Map<string, { key: string; surplus: number; blocked: Entry[] }>();
    if (this.#shrinking !== undefined) {
      for (const [key, surplus] of this.#counts.overCaps()) {
        found.set(key, { key, surplus, blocked: [] });
      }
    }
    for (const entry of this.#pending) {
      if (entry.want.forMinimum === true) continue;
      const full = this.#counts.fullLimit(entry.account, entry.want);
      if (full === undefined) continue;
      const { key, surplus } = full;
      let shortage = found.get(key);
      if (shortage === undefined) {
        shortage = { key, surplus, blocked: [] };
        found.set(key, shortage);
      }
      shortage.blocked.push(entry);
    }
    return found;
  }

  #leave(entry: Entry): boolean {
    const was = this.#pending.delete(entry);
    if (was && entry.want.forMinimum !== true) this.#awaited--;
    return was;
  }

  #review(): ReadonlyMap<string, Shortage> {
    const shortages = this.shortages();
    this.#moves.evict(shortages);
    this.#moves.keepSurplus(shortages);
    return shortages;
  }

  #grant(account: HolderAccount, want: LinkWant): GrantedLink {
    this.#counts.count(account, 1);
    const at = new ServerLinks(account, this.#counts, want.servers);
    let held = true;
    return {
      account,
      want,
      get servers() {
        return at.servers;
      },
      leadsTo: (server) => {
        if (!at.narrow(server)) return;
        this.serve();
      },
      release: () => {
        invariant(held, 'permit released twice');
        held = false;
        this.#counts.count(account, -1);
        at.end();
        this.#serve(this.#moves.released(account));
        this.#review();
      },
    };
  }

  /**
   * Why a want can't be granted now. Room under one limit may have been made for somebody who waits for
   * room under another one too: a minimum size does not take it away.
   */
  #obstacle(account: HolderAccount, want: LinkWant): LimitName | undefined {
    if (this.#held) return 'pool';
    const full = this.#counts.fullLimit(account, want)?.limit;
    if (full !== undefined || want.forMinimum !== true || this.#awaited === 0) return full;
    for (const other of this.#pending) {
      if (other.want.forMinimum === true) continue;
      for (const kind of LIMIT_KINDS) {
        if (other.account.keys[kind] !== account.keys[kind]) continue;
        if (this.#counts.max(other.account, other.want, kind) > 0) return kind;
      }
      const shared = want.servers?.filter((server) => other.want.servers?.includes(server));
      if (shared?.some((server) => this.#counts.hasCap(limitKey('server', server))))
        return 'server';
    }
    return undefined;
  }

  /**
   * The holder with the fewest links comes first, then whoever came first; links that nobody waits for
   * come last.
   */
  #nextToServe(): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#pending) {
      if (next !== undefined && !comesBefore(entry, next)) continue;
      if (this.#obstacle(entry.account, entry.want) === undefined) next = entry;
    }
    return next;
  }
}

function comesBefore(one: Entry, other: Entry): boolean {
  const oneSpare = one.want.forMinimum === true;
  const otherSpare = other.want.forMinimum === true;
  if (oneSpare !== otherSpare) return otherSpare;
  return one.account.links < other.account.links;
}
