import { invariant, unreachable } from '../errors';
import type { Clock } from '../ports/clock';
import type {
  BudgetAnswer,
  CancelTarget,
  LinkBudget,
  LinkHolder,
  LinkWant,
  PendingWant,
  Permit,
} from '../ports/link-budget';
import type { PoolKey } from '../ports/names';
import { type LimitName, limitKey } from './budget-account';
import {
  BUDGET_VERSION,
  type BudgetFromWorker,
  type BudgetToWorker,
  toMessage,
  type Unversioned,
} from './budget-messages';
import { RemoteHolder } from './budget-remote-holder';

export interface RemoteBudgetNeeds {
  readonly clock: Clock;
  /** Sends to the supervisor; the order is kept, nothing is lost while both live. */
  send(message: BudgetFromWorker): void;
  /**
   * Passes a duplicate of a link's descriptor to the supervisor, so that it is there even if this
   * process dies right after.
   *
   * @returns false when that failed: the link is not opened
   */
  passDescriptor(permit: number, descriptor: number | undefined): boolean;
}

/** A link that a budget before this one has granted. */
interface AdoptedLink {
  readonly id: number;
  readonly want: LinkWant;
  /** Once PostgreSQL has let it in. */
  readonly target: CancelTarget | undefined;
}

function noteServers(holder: RemoteHolder, { servers = [] }: LinkWant): void {
  for (const server of servers) holder.serverKeys.add(limitKey('server', server));
}

/** How long a want that was withdrawn is kept for the next who wants one: queues grow and shrink. */
const LINGER_MS = 20;

/**
 * The budget of a worker: asks the supervisor's. Between the two there are no messages about traffic:
 * only wants, grants, releases, and questions about idle links while somebody waits for one.
 */
export class RemoteLinkBudget implements LinkBudget {
  readonly #needs: RemoteBudgetNeeds;
  readonly #byPool = new Map<PoolKey, RemoteHolder>();
  readonly #byId = new Map<number, RemoteHolder>();
  /** Limits that somebody waits for a link under, as keys. */
  readonly #standing = new Set<string>();
  #nextHolderId = 1;
  /** Permits that this worker has. */
  permits = 0;

  constructor(needs: RemoteBudgetNeeds) {
    this.#needs = needs;
  }

  request(want: LinkWant, answer: (answer: BudgetAnswer) => void): PendingWant {
    const holder = this.#holder(want);
    const entry = { want, answer };
    holder.waiting.add(entry);
    holder.latest = want;
    noteServers(holder, want);
    this.#announce(holder, 'now');
    if (holder.blockedBy !== undefined) {
      this.#announceSoon(holder);
      answer({ kind: 'wait', limit: holder.blockedBy });
    }
    return {
      withdraw: () => {
        if (holder.waiting.delete(entry)) this.#announceSoon(holder);
      },
    };
  }

  register(member: LinkHolder): () => void {
    const holder = this.#holder(member);
    holder.members.add(member);
    return () => {
      holder.members.delete(member);
      if (holder.members.size > 0 || !this.#byId.delete(holder.id)) return;
      this.#byPool.delete(holder.pool);
      holder.cancelAnnouncement();
      this.#send({ kind: 'budget-close', holder: holder.id });
    };
  }

  idleAvailable(member: LinkHolder): void {
    if (this.#standing.size === 0) return;
    const holder = this.#byPool.get(member.pool);
    if (holder !== undefined) this.#reportIdle(holder);
  }

  yielded(member: LinkHolder): void {
    const holder = this.#byPool.get(member.pool);
    if (holder !== undefined) this.#send({ kind: 'budget-yielded', holder: holder.id });
  }

  relieve(): void {
    // Patience is the supervisor's: it knows all who wait.
  }

  /** A message from the supervisor. */
  received(message: BudgetToWorker): void {
    if (message.version !== BUDGET_VERSION) return;
    if (message.kind === 'budget-need') {
      this.#need(message.key, message.standing);
      return;
    }
    const holder = this.#byId.get(message.holder);
    switch (message.kind) {
      case 'budget-grant':
        this.#granted(holder, message.permit);
        return;
      case 'budget-wait':
        if (holder !== undefined) this.#blocked(holder, message.limit);
        return;
      case 'budget-give-up':
        // One that has left is asked no more, and an account that was closed awaits no answer.
        if (holder !== undefined) this.#giveUp(holder, message.idleMsMin);
        return;
      case 'budget-yield':
        holder?.yieldLink();
        return;
      case 'budget-keep':
        holder?.keepYieldedLink();
        return;
      default:
        unreachable(message);
    }
  }

  /**
   * A link that another budget of this process has granted: from here on it is in the books of the
   * supervisor.
   */
  adopt({ id, want, target }: AdoptedLink): Permit {
    const holder = this.#holder(want);
    const { servers = [] } = want;
    noteServers(holder, want);
    const told = target === undefined ? null : toMessage(target);
    this.#send({ kind: 'budget-adopt', holder: holder.id, permit: id, target: told, servers });
    this.permits++;
    return this.#permit(id, want);
  }

  #blocked(holder: RemoteHolder, limit: LimitName): void {
    holder.blockedBy = limit;
    for (const { answer } of [...holder.waiting]) answer({ kind: 'wait', limit });
  }

  #granted(holder: RemoteHolder | undefined, id: number): void {
    const found = holder?.granted();
    if (found === undefined) {
      // Whoever wanted it has gone meanwhile.
      this.#send({ kind: 'budget-release', permit: id });
      return;
    }
    this.permits++;
    found.answer({ kind: 'granted', permit: this.#permit(id, found.want) });
  }

  #permit(id: number, want: LinkWant): Permit {
    let held = true;
    return {
      id,
      want,
      connected: (descriptor) => this.#needs.passDescriptor(id, descriptor),
      established: (target: CancelTarget) => {
        this.#send({ kind: 'budget-established', permit: id, target: toMessage(target) });
      },
      leadsTo: (server) => this.#send({ kind: 'budget-leads', permit: id, server }),
      serverAllows: (maxConnections) => {
        this.#send({ kind: 'budget-allows', permit: id, maxConnections });
      },
      release: () => {
        invariant(held, 'permit released twice');
        held = false;
        this.permits--;
        this.#send({ kind: 'budget-release', permit: id });
      },
    };
  }

  #giveUp(holder: RemoteHolder, idleMsMin: number): void {
    const nowMs = this.#needs.clock.nowMs();
    const gaveUp = holder.giveUpIdleLink({ nowMs, idleMsMin });
    const idleMs = holder.idleMs(nowMs);
    holder.reported = idleMs !== undefined;
    this.#send({ kind: 'budget-gave', holder: holder.id, gaveUp, idleMs: idleMs ?? null });
  }

  #need(key: string, standing: boolean): void {
    if (standing) {
      this.#standing.add(key);
      for (const holder of this.#byId.values()) this.#reportIdle(holder);
      return;
    }
    this.#standing.delete(key);
    for (const holder of this.#byId.values()) {
      if (!this.#isNeeded(holder)) holder.reported = false;
    }
  }

  /** Says that there is an idle link, if anybody wants to know and has not been told. */
  #reportIdle(holder: RemoteHolder): void {
    if (holder.reported || !this.#isNeeded(holder)) return;
    const idleMs = holder.idleMs(this.#needs.clock.nowMs());
    if (idleMs === undefined) return;
    holder.reported = true;
    this.#send({ kind: 'budget-idle', holder: holder.id, idleMs });
  }

  #isNeeded({ keys, serverKeys }: RemoteHolder): boolean {
    for (const key of keys) if (this.#standing.has(key)) return true;
    for (const key of serverKeys) if (this.#standing.has(key)) return true;
    return false;
  }

  #holder(of: LinkWant | LinkHolder): RemoteHolder {
    const known = this.#byPool.get(of.pool);
    if (known !== undefined) return known;
    const { pool, database, user } = of;
    const keys = [limitKey('pool', pool), limitKey('database', database), limitKey('user', user)];
    const holder = new RemoteHolder(this.#nextHolderId++, pool, keys);
    this.#byPool.set(pool, holder);
    this.#byId.set(holder.id, holder);
    this.#send({ kind: 'budget-open', holder: holder.id, pool, database, user, grants: 0 });
    return holder;
  }

  #announce(holder: RemoteHolder, when: 'now' | 'after-a-while'): void {
    const changed = holder.announcement(when);
    if (changed !== undefined) this.#send(changed);
  }

  #announceSoon(holder: RemoteHolder): void {
    holder.announceIn(this.#needs.clock, LINGER_MS, () => this.#announce(holder, 'after-a-while'));
  }

  #send(message: Unversioned<BudgetFromWorker>): void {
    this.#needs.send({ ...message, version: BUDGET_VERSION });
  }
}
