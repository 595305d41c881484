import { performance } from 'node:perf_hooks';
import type { Clock } from '@pgweir/pooler';

/** The machine's own time. */
export const systemClock: Clock = {
  // Not the global object's, which is looked up anew for each call.
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  every(periodMs, tick) {
    const timer = setInterval(tick, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
  after(delayMs, run) {
    // A longer delay would fire at once.
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
