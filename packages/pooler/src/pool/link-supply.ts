import type { ErrorFields } from '@pgweir/protocol';
import type { DialPurpose } from '../backend/dialer';
import type { Link } from '../backend/link';
import { errorFields } from '../errors';
import type { PoolerContext } from '../pooler-context';
import type { PendingWant, Permit } from '../ports/link-budget';
import { type DialFailure, DialGate } from './dial-gate';
import type { Pool } from './pool';
import { mistrustReplica } from './pool-place';
import { ProofRoom } from './proof-room';
import type { ProofWaiter } from './proof-waiter';
import type { DedicatedWaiter } from './waiters';

/** What has taken longer may have begun before its server was started anew. */
const SLOW_DIAL_MS = 1000;

/** Whom a dial is for; neither: for the pool. */
interface DialFor {
  readonly proof?: ProofWaiter | undefined;
  readonly dedicated?: DedicatedWaiter | undefined;
}

/** Gets links for one pool: asks the budget for permits, dials, and waits between failures. */
export class LinkSupply {
  readonly gate = new DialGate();
  /** Links that are being opened. */
  dialing = 0;
  readonly #proofs: ProofRoom;
  readonly #wants: PendingWant[] = [];
  /** What they were for. */
  #forMinimum = false;
  #cancelRetry: (() => void) | undefined;
  readonly #context: PoolerContext;
  readonly #pool: Pool;

  constructor(context: PoolerContext, pool: Pool) {
    this.#context = context;
    this.#pool = pool;
    this.#proofs = new ProofRoom(context, pool);
  }

  /** Asks for as many links as are in demand and no dial is bringing yet. */
  fill(): void {
    if (!this.#context.opensLinks || this.#pool.paused || !this.#hasServer()) return;
    this.withdrawSurplus();
    // Room is made for those who wait, not for `min_pool_size`: so the budget must know which it is.
    if (this.#wants.length > 0 && this.#forMinimum === this.#makesRoom()) this.#withdrawAll();
    const wanted = this.#wanted();
    if (wanted <= this.#wants.length) return;
    // First, because it is so for every statement that queues behind busy links.
    if (this.#room() <= 0) {
      this.makeRoom();
      return;
    }
    const waitMs = this.gate.waitMs(this.#context.clock.nowMs());
    if (waitMs > 0) this.#retryIn(waitMs);
    const now = waitMs > 0 ? () => this.#proofsNow() : () => this.#wanted();
    // One that is granted may make way for others; one that is refused changes nothing.
    const most = wanted + this.#pool.proofWaiters.length;
    for (let i = most; i > 0 && this.#wants.length < now() && this.#room() > 0; i--) this.#want();
  }

  /** Links to ask for, those included that have been asked for and not granted. */
  #wanted(): number {
    const others = this.#othersWanted();
    const forMinimum = this.#pool.demand.missingForMinimum() - this.#dialingForOthers;
    return Math.max(others + this.#proofs.wanted(others > 0), forMinimum, 0);
  }

  /** Those that nobody opens yet for those who wait. What a proof will come to nobody knows. */
  #othersWanted(): number {
    return Math.max(0, this.#pool.demand.waiting() - this.#dialingForOthers);
  }

  get #dialingForOthers(): number {
    return this.dialing - this.#proofs.underWay;
  }

  /** Whether others are to make room for what is asked for. */
  #makesRoom(): boolean {
    return this.#proofs.isNext || this.#othersWanted() > 0;
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
      this.#failProofs(error);
    } else if (this.#isAwaited()) servers.waits();
    return false;
  }

  /** Proofs that may be dialed for although the pool's own logins have to wait. */
  #proofsNow(): number {
    if (this.gate.waitWithOwnPasswordMs(this.#context.clock.nowMs()) > 0) return 0;
    return this.#proofs.wanted(this.#othersWanted() > 0);
  }

  /** One who needs a link of its own can't use an idle one: it has to go. Those that go already count. */
  makeRoom(isFull = this.#isFull): void {
    const { dedicatedWaiters, links } = this.#pool;
    const needed = dedicatedWaiters.length + (isFull && this.#proofs.takesLink ? 1 : 0);
    if (needed > 0 && needed > links.size - this.#pool.liveCount())
      this.#pool.yielding.giveUpIdleLink();
  }

  /** A proof has waited longer than whoever would get the next link, and for nothing else than room. */
  proofGoesFirst(): boolean {
    return this.#pool.proofWaiters.length > 0 && this.#isFull && this.#proofs.goesFirst();
  }

  get #isFull(): boolean {
    return this.#wants.length > 0 || this.#room() <= 0;
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
    if (this.#wants.length === 0) return;
    const keep = this.#wanted();
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
    const { waiters, dedicatedWaiters, proofWaiters, welcomeWaiters } = this.#pool;
    const own = dedicatedWaiters.length + proofWaiters.length;
    return waiters.length + own + welcomeWaiters.size > 0;
  }

  #want(): void {
    let pending: PendingWant | undefined;
    let answered = false;
    this.#forMinimum = !this.#makesRoom();
    const want = { ...this.#pool.demand.want(), forMinimum: this.#forMinimum };
    pending = this.#context.budget.request(want, (answer) => {
      if (answer.kind === 'wait') {
        this.makeRoom(true);
        return;
      }
      answered = true;
      if (pending !== undefined) this.#forget(pending);
      if (answer.kind === 'granted') this.#dial(answer.permit);
      else {
        const error = errorFields('linkRefused', answer.reason);
        this.#pool.failWaiters(error);
        this.#failProofs(error);
      }
    });
    if (!answered) this.#wants.push(pending);
  }

  #failProofs(error: ErrorFields): void {
    const { proofWaiters } = this.#pool;
    for (let next = proofWaiters.shift(); next !== undefined; next = proofWaiters.shift())
      next.failed(error);
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
    const isHeldBack = this.gate.waitMs(startedAtMs) > 0;
    const proof = this.#proofs.take(!isHeldBack && this.#othersWanted() > 0);
    const dedicated = proof === undefined ? this.#pool.dedicatedWaiters.shift() : undefined;
    this.dialing++;
    this.gate.began(startedAtMs);
    const link = this.#context.newLink(this.#pool, permit);
    this.#pool.links.add(link);
    this.#context.dialer.dial(link, this.#pool, purposeOf({ proof, dedicated }), (failure) => {
      this.dialing--;
      if (proof !== undefined) this.#proofs.underWay--;
      if (proof !== undefined) this.#proofEnded(proof, { link, startedAtMs, failure });
      else if (failure === undefined) this.#opened(link, startedAtMs, dedicated);
      else this.#failed(failure, startedAtMs, dedicated);
    });
  }

  /** What becomes of one password is no matter of the others', as long as the server is there. */
  #proofEnded(proof: ProofWaiter, { link, startedAtMs, failure }: ProofEnd): void {
    if (failure === undefined) {
      if (!mayKeep(proof, this.#pool)) link.retireReason ??= 'it was for a proof only';
      this.#opened(link, startedAtMs, undefined);
      proof.proven();
      return;
    }
    const { mayFailOver } = this.#pool.servers;
    const isOfServer = failure.kind === 'busy' || !link.startupSent;
    const isWaitedFor = failure.kind === 'busy' || (mayFailOver && isOfServer);
    if (failure.kind === 'abandoned' || this.#pool.paused) this.gate.ended(startedAtMs);
    else if (isOfServer && failure.kind !== 'rejected')
      this.#failed(failure, startedAtMs, undefined);
    else this.gate.ended(startedAtMs);
    const again = failure.kind === 'abandoned' || this.#pool.paused || isWaitedFor;
    if (again && !proof.isOver && !proof.isUnwanted) this.#pool.proofWaiters.push(proof);
    else proof.rejected(failure);
    this.fill();
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
    if (failure.kind === 'abandoned' || failure.hasAnother === true || this.#pool.paused) {
      if (failure.hasAnother === true) {
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

interface ProofEnd {
  readonly link: Link;
  readonly startedAtMs: number;
  readonly failure: DialFailure | undefined;
}

function purposeOf({ proof, dedicated }: DialFor): DialPurpose {
  if (proof !== undefined) return { kind: 'proof', server: proof.server, password: proof.password };
  if (dedicated === undefined) return { kind: 'pooled' };
  return { kind: 'dedicated', startupParameters: dedicated.startupParameters };
}

/** Whether the pool may use a link to where the proof was made. */
function mayKeep({ server }: ProofWaiter, { servers }: Pool): boolean {
  return servers.candidates.some(
    ({ host, port }) => host.toLowerCase() === server.host && port === server.port,
  );
}
