import type { PoolerContext } from '../pooler-context';
import type { Pool } from './pool';
import type { ProofWaiter } from './proof-waiter';

/** Whoever has waited that long for a login that proves a password is in need of room. */
const PROOF_PATIENCE_MS = 100;

/**
 * What proofs may take from their pool. Anybody can have one made, and PostgreSQL has judged nothing yet:
 * so one at a time may cost the pool a link. The others use room that is free, or queue behind that one.
 */
export class ProofRoom {
  /** Logins that prove something. */
  underWay = 0;
  readonly #context: PoolerContext;
  readonly #pool: Pool;

  constructor(context: PoolerContext, pool: Pool) {
    this.#context = context;
    this.#pool = pool;
  }

  /** The next one may have room made for it. Not yet while a link is about to leave its place to it. */
  get isNext(): boolean {
    const { proofWaiters, links } = this.#pool;
    if (proofWaiters.length === 0 || this.underWay > 0) return false;
    return links.size === this.#pool.liveCount();
  }

  /** A link of the pool may go for it. Not one that is the last, where the pool could open no other. */
  get takesLink(): boolean {
    return this.isNext && (this.#hasSeveral() || !this.#context.dialer.lacksPassword(this.#pool));
  }

  /** How many links may be asked for. `othersWait`: what is asked for them has room made for it. */
  wanted(othersWait: boolean): number {
    if (this.isNext) return 1;
    return othersWait ? 0 : this.#pool.proofWaiters.length;
  }

  /** One has waited longer than whoever would get a link that comes back. */
  goesFirst(): boolean {
    const { proofWaiters, waiters } = this.#pool;
    const { head } = proofWaiters;
    if (head === undefined || !this.takesLink) return false;
    const since = head.waitingSinceMs;
    if (this.#context.clock.nowMs() - since < PROOF_PATIENCE_MS) return false;
    return waiters.head === undefined || since <= waiters.head.waitingSinceMs;
  }

  /** The one that a link is opened for now. `othersWait`: others need it as well. */
  take(othersWait: boolean): ProofWaiter | undefined {
    const { proofWaiters, waiters, dedicatedWaiters, welcomeWaiters } = this.#pool;
    const { head } = proofWaiters;
    if (head === undefined) return undefined;
    const [welcome] = welcomeWaiters;
    const isLater = [waiters.head, dedicatedWaiters.head, welcome].some(
      (other) => other !== undefined && other.waitingSinceMs < head.waitingSinceMs,
    );
    if (othersWait && isLater) return undefined;
    this.underWay++;
    return proofWaiters.shift();
  }

  #hasSeveral(): boolean {
    let count = 0;
    for (const { phase } of this.#pool.links) {
      if (phase !== 'dialing' && phase !== 'login' && phase !== 'closing') count++;
    }
    return count > 1;
  }
}
