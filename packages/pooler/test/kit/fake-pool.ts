import type { HandClock } from '@pgweir/testkit';
import type {
  LinkBudget,
  LinkHolder,
  LinkWant,
  PendingWant,
  Permit,
} from '../../src/ports/link-budget';
import {
  databaseName,
  poolKey,
  replicaPoolKey,
  type ServerName,
  userName,
} from '../../src/ports/names';

export interface FakePoolLimits {
  readonly poolLinksMax: number;
  readonly databaseLinksMax: number;
  readonly userLinksMax: number;
}

export const NO_LIMITS: FakePoolLimits = { poolLinksMax: 0, databaseLinksMax: 0, userLinksMax: 0 };

/** A link that exists for PostgreSQL until `gone` is called. */
export interface FakeLink {
  readonly permit: Permit;
  state: 'idle' | 'busy' | 'closing';
  idleSinceMs: number;
}

/** A pool reduced to its dealings with the budget. Dials take no time. */
export class FakePool implements LinkHolder {
  readonly pool;
  readonly database;
  readonly user;
  readonly links: FakeLink[] = [];
  limits: FakePoolLimits;
  /** Those that its links may lead to; each goes to the next. */
  servers: readonly ServerName[] = [];
  minimum = 0;
  /** Sessions that wait for a link. */
  waiting = 0;
  /** Links that were closed for another holder's sake. */
  given = 0;
  served = 0;
  /** Where links lead. */
  readonly leads = new WeakMap<Permit, ServerName>();
  /** What a server says of itself at the login of each link; undefined: nothing. */
  serverAllows: (server: ServerName) => number | undefined = () => undefined;
  #dials = 0;
  #wants: PendingWant[] = [];
  #forMinimum = false;
  #yields = 0;
  readonly #budget: LinkBudget;
  readonly #clock: HandClock;
  readonly leave: () => void;

  constructor(
    names: {
      readonly database: string;
      readonly user: string;
      readonly limits: FakePoolLimits;
      /** It is for the links to this server. */
      readonly replica?: string | undefined;
    },
    budget: LinkBudget,
    clock: HandClock,
  ) {
    this.database = databaseName(names.database);
    this.user = userName(names.user);
    const main = poolKey(this.database, this.user);
    this.pool = names.replica === undefined ? main : replicaPoolKey(main, names.replica);
    this.limits = names.limits;
    this.#budget = budget;
    this.#clock = clock;
    this.leave = budget.register(this);
  }

  get linkCount(): number {
    return this.links.length;
  }

  get live(): readonly FakeLink[] {
    return this.links.filter(({ state }) => state !== 'closing');
  }

  in(state: FakeLink['state']): readonly FakeLink[] {
    return this.links.filter((link) => link.state === state);
  }

  /** A session wants a link. */
  lease(): void {
    const idle = this.in('idle').at(-1);
    this.waiting++;
    if (idle !== undefined) this.#lend(idle);
    else this.fill();
  }

  /** A session that waits gives up. */
  abandon(): void {
    if (this.waiting > 0) this.waiting--;
    this.#withdrawSurplus();
  }

  /** A lease ends. */
  finish(link: FakeLink): void {
    if (link.state === 'busy') this.#free(link);
  }

  /** PostgreSQL's side of a link is gone. */
  gone(link: FakeLink): void {
    this.links.splice(this.links.indexOf(link), 1);
    link.permit.release();
    this.fill();
  }

  close(link: FakeLink): void {
    link.state = 'closing';
  }

  /** Under new limits. */
  renew(limits = this.limits): void {
    this.limits = limits;
    for (const want of this.#wants.splice(0)) want.withdraw();
    this.fill();
  }

  fill(): void {
    this.#withdrawSurplus();
    if (this.#wants.length > 0 && this.#forMinimum === this.waiting > 0) {
      for (const want of this.#wants.splice(0)) want.withdraw();
    }
    const { poolLinksMax } = this.limits;
    const room = poolLinksMax === 0 ? 1000 : poolLinksMax - this.links.length - this.#wants.length;
    const missing = Math.min(this.#demand() - this.#wants.length, room);
    for (let i = 0; i < missing; i++) this.#want();
  }

  #demand(): number {
    return Math.max(this.waiting, this.minimum - this.live.length);
  }

  #want(): void {
    this.#forMinimum = this.waiting === 0;
    const { pool, database, user } = this;
    const { servers } = this;
    const forMinimum = this.#forMinimum;
    const want: LinkWant = { pool, database, user, ...this.limits, servers, forMinimum };
    let pending: PendingWant | undefined;
    let granted = false;
    pending = this.#budget.request(want, (answer) => {
      if (answer.kind !== 'granted') return;
      granted = true;
      const at = pending === undefined ? -1 : this.#wants.indexOf(pending);
      if (at >= 0) this.#wants.splice(at, 1);
      const link: FakeLink = { permit: answer.permit, state: 'busy', idleSinceMs: 0 };
      this.links.push(link);
      this.#dial(answer.permit);
      this.#free(link);
    });
    if (!granted) this.#wants.push(pending);
  }

  /** Connects to one of its servers, which says what it allows. */
  #dial(permit: Permit): void {
    const server = this.servers[this.#dials++ % Math.max(1, this.servers.length)];
    if (server === undefined) return;
    permit.leadsTo(server);
    this.leads.set(permit, server);
    const allows = this.serverAllows(server);
    if (allows !== undefined) permit.serverAllows(allows);
  }

  #withdrawSurplus(): void {
    while (this.#wants.length > this.#demand()) this.#wants.pop()?.withdraw();
  }

  #free(link: FakeLink): void {
    if (this.#yields > 0) {
      this.#yields--;
      this.given++;
      this.#budget.yielded(this);
      this.close(link);
    } else if (this.waiting > 0) {
      this.#lend(link);
    } else {
      link.state = 'idle';
      link.idleSinceMs = this.#clock.nowMs();
      // On top: lent first, given up last.
      this.links.splice(this.links.indexOf(link), 1);
      this.links.push(link);
      this.#budget.idleAvailable(this);
    }
  }

  #lend(link: FakeLink): void {
    this.waiting--;
    this.served++;
    link.state = 'busy';
  }

  longestIdleSinceMs(): number | undefined {
    return this.in('idle')[0]?.idleSinceMs;
  }

  giveUpIdleLink(): boolean {
    const link = this.in('idle')[0];
    if (link === undefined) return false;
    this.given++;
    this.close(link);
    return true;
  }

  yieldLink(): void {
    if (this.giveUpIdleLink()) this.#budget.yielded(this);
    else this.#yields++;
  }

  keepYieldedLink(): void {
    if (this.#yields > 0) this.#yields--;
  }
}
