import type { ProbeAnswer } from './probe-query';

/**
 * How far a replica is behind in time, from its answers, one after the other.
 *
 * PostgreSQL tells how old the last replayed commit is. After a quiet hour that is an hour, for the
 * moment in which the first new record has come and is not replayed yet. But what is not replayed
 * now cannot have been waiting for longer than since everything was, so that is the upper bound, as
 * long as the replica streams: one that is cut off does not know what it misses.
 */
export class ReplayLag {
  #caughtUpAtMs: number | undefined;

  /**
   * `askedAtMs`: when the answer was asked for.
   *
   * @returns undefined on a primary, and when nothing has been replayed that tells
   */
  of(answer: ProbeAnswer, askedAtMs: number, answeredAtMs: number): number | undefined {
    const { isStreaming, replayedCommitAgeMs } = answer;
    const { inRecovery, received, replayed } = answer.facts;
    if (!inRecovery || received === undefined || replayed === undefined || !isStreaming) {
      this.#caughtUpAtMs = undefined;
    }
    if (!inRecovery || received === undefined || replayed === undefined) return undefined;
    if (received <= replayed) {
      if (isStreaming) this.#caughtUpAtMs = askedAtMs;
      return 0;
    }
    if (this.#caughtUpAtMs === undefined) return replayedCommitAgeMs;
    const sinceMs = Math.ceil(answeredAtMs - this.#caughtUpAtMs);
    return replayedCommitAgeMs === undefined ? sinceMs : Math.min(replayedCommitAgeMs, sinceMs);
  }
}
