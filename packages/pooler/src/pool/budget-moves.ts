import type { HolderAccount } from './budget-account';

/** How patient a budget is. A tick is one call of `relieve`. */
export interface BudgetPolicy {
  /** Idle links that are on their way out for the sake of one limit at one time. */
  readonly evictionsMax: number;
  /** Ticks that a want waits for an idle link before a busy holder with more links has to yield one. */
  readonly patienceTicks: number;
  /** The same for a holder without any link, where nobody has more than one. */
  readonly starvedTicks: number;
  /** Ticks after which a link that was to be yielded, and was not, is asked of somebody else. */
  readonly yieldTicks: number;
  /** Ticks after which a link that goes is not counted on any more. */
  readonly leavingTicks: number;
  /** Idle for so long, a link goes to whoever waits; before, only from the rich to the poor. */
  readonly coldMs: number;
  /** Idle for so long, a link goes to a holder that has none. */
  readonly briefMs: number;
  readonly nowMs: () => number;
}

/** Holders that wait for room under one limit. */
export interface Shortage {
  readonly key: string;
  /** Links over the limit, which have to go whoever waits. */
  readonly surplus: number;
  /** Wants that this limit blocks, in order of arrival. */
  readonly blocked: readonly BlockedWant[];
}

export interface BlockedWant {
  readonly account: HolderAccount;
  /** Ticks that it has lived through since a link was last planned for it. */
  patience: number;
}

/** One link that is to go, from the decision until its permit has come back. */
interface Move {
  readonly from: HolderAccount;
  /** Undefined: for nobody, there are too many. */
  to: HolderAccount | undefined;
  /** The limit for whose sake it goes. */
  readonly key: string;
  /** `yield`: promised, as soon as a lease ends. `leaving`: on its way out, or asked for at once. */
  kind: 'leaving' | 'yield';
  ageTicks: number;
}

/**
 * Links that are on their way out for somebody else's sake. They count as done when it is decided
 * whether another has to go: so many wants never move more links than they need, and a link does not
 * wander to and fro between two holders that could use it equally well.
 */
export class LinkMoves {
  readonly #policy: BudgetPolicy;
  readonly #moves = new Set<Move>();
  /** Holders that had no idle link when they were asked: not worth a question before the next tick. */
  readonly #emptyHanded = new Set<HolderAccount>();
  readonly #holdersUnder: (key: string) => Iterable<HolderAccount>;
  #yields = 0;

  constructor(policy: BudgetPolicy, holdersUnder: (key: string) => Iterable<HolderAccount>) {
    this.#policy = policy;
    this.#holdersUnder = holdersUnder;
  }

  /** As many idle links go for the sake of this limit as may at one time. */
  evictsEnough(key: string): boolean {
    return this.#count(key, 'leaving') >= this.#policy.evictionsMax;
  }

  /**
   * A permit of `account` has come back: one of the links that it was to give is gone.
   *
   * @returns the holder that it was meant for, if there is one
   */
  released(account: HolderAccount): HolderAccount | undefined {
    let found: Move | undefined;
    for (const move of this.#moves) {
      if (move.from !== account) continue;
      found ??= move;
      if (move.kind === 'leaving') {
        found = move;
        break;
      }
    }
    if (found !== undefined) this.#moves.delete(found);
    return found?.to;
  }

  /** What `account` was to yield is on its way out now, even if it was taken back meanwhile. */
  yielded(account: HolderAccount): void {
    for (const move of this.#moves) {
      if (move.from !== account || move.kind !== 'yield') continue;
      move.kind = 'leaving';
      move.ageTicks = 0;
      return;
    }
    const key = account.keys.pool;
    this.#moves.add({ from: account, to: undefined, key, kind: 'leaving', ageTicks: 0 });
  }

  /** A link that was meant for one holder went to another, whose own is now meant for the first. */
  swapped(meantFor: HolderAccount, got: HolderAccount): void {
    for (const move of this.#moves) {
      if (move.to !== got) continue;
      move.to = meantFor;
      return;
    }
  }

  /** A holder has left. */
  forget(account: HolderAccount): void {
    this.#emptyHanded.delete(account);
    for (const move of [...this.#moves]) {
      if (move.from === account) this.#moves.delete(move);
      else if (move.to === account) this.#cancel(move);
    }
  }

  /** Has idle links closed for those that wait. */
  evict(shortages: ReadonlyMap<string, Shortage>): void {
    for (const shortage of shortages.values()) {
      const { key, surplus, blocked } = shortage;
      let going = this.#count(key, 'leaving');
      while (going < this.#policy.evictionsMax && going < surplus + blocked.length) {
        const found = going < surplus ? this.#anyIdle(key) : this.#idleFor(shortage);
        if (found === undefined) break;
        this.#askIdle(key, found);
        going = this.#count(key, 'leaving');
      }
    }
  }

  /** One tick: links that take too long are no longer counted on. */
  grow(): void {
    const { yieldTicks, leavingTicks } = this.#policy;
    for (const move of [...this.#moves]) {
      move.ageTicks++;
      if (move.kind === 'yield' && move.ageTicks > yieldTicks) this.#cancel(move);
      else if (move.ageTicks > leavingTicks) this.#moves.delete(move);
    }
    this.#emptyHanded.clear();
  }

  /**
   * Has busy links closed, after their leases, for those that have waited long enough; of idle ones
   * there are none then. `shrinkingTicks`: since when limits are smaller than they were.
   */
  yield(shortages: ReadonlyMap<string, Shortage>, shrinkingTicks: number): void {
    const { patienceTicks } = this.#policy;
    for (const { key, surplus, blocked } of shortages.values()) {
      if (this.#count(key, 'leaving') > 0) continue;
      let going = this.#count(key);
      const shrinks =
        shrinkingTicks > patienceTicks || blocked.some(({ patience }) => patience > patienceTicks);
      while (shrinks && going < surplus) {
        const from = this.#richest(key, undefined, 1);
        if (from === undefined) break;
        this.#askYield({ from, to: undefined, key });
        going++;
      }
      const patient = blocked.filter(({ patience }) => patience > patienceTicks);
      this.#yieldTo(patient, { key, countMax: surplus + blocked.length - going });
    }
  }

  /** The poorest comes first, each time anew. */
  #yieldTo(patient: BlockedWant[], { key, countMax }: { key: string; countMax: number }): void {
    for (let left = countMax; left > 0 && patient.length > 0; ) {
      let next = 0;
      let fewest = Number.POSITIVE_INFINITY;
      for (const [at, { account }] of patient.entries()) {
        const links = this.#linksSoon(account);
        if (links >= fewest) continue;
        fewest = links;
        next = at;
      }
      const [want] = patient.splice(next, 1);
      if (want === undefined) return;
      const from = this.#richest(key, want.account, this.#linksToYield(want));
      // Nobody has enough more than the poorest: for the others that holds all the more.
      if (from === undefined) return;
      want.patience = 0;
      left--;
      this.#askYield({ from, to: want.account, key });
    }
  }

  /** Takes back what busy holders were to yield and nobody needs any more. */
  keepSurplus(shortages: ReadonlyMap<string, Shortage>): void {
    if (this.#moves.size === 0) return;
    for (const move of [...this.#moves].reverse()) {
      if (move.kind !== 'yield') continue;
      const shortage = shortages.get(move.key);
      const needed = shortage === undefined ? 0 : shortage.surplus + shortage.blocked.length;
      if (this.#count(move.key) > needed) this.#cancel(move);
    }
  }

  /** How many links a holder must have for one to be worth more in the hands of whoever wants. */
  #linksToYield({ account, patience }: BlockedWant): number {
    const has = this.#linksSoon(account);
    // One apart is as equal as it gets, but one and none is not: those take turns.
    return has === 0 && patience > this.#policy.starvedTicks ? 1 : has + 2;
  }

  #anyIdle(key: string): Found | undefined {
    let found: Found | undefined;
    let oldest = Number.POSITIVE_INFINITY;
    for (const from of this.#holdersUnder(key)) {
      const since = this.#emptyHanded.has(from) ? undefined : from.side.longestIdleSinceMs();
      if (since === undefined || since >= oldest) continue;
      oldest = since;
      found = { from, to: undefined, idleMsMin: 0 };
    }
    return found;
  }

  /** The longest-idle link that may go, for the first that it may go to: the poorest come first. */
  #idleFor({ key, blocked }: Shortage): Found | undefined {
    const wanting = new Map<HolderAccount, number>();
    for (const { account } of blocked) wanting.set(account, this.#linksSoon(account));
    for (const [to, has] of [...wanting].sort((one, other) => one[1] - other[1])) {
      const found = this.#idleForOne(key, to, has);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #idleForOne(key: string, to: HolderAccount, has: number): Found | undefined {
    const { nowMs, coldMs, briefMs } = this.#policy;
    let found: Found | undefined;
    let oldest = Number.POSITIVE_INFINITY;
    for (const from of this.#holdersUnder(key)) {
      if (from === to || this.#emptyHanded.has(from)) continue;
      const since = from.side.longestIdleSinceMs();
      if (since === undefined || since >= oldest) continue;
      // A link that is in use now and then is not worth a new one elsewhere, except where there is none.
      let idleMsMin = has === 0 ? briefMs : coldMs;
      if (idleMsMin > 0 && this.#linksKept(from) >= has + 2) idleMsMin = 0;
      if (idleMsMin > 0 && nowMs() - since < idleMsMin) continue;
      oldest = since;
      found = { from, to, idleMsMin };
    }
    return found;
  }

  #askIdle(key: string, { from, to, idleMsMin }: Found): void {
    const move: Move = { from, to, key, kind: 'leaving', ageTicks: 0 };
    this.#moves.add(move);
    from.side.giveUpIdleLink(idleMsMin, (gaveUp) => {
      if (gaveUp) return;
      this.#emptyHanded.add(from);
      this.#moves.delete(move);
    });
  }

  /** The holder with the most links, at least `linksMin`; of equals the one that yielded longest ago. */
  #richest(
    key: string,
    to: HolderAccount | undefined,
    linksMin: number,
  ): HolderAccount | undefined {
    let richest: HolderAccount | undefined;
    let most = linksMin;
    for (const from of this.#holdersUnder(key)) {
      if (from === to) continue;
      const links = this.#linksKept(from);
      if (links < most) continue;
      if (richest !== undefined && links === most && from.yieldedAt >= richest.yieldedAt) continue;
      most = links;
      richest = from;
    }
    return richest;
  }

  #askYield(move: Pick<Move, 'from' | 'to' | 'key'>): void {
    move.from.yieldedAt = ++this.#yields;
    this.#moves.add({ ...move, kind: 'yield', ageTicks: 0 });
    move.from.side.yieldLink();
  }

  #cancel(move: Move): void {
    if (!this.#moves.delete(move)) return;
    if (move.kind === 'yield') move.from.side.keepYieldedLink();
  }

  /** The links that a holder has once everything that is planned has happened. */
  #linksSoon(account: HolderAccount): number {
    let links = account.links;
    for (const { from, to } of this.#moves) {
      if (from === account) links--;
      if (to === account) links++;
    }
    return links;
  }

  /** Of the links that it has, those that need not go. */
  #linksKept(account: HolderAccount): number {
    let links = account.links;
    for (const { from } of this.#moves) if (from === account) links--;
    return links;
  }

  /** Links that are to go and count under a limit. */
  #count(key: string, kind?: Move['kind']): number {
    let count = 0;
    for (const move of this.#moves) {
      if (kind !== undefined && move.kind !== kind) continue;
      if (move.from.isUnder(key)) count++;
    }
    return count;
  }
}

interface Found {
  readonly from: HolderAccount;
  readonly to: HolderAccount | undefined;
  readonly idleMsMin: number;
}
