import type { DialPurpose } from '../backend/dialer';
import type { Link } from '../backend/link';
import { errorFields } from '../errors';
import type { PoolerContext } from '../pooler-context';
import type { PendingWant, Permit } from '../ports/link-budget';
import { type DialFailure, DialGate } from './dial-gate';
import type { Pool } from './pool';
import { mistrustReplica } from './pool-place';
import type { DedicatedWaiter } from './waiters';

/** What has taken longer may have begun before its server was started anew. */
const SLOW_DIAL_MS = 1000;

/** Gets links for one pool: asks the budget for permits, dials, and waits between failures. */
export class LinkSupply {
  readonly gate = new DialGate();
  /** Links that are being opened. */
  dialing = 0;
  readonly #wants: PendingWant[] = [];
  /** What they were for. */
  #forMinimum = false;
  #cancelRetry: (() => void) | undefined;
  readonly #context: PoolerContext;
  readonly #pool: Pool;

  constructor(context: PoolerContext, pool: Pool) {
    this.#context = context;
    this.#pool = pool;
  }

  /** Asks for as many links as are in demand and no dial is bringing yet. */
  fill(): void {
    if (!this.#context.opensLinks || this.#pool.paused || !this.#hasServer()) return;
    this.withdrawSurplus();
    // Room is made for those who wait, not for `min_pool_size`: so the budget must know which it is.
    if (this.#wants.length > 0 && this.#forMinimum === this.#isAwaited()) this.#withdrawAll();
    const missing = this.#pool.demand.count() - this.dialing - this.#wants.length;
    if (missing <= 0) return;
    // First, because it is so for every statement that queues behind busy links.
    const room = this.#room();
    if (room <= 0) {
      this.makeRoom();
      return;
    }
    const waitMs = this.gate.waitMs(this.#context.clock.nowMs());
    if (waitMs > 0) {
      this.#retryIn(waitMs);
      return;
    }
    for (let i = Math.min(missing, room); i > 0; i--) this.#want();
  }

  /** Whether there is a server to open links to. Where none is expected either, nobody need wait. */
  #hasServer(): boolean {
    const { dedicatedWaiters, servers } = this.#pool;
    if (!servers.isOn) return true;
    const kind = servers.look();
    if (kind === 'go') return true;
    this.#withdrawAll();
    if (kind === 'none') {
      const error = errorFields('noFitServer');
      this.#pool.failWaiters(error);
      for (let next = dedicatedWaiters.shift(); next !== undefined; next = dedicatedWaiters.shift())
        next.refused(error);
    } else if (this.#isAwaited()) servers.waits();
    return false;
  }

  /** One who needs a link of its own can't use an idle one: it has to go. Those that go already count. */
  makeRoom(): void {
    if (this.#pool.dedicatedWaiters.length === 0) return;
    const leaving = this.#pool.links.size - this.#pool.liveCount();
    if (this.#pool.dedicatedWaiters.length > leaving) this.#pool.yielding.giveUpIdleLink();
  }

  /** A pool that is full by its own count need not ask: a link that closes makes it ask again. */
  #room(): number {
    const poolLinksMax = this.#pool.demand.linksMax();
    if (poolLinksMax === 0) return Number.POSITIVE_INFINITY;
    return poolLinksMax - this.#pool.links.size - this.#wants.length;
  }

  /** Asks again under today's limits (reserve, reload). */
  renew(): void {
    this.#withdrawAll();
    this.fill();
  }

  withdrawSurplus(): void {
    const keep = Math.max(0, this.#pool.demand.count() - this.dialing);
    while (this.#wants.length > keep) this.#wants.pop()?.withdraw();
  }

  dispose(): void {
    this.#cancelRetry?.();
    this.#withdrawAll();
  }

  #withdrawAll(): void {
    for (const want of this.#wants.splice(0)) want.withdraw();
  }

  #isAwaited(): boolean {
    const { waiters, dedicatedWaiters, welcomeWaiters } = this.#pool;
    return waiters.length + dedicatedWaiters.length + welcomeWaiters.size > 0;
  }

  #want(): void {
    let pending: PendingWant | undefined;
    let answered = false;
    this.#forMinimum = !this.#isAwaited();
    const want = { ...this.#pool.demand.want(), forMinimum: this.#forMinimum };
    pending = this.#context.budget.request(want, (answer) => {
      if (answer.kind === 'wait') {
        this.makeRoom();
        return;
      }
      answered = true;
      if (pending !== undefined) this.#forget(pending);
      if (answer.kind === 'granted') this.#dial(answer.permit);
      else this.#pool.failWaiters(errorFields('linkRefused', answer.reason));
    });
    if (!answered) this.#wants.push(pending);
  }

  #forget(pending: PendingWant): void {
    const at = this.#wants.indexOf(pending);
    if (at >= 0) this.#wants.splice(at, 1);
  }

  #retryIn(waitMs: number): void {
    this.#cancelRetry ??= this.#context.clock.after(waitMs, () => {
      this.#cancelRetry = undefined;
      this.fill();
    });
  }

  #dial(permit: Permit): void {
    const startedAtMs = this.#context.clock.nowMs();
    const dedicated = this.#pool.dedicatedWaiters.shift();
    const purpose: DialPurpose =
      dedicated === undefined
        ? { kind: 'pooled' }
        : { kind: 'dedicated', startupParameters: dedicated.startupParameters };
    this.dialing++;
    this.gate.began(startedAtMs);
    const link = this.#context.newLink(this.#pool, permit);
    this.#pool.links.add(link);
    this.#context.dialer.dial(link, this.#pool, purpose, (failure) => {
      this.dialing--;
      if (failure === undefined) this.#opened(link, startedAtMs, dedicated);
      else this.#failed(failure, startedAtMs, dedicated);
    });
  }

  #opened(link: Link, startedAtMs: number, dedicated: DedicatedWaiter | undefined): void {
    this.gate.succeeded(startedAtMs);
    // Whoever asks a replica how far it is would have noticed a restart by now, but not one just now.
    if (this.#context.clock.nowMs() - startedAtMs > SLOW_DIAL_MS) mistrustReplica(this.#pool);
    if (dedicated === undefined) this.#pool.opened(link);
    else if (this.#pool.paused && !dedicated.gone) {
      link.close('database paused');
      this.#pool.dedicatedWaiters.push(dedicated);
    } else this.#pool.openedFor(dedicated, link);
  }

  #failed(failure: DialFailure, startedAtMs: number, dedicated: DedicatedWaiter | undefined): void {
    const { clock, log, settings } = this.#context;
    const { database, user } = this.#pool;
    if (failure.kind === 'abandoned' || failure.hasOtherHost === true || this.#pool.paused) {
      if (failure.hasOtherHost === true) {
        log.warn('server login failed', { database, user, reason: failure.reason });
      }
      // While it is paused PostgreSQL may be stopped: whoever waits goes on waiting.
      this.gate.ended(startedAtMs);
      if (dedicated !== undefined && !dedicated.gone) this.#pool.dedicatedWaiters.push(dedicated);
      this.fill();
      return;
    }
    if (dedicated !== undefined && failure.kind === 'rejected') {
      // What one client asks for at its start is no matter of the others'.
      log.warn('server login failed for one client', { database, user, reason: failure.reason });
      this.gate.succeeded(startedAtMs);
      if (!dedicated.gone) dedicated.refused(failure.error);
      this.fill();
      return;
    }
    mistrustReplica(this.#pool);
    const loginRetryMs = settings.serverLoginRetryMs;
    const counts = this.gate.failed(failure, { startedAtMs, nowMs: clock.nowMs(), loginRetryMs });
    log.warn('server login failed', { database, user, reason: failure.reason });
    if (dedicated !== undefined && !dedicated.gone) dedicated.refused(failure.error);
    const waits = this.#pool.servers.mayFailOver && failure.kind !== 'rejected';
    if (waits) this.#pool.servers.waits();
    // A replica that is full or starts up is not waited for: there is the primary.
    const isWorthIt = failure.kind === 'busy' && this.#pool.replica === undefined;
    if (counts && !isWorthIt && !waits && !this.#pool.hasLiveLink()) {
      this.#pool.failWaiters(failure.error, startedAtMs);
    }
    this.fill();
  }
}
