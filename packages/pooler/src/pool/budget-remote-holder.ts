import type { Clock } from '../ports/clock';
import type { BudgetAnswer, LinkHolder, LinkWant } from '../ports/link-budget';
import type { PoolKey } from '../ports/names';
import type { LimitName } from './budget-account';
import type { BudgetFromWorker, Unversioned } from './budget-messages';
import { sameServers } from './budget-worker-holder';
import { longestIdle, newest } from './local-budget';

export interface WaitingWant {
  readonly want: LinkWant;
  readonly answer: (answer: BudgetAnswer) => void;
}

type Announcement = Extract<Unversioned<BudgetFromWorker>, { kind: 'budget-want' }>;

/** A worker's pool, as the worker keeps it in mind for the supervisor. */
export class RemoteHolder {
  readonly id: number;
  readonly pool: PoolKey;
  /** The limits that count its links. */
  readonly keys: readonly string[];
  /** The same of servers that its links lead to, or have led to. */
  readonly serverKeys = new Set<string>();
  /** The pools of that name: usually one, for a while also its predecessor. */
  readonly members = new Set<LinkHolder>();
  /** Wants, in order of arrival. */
  readonly waiting = new Set<WaitingWant>();
  /** The latest of them, waiting or not: it knows today's limits. */
  latest: LinkWant | undefined;
  /** The supervisor knows of an idle link. */
  reported = false;
  /** The limit that blocks all it has told that it wants; undefined: not known yet, or nothing. */
  blockedBy: LimitName | undefined;
  #announced: Announcement | undefined;
  #grantsSeen = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(id: number, pool: PoolKey, keys: readonly string[]) {
    this.id = id;
    this.pool = pool;
    this.keys = keys;
  }

  /** A permit has come. @returns the want that it is for, if there still is any */
  granted(): WaitingWant | undefined {
    this.#grantsSeen++;
    if (this.#announced !== undefined) {
      const count = Math.max(0, this.#announced.count - 1);
      this.#announced = { ...this.#announced, count };
      if (count === 0) this.blockedBy = undefined;
    }
    for (const entry of this.waiting) {
      this.waiting.delete(entry);
      return entry;
    }
    return undefined;
  }

  /**
   * What the supervisor has to be told about its wants, if anything. That there are fewer can wait:
   * soon there may be as many again. So can that there are more, when all are blocked anyway.
   */
  announcement(when: 'now' | 'after-a-while'): Announcement | undefined {
    const count = this.waiting.size;
    const known = this.#announced;
    const want = this.latest;
    if (want === undefined || count === 0) {
      if (known === undefined || known.count === 0) return undefined;
      return this.#announce({ ...known, count });
    }
    const { poolLinksMax, databaseLinksMax, userLinksMax } = want;
    const { servers = [] } = want;
    const forMinimum = want.forMinimum === true;
    const same =
      known !== undefined &&
      known.forMinimum === forMinimum &&
      sameServers(known.servers, servers) &&
      known.limits.poolLinksMax === poolLinksMax &&
      known.limits.databaseLinksMax === databaseLinksMax &&
      known.limits.userLinksMax === userLinksMax;
    if (same) {
      const waits = known.count > count || this.blockedBy !== undefined;
      if (known.count === count || (when === 'now' && waits)) return undefined;
    } else {
      this.blockedBy = undefined;
    }
    const limits = { poolLinksMax, databaseLinksMax, userLinksMax };
    return this.#announce({
      kind: 'budget-want',
      holder: this.id,
      count,
      grantsSeen: this.#grantsSeen,
      limits,
      servers,
      forMinimum,
    });
  }

  #announce(announcement: Announcement): Announcement {
    this.#announced = { ...announcement, grantsSeen: this.#grantsSeen };
    if (announcement.count === 0) this.blockedBy = undefined;
    return this.#announced;
  }

  /** Tells later that it wants less: by then it may want as much again. */
  announceIn(clock: Clock, ms: number, announce: () => void): void {
    this.#cancelTimer ??= clock.after(ms, () => {
      this.#cancelTimer = undefined;
      announce();
    });
  }

  cancelAnnouncement(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** How long the longest-idle link has been idle; undefined when there is none to spare. */
  idleMs(nowMs: number): number | undefined {
    const since = longestIdle(this.members)?.longestIdleSinceMs();
    return since === undefined ? undefined : Math.max(0, nowMs - since);
  }

  giveUpIdleLink({ nowMs, idleMsMin }: { nowMs: number; idleMsMin: number }): boolean {
    const idleMs = this.idleMs(nowMs);
    if (idleMs === undefined || idleMs < idleMsMin) return false;
    return longestIdle(this.members)?.giveUpIdleLink() === true;
  }

  yieldLink(): void {
    newest(this.members)?.yieldLink();
  }

  keepYieldedLink(): void {
    for (const member of this.members) member.keepYieldedLink();
  }
}
