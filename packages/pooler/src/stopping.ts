import { errorFields } from './errors';
import type { Pooler } from './pooler';

/** How long an immediate stop waits for its cancel requests, and how often it looks. */
const STOP_CANCEL_MS = 1000;
const STOP_POLL_MS = 10;

/** Whoever waits for a link gets none any more, and those that nobody has are closed. */
export function endWaits(pooler: Pooler): void {
  for (const session of pooler.sessions.values()) {
    if (session.phase === 'waiting') session.fail('serverShuttingDown');
  }
  pooler.lookUps.refuse(errorFields('serverShuttingDown'));
  for (const pool of pooler.everyPool()) {
    pool.supply.renew();
    for (const link of [...pool.idleLinks]) link.close('server shutting down');
  }
}

/** Nothing is left of what the pooler, in this state, waits for. */
export function isSettled(pooler: Pooler): boolean {
  switch (pooler.state) {
    case 'retiring':
      return pooler.sessions.size === 0;
    case 'draining-clients':
      return pooler.counts.own === 0 && !pooler.strangers.expectsAnybody;
    case 'draining-links':
      return pooler.everyPool().every(({ links }) => links.size === 0);
    default:
      return true;
  }
}

/** What still ran is being cancelled, so that nothing of it outlives us. Bounded. */
export async function cancelsOver({ cancels, clock }: Pooler): Promise<void> {
  const deadlineMs = clock.nowMs() + STOP_CANCEL_MS;
  while (cancels.inFlight > 0 && clock.nowMs() < deadlineMs) {
    await new Promise<void>((resolve) => void clock.after(STOP_POLL_MS, resolve));
  }
}
