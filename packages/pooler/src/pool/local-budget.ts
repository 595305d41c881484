import { invariant } from '../errors';
import type {
  BudgetAnswer,
  CancelTarget,
  LinkBudget,
  LinkHolder,
  LinkWant,
  PendingWant,
  Permit,
  ServerShares,
} from '../ports/link-budget';
import type { PoolKey, ServerName } from '../ports/names';
import { HolderAccount, type HolderSide } from './budget-account';
import { BudgetCore, type GrantedLink } from './budget-core';
import type { BudgetPolicy } from './budget-moves';
import type { RemoteLinkBudget } from './remote-budget';
import { ServerCaps, type ServerCapView } from './server-caps';

/** A tick is a third of a second here. Idle links go at once, one after the other. */
const POLICY: BudgetPolicy = {
  evictionsMax: 1,
  patienceTicks: 3,
  starvedTicks: 3,
  yieldTicks: 4,
  leavingTicks: 30,
  coldMs: 0,
  briefMs: 0,
  nowMs: () => 0,
};

/** The budget of a single process: everything that it asks for happens within the call. */
export class LocalLinkBudget implements LinkBudget {
  readonly #core = new BudgetCore(POLICY);
  readonly #pools = new Map<PoolKey, { account: HolderAccount; side: LocalSide }>();
  readonly #permits = new Set<LocalPermit>();
  readonly #waiting = new Set<LocalWant>();
  readonly #caps = new ServerCaps((server, cap) => this.#core.limitServer(server, cap));
  /** Who has the books since `surrender`, and how those leave it that were registered here. */
  #heir: RemoteLinkBudget | undefined;
  readonly #leaveHeir = new Map<LinkHolder, () => void>();
  #nextPermitId = 1;

  /** Links that exist, by our count. */
  get total(): number {
    return this.#permits.size;
  }

  /** Replaces what links may have of each server. */
  limitServers(shares: ServerShares): void {
    this.#caps.configure(shares);
    this.#serve();
  }

  get serverCaps(): readonly ServerCapView[] {
    return this.#caps.view((server) => this.#core.linksAt(server));
  }

  #serve(): void {
    if (this.#heir === undefined) this.#core.serve();
  }

  request(want: LinkWant, answer: (answer: BudgetAnswer) => void): PendingWant {
    if (this.#heir !== undefined) return this.#heir.request(want, answer);
    const waiting = new LocalWant(want, answer);
    this.#waiting.add(waiting);
    waiting.pending = this.#core.request(this.#pool(want).account, want, (said) => {
      if (said.kind === 'wait') {
        answer(said);
        return;
      }
      this.#waiting.delete(waiting);
      answer({ kind: 'granted', permit: this.#permit(said.link) });
    });
    return {
      withdraw: () => {
        this.#waiting.delete(waiting);
        waiting.pending?.withdraw();
      },
    };
  }

  register(holder: LinkHolder): () => void {
    if (this.#heir !== undefined) return this.#heir.register(holder);
    const { account, side } = this.#pool(holder);
    side.holders.add(holder);
    return () => {
      side.holders.delete(holder);
      this.#leaveHeir.get(holder)?.();
      if (side.holders.size > 0 || this.#pools.get(holder.pool)?.account !== account) return;
      this.#pools.delete(holder.pool);
      this.#core.close([account]);
    };
  }

  idleAvailable(holder: LinkHolder): void {
    if (this.#heir !== undefined) this.#heir.idleAvailable(holder);
    else if (this.#core.wantsIdle) this.#core.idleAvailable(this.#pool(holder).account);
  }

  yielded(holder: LinkHolder): void {
    if (this.#heir === undefined) this.#core.yielded(this.#pool(holder).account);
    else this.#heir.yielded(holder);
  }

  relieve(): void {
    if (this.#core.restless) this.#core.tick();
  }

  /**
   * Ends this budget: `heir` has its books from now on, with every link and every want, and decides.
   * `connected` gets what `Permit.connected` got of each link.
   */
  surrender(heir: RemoteLinkBudget, connected: (permit: number, descriptor: number) => void): void {
    this.#heir = heir;
    // A want that leaves would let another one in.
    this.#core.hold();
    for (const { side } of this.#pools.values()) {
      for (const holder of side.holders) this.#leaveHeir.set(holder, heir.register(holder));
    }
    for (const permit of this.#permits) permit.moveTo(heir, connected);
    for (const waiting of this.#waiting) {
      waiting.pending?.withdraw();
      waiting.pending = heir.request(waiting.want, (said) => {
        if (said.kind === 'granted') this.#waiting.delete(waiting);
        waiting.answer(said);
      });
    }
  }

  #pool(of: LinkWant | LinkHolder): { account: HolderAccount; side: LocalSide } {
    let known = this.#pools.get(of.pool);
    if (known === undefined) {
      const side = new LocalSide();
      known = { account: new HolderAccount(of, side), side };
      this.#pools.set(of.pool, known);
      this.#core.open(known.account);
    }
    return known;
  }

  #permit(link: GrantedLink): Permit {
    const permit = new LocalPermit(this.#nextPermitId++, link, this.#caps, {
      released: (gone) => this.#permits.delete(gone),
      learned: () => this.#serve(),
    });
    this.#permits.add(permit);
    return permit;
  }
}

class LocalWant {
  readonly want: LinkWant;
  readonly answer: (answer: BudgetAnswer) => void;
  pending: PendingWant | undefined;

  constructor(want: LinkWant, answer: (answer: BudgetAnswer) => void) {
    this.want = want;
    this.answer = answer;
  }
}

interface LocalPermitNews {
  released(permit: LocalPermit): void;
  /** What its server may have is another number now. */
  learned(): void;
}

class LocalPermit implements Permit {
  readonly id: number;
  readonly #link: GrantedLink;
  readonly #caps: ServerCaps;
  readonly #tell: LocalPermitNews;
  #maxConnections: number | undefined;
  #descriptor: number | undefined;
  #target: CancelTarget | undefined;
  /** The same link in the books of another budget. */
  #moved: Permit | undefined;
  #held = true;

  constructor(id: number, link: GrantedLink, caps: ServerCaps, tell: LocalPermitNews) {
    this.id = id;
    this.#link = link;
    this.#caps = caps;
    this.#tell = tell;
  }

  get want(): LinkWant {
    return this.#link.want;
  }

  connected(descriptor: number | undefined): boolean {
    this.#descriptor = descriptor;
    return this.#moved?.connected(descriptor) ?? true;
  }

  established(target: CancelTarget): void {
    this.#target = target;
    const [server] = this.#link.servers;
    if (server !== undefined) this.#caps.established(server, this.id);
    this.#moved?.established(target);
  }

  leadsTo(server: ServerName): void {
    this.#link.leadsTo(server);
    this.#moved?.leadsTo(server);
  }

  serverAllows(maxConnections: number): void {
    this.#maxConnections = maxConnections;
    const [server] = this.#link.servers;
    if (server !== undefined) this.#caps.learned(server, this.id, maxConnections);
    this.#tell.learned();
    this.#moved?.serverAllows(maxConnections);
  }

  release(): void {
    invariant(this.#held, 'permit released twice');
    this.#held = false;
    this.#tell.released(this);
    for (const server of this.#link.servers) this.#caps.gone(server, this.id);
    if (this.#moved === undefined) this.#link.release();
    else this.#moved.release();
  }

  moveTo(heir: RemoteLinkBudget, connected: (permit: number, descriptor: number) => void): void {
    const want = { ...this.want, servers: this.#link.servers };
    this.#moved = heir.adopt({ id: this.id, want, target: this.#target });
    if (this.#maxConnections !== undefined) this.#moved.serverAllows(this.#maxConnections);
    if (this.#descriptor !== undefined) connected(this.id, this.#descriptor);
  }
}

/** The pools of one name: usually one, and for a while its predecessor, which a reload has removed. */
class LocalSide implements HolderSide {
  readonly holders = new Set<LinkHolder>();

  longestIdleSinceMs(): number | undefined {
    return longestIdle(this.holders)?.longestIdleSinceMs();
  }

  giveUpIdleLink(_idleMsMin: number, answer: (gaveUp: boolean) => void): void {
    answer(longestIdle(this.holders)?.giveUpIdleLink() === true);
  }

  yieldLink(): void {
    newest(this.holders)?.yieldLink();
  }

  keepYieldedLink(): void {
    for (const holder of this.holders) holder.keepYieldedLink();
  }
}

/** The holder with the longest-idle link, if one of them has any. */
export function longestIdle(holders: Iterable<LinkHolder>): LinkHolder | undefined {
  let found: LinkHolder | undefined;
  let oldest = Number.POSITIVE_INFINITY;
  for (const holder of holders) {
    const since = holder.longestIdleSinceMs();
    if (since === undefined || since >= oldest) continue;
    oldest = since;
    found = holder;
  }
  return found;
}

/** The holder that came last: its predecessors close their links in any case. */
export function newest(holders: Iterable<LinkHolder>): LinkHolder | undefined {
  return [...holders].at(-1);
}
