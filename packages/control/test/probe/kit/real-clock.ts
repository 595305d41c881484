import { performance } from 'node:perf_hooks';
import type { Clock } from '@pgweir/pooler';

/** The machine's own time; nothing that waits for it keeps a test alive. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  every(periodMs, tick) {
    const timer = setInterval(tick, periodMs).unref();
    return () => clearInterval(timer);
  },
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
