import { STATUS_IDLE } from '../backend/server-status';
import { errorInstead } from '../errors';
import type { Pinned } from '../pool/pin-book';
import { Pin, pinReasons } from '../session-state/pins';
import type { Permission } from '../session-state/state-watch';
import { dropKept } from './cancel-queued';
import type { Session } from './session';
import type { SessionContext } from './session-context';
import type { StateFollowing } from './state-following';

/** One session among those of its pool that keep their links beyond the transaction, or want to. */
export class Pinning implements Pinned {
  /** Since when the client waits for another one's pin to end; 0: it does not. */
  waitSinceMs = 0;
  /** The client has canceled the statement that waited, inside a transaction. */
  #canceled = false;
  readonly #session: Session;
  readonly #context: SessionContext;
  readonly #host: StateFollowing;

  constructor(session: Session, context: SessionContext, host: StateFollowing) {
    this.#session = session;
    this.#context = context;
    this.#host = host;
  }

  /** It does not wait, and there is nothing to be told. */
  get isBlank(): boolean {
    return this.waitSinceMs === 0 && !this.#canceled;
  }

  /** Whether one more session of the pool may keep its link; undefined: yes. */
  ask(): Permission | undefined {
    const { pool } = this.#host.admission;
    const { pinnedPerPoolMax, pinnedLimitAction } = pool.limits;
    if (this.#session.mode === 'session') return undefined;
    if (this.#canceled) {
      this.#canceled = false;
      return { kind: 'refuse', error: errorInstead('canceled') };
    }
    if (pool.pins.hasRoom(pinnedPerPoolMax)) {
      this.waitSinceMs = 0;
      return undefined;
    }
    if (pinnedLimitAction === 'error')
      return { kind: 'refuse', error: errorInstead('tooManyPinned') };
    return { kind: 'wait', begin: () => this.#wait() };
  }

  #wait(): void {
    if (this.waitSinceMs === 0) this.waitSinceMs = this.#host.nowMs;
    const { tracker } = this.#host;
    tracker.holding = true;
    this.#host.admission.pool.pins.wait(this);
    const { link } = this.#session;
    if (link === undefined || link.status !== STATUS_IDLE || !link.owed.settled) return;
    // What it has on the link is its own, as long as nobody has asked.
    if (!tracker.watch.pending) this.#session.endLeaseNow(link);
  }

  /** Somebody else's pin has ended. */
  pinIsFree(): void {
    this.#host.tracker.holding = false;
    this.#session.resumeKept();
  }

  /** The client cancels the statement that waits for a pin. @returns whether one did */
  cancel(): boolean {
    if (!this.#host.admission.pool.pins.leave(this)) return false;
    this.waitSinceMs = 0;
    this.#host.tracker.holding = false;
    if (this.#session.link === undefined) {
      dropKept(this.#session);
      return true;
    }
    // PostgreSQL has to fail in its place, for the sake of the transaction.
    this.#canceled = true;
    this.#session.resumeKept();
    return true;
  }

  giveUpSequence(): void {
    const { link, mode } = this.#session;
    if (mode === 'session') return;
    const { sequencePinTimeoutMs } = this.#host.admission.pool.limits;
    const { watch } = this.#host.tracker;
    if (link === undefined || watch.pins !== Pin.Sequence || sequencePinTimeoutMs === 0) return;
    const quiet = link.owed.settled && link.status === STATUS_IDLE && !link.busyWithOwn;
    const sinceMs = this.#host.nowMs - link.readySinceMs;
    if (!quiet || link.midFrame || sinceMs < sequencePinTimeoutMs) return;
    watch.unpin(Pin.Sequence);
    this.#session.endLeaseNow(link);
  }

  began(): void {
    this.waitSinceMs = 0;
    this.#host.admission.pool.pins.begin(this);
  }

  /** Bits of `Pin` that were not among its reasons before. */
  hasReasons(fresh: number): void {
    const { database, user } = this.#host.admission;
    for (const reason of pinReasons(fresh)) {
      database.counters.pinned(reason);
      this.#context.log.debug('client pinned', {
        client: this.#host.id,
        database: database.name,
        user,
        reason,
      });
    }
  }

  ended(): void {
    this.#host.admission.pool.pins.end(this);
  }

  /** The link is gone, and whatever it was kept for. */
  beginAgain(): void {
    this.left();
    this.waitSinceMs = 0;
    this.#canceled = false;
  }

  /** The session is gone. */
  left(): void {
    const { pins } = this.#host.admission.pool;
    pins.leave(this);
    if (pins.holds(this)) pins.end(this);
  }
}
