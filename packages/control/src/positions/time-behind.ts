import type { Lsn, Observation } from '../observation';

/** A minute, when probes are as often as usual. */
const KEPT = 128;

interface Mark {
  readonly askedAtMs: number;
  readonly position: Lsn;
}

/**
 * How far replicas are behind their primary in time.
 *
 * What a replica says of itself is exact to the millisecond, but one that is cut off takes itself for up
 * to date. So it is believed as long as it has what the primary had one probe before the last one; if
 * not, it is behind for as long as it has missed what the primary had.
 */
export class TimeBehind {
  #marks: Mark[] = [];

  /** A probe has seen the primary. Harmless when told twice. */
  sawPrimary({ askedAtMs, flushed }: Observation): void {
    const last = this.#marks.at(-1);
    if (flushed === undefined || (last !== undefined && last.askedAtMs >= askedAtMs)) return;
    this.#marks.push({ askedAtMs, position: flushed });
    if (this.#marks.length > KEPT) this.#marks.shift();
  }

  /** @returns milliseconds; undefined: it cannot be told */
  of({ replayed, replayLagMs, askedAtMs }: Observation): number | undefined {
    if (replayed === undefined) return undefined;
    const at = this.#marks.findLastIndex(({ position }) => position <= replayed);
    const reached = this.#marks[at];
    if (reached === undefined) return undefined;
    const missed = this.#marks.length - 1 - at;
    if (missed === 0) return replayLagMs ?? 0;
    const behindMs = Math.max(0, Math.ceil(askedAtMs - reached.askedAtMs));
    return missed === 1 ? (replayLagMs ?? behindMs) : behindMs;
  }

  /** Another primary: positions do not compare. */
  clear(): void {
    this.#marks = [];
  }
}
