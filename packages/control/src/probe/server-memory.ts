import type { Observation } from '../observation';
import type { ProbeAnswer } from './probe-query';
import { ReplayLag } from './replay-lag';

/**
 * What one answer does not tell, and those before it did. Begins anew when PostgreSQL has been started
 * anew, and does not end with a connection.
 *
 * A standby that has lost its primary has no receiver that could tell its timeline, just when it
 * matters; it does not go back to an older one while it runs, so the highest one seen holds.
 */
export class ServerMemory {
  #startedAt = '';
  #timeline: number | undefined;
  #lag = new ReplayLag();

  complete(
    answer: ProbeAnswer,
    { askedAtMs, answeredAtMs }: { readonly askedAtMs: number; readonly answeredAtMs: number },
  ): Observation {
    const { facts, startedAt } = answer;
    if (startedAt !== this.#startedAt) {
      this.#startedAt = startedAt;
      this.#timeline = undefined;
      this.#lag = new ReplayLag();
    }
    const replayLagMs = this.#lag.of(answer, askedAtMs, answeredAtMs);
    // A primary's own is exact.
    this.#timeline = facts.inRecovery ? higher(facts.timeline, this.#timeline) : facts.timeline;
    return { ...facts, timeline: this.#timeline, askedAtMs, answeredAtMs, replayLagMs };
  }
}

function higher(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}
