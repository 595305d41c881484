import type { PendingWant } from '../ports/link-budget';
import type { ServerName } from '../ports/names';
import { HolderAccount, type HolderSide, type LinkLimits } from './budget-account';
import type { BudgetCore, CoreAnswer } from './budget-core';
import type { BudgetFromWorker, BudgetToWorker, Unversioned } from './budget-messages';

type Open = Extract<BudgetFromWorker, { kind: 'budget-open' }>;
type Want = Extract<BudgetFromWorker, { kind: 'budget-want' }>;

interface HolderNeeds {
  readonly core: BudgetCore;
  readonly nowMs: () => number;
  readonly send: (message: Unversioned<BudgetToWorker>) => void;
  readonly answered: (holder: WorkerHolder, answer: CoreAnswer) => void;
}

/** A pool of one worker, as the supervisor knows it: by messages, so always a little behind. */
export class WorkerHolder implements HolderSide {
  readonly id: number;
  readonly worker: number;
  readonly account: HolderAccount;
  readonly #needs: HolderNeeds;
  #pending: PendingWant[] = [];
  #limits: LinkLimits = { poolLinksMax: 0, databaseLinksMax: 0, userLinksMax: 0 };
  #servers: readonly ServerName[] = [];
  #forMinimum = false;
  #grantsSent: number;
  /** What it said last, to be told to a budget after this one. */
  #said: Want | undefined;
  #idleSinceMs: number | undefined;
  /** Waits for the answer to its question about an idle link. */
  #asked: ((gaveUp: boolean) => void) | undefined;

  constructor(worker: number, open: Open, needs: HolderNeeds) {
    this.id = open.holder;
    this.worker = worker;
    this.#needs = needs;
    this.#grantsSent = open.grants;
    const { pool, database, user } = open;
    this.account = new HolderAccount(
      {
        pool: pool as HolderAccount['pool'],
        database: database as HolderAccount['database'],
        user: user as HolderAccount['user'],
      },
      this,
    );
  }

  /** It says what it waits for now. */
  wants(said: Want): void {
    this.#said = said;
    const { count, grantsSeen, limits, forMinimum } = said;
    const servers = said.servers as readonly ServerName[];
    const isSame = sameLimits(limits, this.#limits) && sameServers(servers, this.#servers);
    if (forMinimum !== this.#forMinimum || !isSame) {
      this.#servers = servers;
      this.#forMinimum = forMinimum;
      this.#limits = limits;
      for (const want of this.#pending.splice(0)) want.withdraw();
    }
    // What was granted while the message was on its way is not wanted any more.
    const wanted = Math.max(0, count - (this.#grantsSent - grantsSeen));
    while (this.#pending.length > wanted) this.#pending.pop()?.withdraw();
    for (let more = wanted - this.#pending.length; more > 0; more--) this.#request();
  }

  /** As it would introduce itself to another budget, with the grants that it has had. */
  get introduction(): Unversioned<Open> {
    const { pool, database, user } = this.account;
    const grants = this.#grantsSent;
    return { kind: 'budget-open', holder: this.id, pool, database, user, grants };
  }

  /** What it waits for, as it said itself. */
  get said(): Unversioned<Want> | undefined {
    return this.#said;
  }

  #request(): void {
    const { pool, database, user } = this.account;
    const servers = this.#servers;
    const want = { pool, database, user, ...this.#limits, servers, forMinimum: this.#forMinimum };
    let pending: PendingWant | undefined;
    let granted = false;
    const tellsWait = this.#pending.length === 0;
    pending = this.#needs.core.request(this.account, want, (answer) => {
      if (answer.kind === 'granted') {
        granted = true;
        this.#grantsSent++;
        const at = pending === undefined ? -1 : this.#pending.indexOf(pending);
        if (at >= 0) this.#pending.splice(at, 1);
      }
      // That it waits it is told once, until it has all it wants.
      if (granted || tellsWait) this.#needs.answered(this, answer);
    });
    if (!granted) this.#pending.push(pending);
  }

  /** It says that it has an idle link, and for how long. */
  hasIdle(idleMs: number | null): void {
    this.#idleSinceMs = idleMs === null ? undefined : this.#needs.nowMs() - idleMs;
  }

  /** It answers whether it gives a link up. */
  answered(gaveUp: boolean): void {
    const asked = this.#asked;
    this.#asked = undefined;
    asked?.(gaveUp);
  }

  /** Nobody needs its links: it does not say any more whether it has idle ones. */
  forgetIdle(): void {
    this.#idleSinceMs = undefined;
  }

  longestIdleSinceMs(): number | undefined {
    return this.#asked === undefined ? this.#idleSinceMs : undefined;
  }

  giveUpIdleLink(idleMsMin: number, answer: (gaveUp: boolean) => void): void {
    this.#asked = answer;
    this.#needs.send({ kind: 'budget-give-up', holder: this.id, idleMsMin });
  }

  yieldLink(): void {
    this.#needs.send({ kind: 'budget-yield', holder: this.id });
  }

  keepYieldedLink(): void {
    this.#needs.send({ kind: 'budget-keep', holder: this.id });
  }
}

function sameLimits(one: LinkLimits, other: LinkLimits): boolean {
  return (
    one.poolLinksMax === other.poolLinksMax &&
    one.databaseLinksMax === other.databaseLinksMax &&
    one.userLinksMax === other.userLinksMax
  );
}

export function sameServers(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((server, at) => server === other[at]);
}
