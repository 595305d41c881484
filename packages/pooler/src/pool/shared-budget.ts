import { unreachable } from '../errors';
import type { ServerShares } from '../ports/link-budget';
import type { ServerName } from '../ports/names';
import type { LinkLimits } from './budget-account';
import { BudgetCore, type CoreAnswer, type GrantedLink } from './budget-core';
import {
  BUDGET_VERSION,
  type BudgetFromWorker,
  type BudgetToWorker,
  fromMessage,
  type Unversioned,
} from './budget-messages';
import { type PermitBooks, type SharedPermit, type Testimony, testimony } from './budget-testimony';
import { WorkerHolder } from './budget-worker-holder';
import type { LinkCounts } from './pool-limits';
import { ServerCaps, type ServerCapView } from './server-caps';

export interface SharedBudgetNeeds {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Sends to a worker; the order is kept. Dropped for one that is gone. */
  readonly send: (worker: number, message: BudgetToWorker) => void;
  /**
   * The limits in the configuration as it is now, the reserve included; undefined: a database that is
   * not in it, where the worker's word counts.
   */
  readonly limitsOf: (counts: LinkCounts) => LinkLimits | undefined;
  /** The worker has closed this link in an orderly way, and its place is free. */
  readonly released: (permit: SharedPermit) => void;
}

const NO_LIMITS: LinkLimits = { poolLinksMax: 0, databaseLinksMax: 0, userLinksMax: 0 };

interface WorkerBooks {
  readonly holders: Map<number, WorkerHolder>;
  readonly permits: Set<number>;
  /** Limits under which it has been told that somebody waits. */
  readonly needs: Set<string>;
}

/**
 * The one budget of all workers, in the supervisor: caps are exact over all of them at any moment. Works
 * on messages alone, and knows neither processes nor sockets.
 */
export class SharedLinkBudget {
  /** How often `relieve` is to be called while `restless`. */
  static readonly TICK_MS = 20;
  readonly #needs: SharedBudgetNeeds;
  readonly #core: BudgetCore;
  readonly #workers = new Map<number, WorkerBooks>();
  readonly #permits = new Map<number, PermitBooks>();
  readonly #caps = new ServerCaps((server, cap) => this.#core.limitServer(server, cap));
  #nextPermitId = 1;
  /** Another budget has the books. */
  #surrendered = false;

  constructor(needs: SharedBudgetNeeds) {
    this.#needs = needs;
    this.#core = new BudgetCore({
      evictionsMax: 4,
      patienceTicks: 5,
      starvedTicks: 50,
      yieldTicks: 50,
      leavingTicks: 100,
      coldMs: 100,
      briefMs: 10,
      nowMs: needs.nowMs,
    });
  }

  /** Places that are taken, those of workers that are gone included. */
  get total(): number {
    return this.#core.total;
  }

  /** Replaces what links may have of each server. */
  limitServers(shares: ServerShares): void {
    this.#caps.configure(shares);
    if (this.#surrendered) return;
    this.#core.serve();
    this.#tellNeeds();
  }

  get serverCaps(): readonly ServerCapView[] {
    return this.#caps.view((server) => this.#core.linksAt(server));
  }

  /** `relieve` has something to do. */
  get restless(): boolean {
    if (this.#core.restless) return true;
    for (const { needs } of this.#workers.values()) if (needs.size > 0) return true;
    return false;
  }

  /** Grants nothing until `begin`: the books of a budget before this one are still to come. */
  hold(): void {
    this.#core.hold();
  }

  begin(): void {
    this.#core.begin();
    this.#tellNeeds();
  }

  /**
   * Ends this budget: from now on nothing is granted, and whatever workers send is for another one.
   *
   * @returns `told`: what has to be repeated to that one, in this order, for it to have the same books;
   *   `gone`: workers in it that are gone, whose links are not
   */
  surrender(): { readonly told: readonly Testimony[]; readonly gone: ReadonlySet<number> } {
    this.#core.hold();
    this.#surrendered = true;
    for (const [worker, { needs }] of this.#workers) {
      // The other one does not know who has been told what.
      for (const key of needs) this.#send(worker, { kind: 'budget-need', key, standing: false });
      needs.clear();
    }
    return testimony(this.#workers, this.#permits.values());
  }

  /** A worker begins: from now on its messages count. */
  workerJoined(worker: number): void {
    this.#workers.set(worker, { holders: new Map(), permits: new Set(), needs: new Set() });
  }

  /**
   * A worker is gone, and with it everything that it waited for. Its links are not: each keeps its place
   * until `permitGone`.
   */
  workerGone(worker: number): readonly SharedPermit[] {
    const books = this.#workers.get(worker);
    if (books === undefined) return [];
    const left = this.permitsOf(worker);
    this.#workers.delete(worker);
    this.#core.close([...books.holders.values()].map(({ account }) => account));
    this.#tellNeeds();
    return left;
  }

  permit(id: number): SharedPermit | undefined {
    return this.#permits.get(id)?.permit;
  }

  permitsOf(worker: number): readonly SharedPermit[] {
    const found: SharedPermit[] = [];
    for (const id of this.#workers.get(worker)?.permits ?? []) {
      const permit = this.permit(id);
      if (permit !== undefined) found.push(permit);
    }
    return found;
  }

  /** PostgreSQL's side of a link is gone. Idempotent. */
  permitGone(id: number): void {
    const books = this.#permits.get(id);
    if (books === undefined) return;
    this.#permits.delete(id);
    this.#workers.get(books.permit.worker)?.permits.delete(id);
    for (const server of books.link.servers) this.#caps.gone(server, id);
    books.link.release();
    this.#tellNeeds();
  }

  /** The configuration has changed: `limitsOf` answers by the new one. */
  limitsChanged(): void {
    if (this.#surrendered) return;
    for (const { holders } of this.#workers.values()) {
      for (const holder of holders.values()) this.#limit(holder);
    }
    this.#core.serve();
    this.#tellNeeds();
  }

  /** To be called every `TICK_MS` while `restless`. */
  relieve(): void {
    if (this.#surrendered) return;
    this.#core.tick();
    this.#tellNeeds();
    this.#endNeeds();
  }

  /** A message from a worker. Late ones of a worker that is gone are dropped. */
  received(worker: number, message: BudgetFromWorker): void {
    const books = this.#workers.get(worker);
    if (books === undefined || message.version !== BUDGET_VERSION) return;
    this.#handle(books, worker, message);
    this.#tellNeeds();
  }

  #handle(books: WorkerBooks, worker: number, message: BudgetFromWorker): void {
    switch (message.kind) {
      case 'budget-open':
        this.#open(books, worker, message);
        return;
      case 'budget-adopt': {
        const holder = books.holders.get(message.holder);
        if (holder !== undefined) this.#adopt(books, holder, message);
        return;
      }
      case 'budget-close': {
        const holder = books.holders.get(message.holder);
        books.holders.delete(message.holder);
        if (holder !== undefined) this.#core.close([holder.account]);
        return;
      }
      case 'budget-want':
        books.holders.get(message.holder)?.wants(message);
        return;
      case 'budget-idle': {
        const holder = books.holders.get(message.holder);
        holder?.hasIdle(message.idleMs);
        if (holder !== undefined) this.#core.idleAvailable(holder.account);
        return;
      }
      case 'budget-gave': {
        const holder = books.holders.get(message.holder);
        holder?.hasIdle(message.idleMs);
        holder?.answered(message.gaveUp);
        if (holder !== undefined) this.#core.idleAvailable(holder.account);
        return;
      }
      case 'budget-yielded': {
        const holder = books.holders.get(message.holder);
        if (holder !== undefined) this.#core.yielded(holder.account);
        return;
      }
      case 'budget-established': {
        const known = books.permits.has(message.permit)
          ? this.#permits.get(message.permit)
          : undefined;
        if (known === undefined) return;
        const permit = { ...known.permit, cancelTarget: fromMessage(message.target) };
        this.#permits.set(message.permit, { ...known, permit });
        this.#established(known.link, permit.id);
        return;
      }
      case 'budget-leads':
        if (books.permits.has(message.permit))
          this.#permits.get(message.permit)?.link.leadsTo(message.server as ServerName);
        return;
      case 'budget-allows':
        if (books.permits.has(message.permit)) this.#allows(message);
        return;
      case 'budget-release': {
        const permit = books.permits.has(message.permit) ? this.permit(message.permit) : undefined;
        if (permit === undefined) return;
        this.#needs.released(permit);
        this.permitGone(permit.id);
        return;
      }
      default:
        unreachable(message);
    }
  }

  #open(
    books: WorkerBooks,
    worker: number,
    message: Extract<BudgetFromWorker, { kind: 'budget-open' }>,
  ): void {
    const holder = new WorkerHolder(worker, message, {
      core: this.#core,
      nowMs: this.#needs.nowMs,
      send: (told) => this.#send(worker, told),
      answered: (who, answer) => this.#answer(who, answer),
    });
    books.holders.set(holder.id, holder);
    this.#core.open(holder.account);
    this.#limit(holder);
  }

  #adopt(
    books: WorkerBooks,
    { account, id: holder, worker }: WorkerHolder,
    message: Extract<BudgetFromWorker, { kind: 'budget-adopt' }>,
  ): void {
    const { permit: id, target } = message;
    const { pool, database, user } = account;
    const cancelTarget = target === null ? undefined : fromMessage(target);
    const servers = message.servers as readonly ServerName[];
    const link = this.#core.adopt(account, { pool, database, user, ...NO_LIMITS, servers });
    const permit = { id, worker, holder, pool, database, user, cancelTarget };
    this.#permits.set(id, { link, permit });
    if (cancelTarget !== undefined) this.#established(link, id);
    books.permits.add(id);
    // Those that are granted here must not have the same.
    this.#nextPermitId = Math.max(this.#nextPermitId, id + 1);
  }

  #established({ servers: [server] }: GrantedLink, permit: number): void {
    if (server !== undefined) this.#caps.established(server, permit);
  }

  #allows({ permit: id, maxConnections }: Extract<BudgetFromWorker, { kind: 'budget-allows' }>) {
    const books = this.#permits.get(id);
    const [server] = books?.link.servers ?? [];
    if (books === undefined || server === undefined) return;
    this.#permits.set(id, { ...books, maxConnections });
    this.#caps.learned(server, id, maxConnections);
    this.#core.serve();
  }

  #limit({ account }: WorkerHolder): void {
    const limits = this.#needs.limitsOf(account);
    if (limits !== undefined) this.#core.limit(account, limits);
  }

  #answer(holder: WorkerHolder, answer: CoreAnswer): void {
    if (answer.kind === 'wait') {
      this.#send(holder.worker, {
        kind: 'budget-wait',
        holder: holder.id,
        limit: answer.limit,
      });
      return;
    }
    const { pool, database, user } = holder.account;
    const id = this.#nextPermitId++;
    const { worker } = holder;
    this.#permits.set(id, {
      link: answer.link,
      permit: { id, worker, holder: holder.id, pool, database, user, cancelTarget: undefined },
    });
    this.#workers.get(worker)?.permits.add(id);
    this.#send(worker, { kind: 'budget-grant', holder: holder.id, permit: id });
  }

  /** Whoever might help those that wait is told, once. */
  #tellNeeds(): void {
    const shortages = this.#core.shortages();
    if (shortages.size === 0) return;
    for (const [worker, { holders, needs }] of this.#workers) {
      for (const { account } of holders.values()) {
        for (const key of account.everyKey()) {
          const shortage = needs.has(key) ? undefined : shortages.get(key);
          if (shortage === undefined) continue;
          const helps =
            shortage.surplus > 0 || shortage.blocked.some((by) => by.account !== account);
          if (!helps) continue;
          needs.add(key);
          this.#send(worker, { kind: 'budget-need', key, standing: true });
        }
      }
    }
  }

  /** Needs that are over end at the next tick: often they come again within moments. */
  #endNeeds(): void {
    const shortages = this.#core.shortages();
    for (const [worker, { holders, needs }] of this.#workers) {
      for (const key of needs) {
        if (shortages.has(key)) continue;
        needs.delete(key);
        this.#send(worker, { kind: 'budget-need', key, standing: false });
      }
      for (const holder of holders.values()) {
        if (![...holder.account.everyKey()].some((key) => needs.has(key))) holder.forgetIdle();
      }
    }
  }

  #send(worker: number, message: Unversioned<BudgetToWorker>): void {
    if (this.#workers.has(worker))
      this.#needs.send(worker, { ...message, version: BUDGET_VERSION });
  }
}
