import type { ReplicaPositions } from '../routing/replica-positions';
import type { Admission } from './admission';
import type { Session } from './session';

/** After so many reads for which no replica was fit one waits until more is known. */
const MISSES_MAX = 8;
const MISSES_MAX_MAX = 1024;
/** No longer than so. */
const SAMPLE_WAIT_MS = 20;

/** The wait of one session's read for a replica that is fit. */
export class ReplicaWait {
  /** Ends it. Undefined: the session does not wait for a replica. */
  #stop: (() => void) | undefined;
  /** So many reads in a row have gone to the primary, as far as no replica was fit for them. */
  #misses = 0;
  /** More each time that one has waited in vain. */
  #missesMax = MISSES_MAX;
  /** Since when a read waits, again and again; 0: none does. */
  #sinceMs = 0;
  /** Since when no replica is fit for a read, whatever it does meanwhile; 0: none waits for one. */
  #unfitSinceMs = 0;
  readonly #session: Session;
  readonly #admission: Admission;

  constructor(session: Session, admission: Admission) {
    this.#session = session;
    this.#admission = admission;
  }

  /**
   * No replica is fit for a read that has come. @returns whether the session waits for one, and what it
   * has sent is to be kept; otherwise the read is the primary's
   */
  begin(positions: ReplicaPositions | undefined): boolean {
    const session = this.#session;
    const { clock, opensLinks } = session.context;
    // Nothing will come any more.
    if (!opensLinks) return false;
    const { database, pool } = this.#admission;
    const isForReplica = database.settings.replicaFallback === 'wait';
    const nowMs = clock.nowMs();
    if (!isForReplica && (positions === undefined || !this.#mayWaitForSample(nowMs))) {
      this.#sinceMs = 0;
      this.#countWait(nowMs);
      return false;
    }
    if (this.#sinceMs === 0) this.#sinceMs = nowMs;
    if (this.#unfitSinceMs === 0) this.#unfitSinceMs = nowMs;
    session.meter?.waits(nowMs);
    // Where there is no replica no sample makes one fit.
    if (database.replicas.all.length > 0) positions?.wantNews();
    const stopHearing = positions?.whenNext(() => this.routeAgain());
    const leftMs = this.#sinceMs + SAMPLE_WAIT_MS - nowMs;
    const stopTimer = isForReplica ? undefined : clock.after(leftMs, () => this.routeAgain());
    this.#stop = () => {
      stopHearing?.();
      stopTimer?.();
    };
    pool.awaitReplica(session, this.#sinceMs);
    session.enter('waiting');
    session.toldOfWait = false;
    return true;
  }

  /** Reads that follow each other closely would never leave the primary: each raises the floor anew. */
  #mayWaitForSample(nowMs: number): boolean {
    if (this.#sinceMs !== 0) {
      if (nowMs - this.#sinceMs < SAMPLE_WAIT_MS) return true;
      this.#missesMax = Math.min(2 * this.#missesMax, MISSES_MAX_MAX);
      return false;
    }
    const { replicas } = this.#admission.database;
    if (++this.#misses < this.#missesMax || replicas.all.length === 0) return false;
    this.#misses = 0;
    return true;
  }

  /** Something is known that was not: what waits for a replica may go now. */
  routeAgain(): void {
    if (this.#leave()) this.#goOn();
  }

  /** The session waits for a link to a replica now: the time before counts. */
  goesOn(): void {
    if (this.#sinceMs !== 0) this.#session.waitingSinceMs = this.#sinceMs;
  }

  /** The session waited for a link to a replica, which it does not get: the time that took counts. */
  beginAnew(): void {
    if (this.#sinceMs === 0) this.#sinceMs = this.#session.waitingSinceMs;
    this.#goOn();
  }

  /** It has waited since then, and goes on. */
  countsFrom(sinceMs: number): void {
    this.#sinceMs = sinceMs;
  }

  #goOn(): void {
    this.#session.enter('idle');
    this.#session.resumeKept();
  }

  /** A replica is fit: but for a link to it, the wait is over. */
  end(): void {
    this.#leave();
    if (this.#unfitSinceMs !== 0) this.#countWait(this.#session.context.clock.nowMs());
    this.#misses = 0;
    this.#missesMax = MISSES_MAX;
  }

  /** The session has had a link, or wants none any more. */
  forget(): void {
    this.#leave();
    this.#sinceMs = 0;
    this.#unfitSinceMs = 0;
  }

  #countWait(nowMs: number): void {
    if (this.#unfitSinceMs === 0) return;
    const { times } = this.#admission.database.counters;
    times.replicaWaits.observe((nowMs - this.#unfitSinceMs) * 1000);
    this.#unfitSinceMs = 0;
  }

  /** @returns whether the session has waited */
  #leave(): boolean {
    const stop = this.#stop;
    if (stop === undefined) return false;
    this.#stop = undefined;
    stop();
    this.#admission.pool.leave(this.#session);
    return true;
  }
}
