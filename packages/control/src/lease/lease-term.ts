import type { Clock } from '@pgweir/pooler';

/** One moment, by both clocks of this machine. */
export interface LeaseMoment {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** A time for which a lease is certain, counted from before it was asked for. */
export interface LeaseTerm {
  readonly from: LeaseMoment;
  readonly lengthMs: number;
}

export function leaseMoment(clock: Clock): LeaseMoment {
  return { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
}

/**
 * What is left of it; never negative. The clock that has gone further counts: the monotonic one stands
 * still while a machine sleeps, and the other one may be set.
 */
export function leftOf({ from, lengthMs }: LeaseTerm, now: LeaseMoment): number {
  const passedMs = Math.max(now.nowMs - from.nowMs, now.wallMs - from.wallMs);
  return Math.max(0, lengthMs - passedMs);
}
