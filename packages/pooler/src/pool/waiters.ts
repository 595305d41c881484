import type { ErrorFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { LinkSession } from '../backend/link-session';
import type { Waiter, WaitQueue } from './wait-queue';

/** A session that stands in a pool's queue. */
export interface PoolWaiter extends Waiter, LinkSession {
  /** Here is your link. */
  granted(link: Link): void;
  /** The wait is over without a link. */
  refused(error: ErrorFields): void;
}

/** A session whose login needs to know the server's parameters, but no link. */
export interface WelcomeWaiter {
  readonly waitingSinceMs: number;
  /** How long it may wait; 0: for ever. */
  readonly queryWaitTimeoutMs: number;
  welcomed(): void;
  refused(error: ErrorFields): void;
}

/** What they wait for is known now. */
export function welcomeAll(waiters: Set<WelcomeWaiter>): void {
  for (const waiter of waiters) {
    waiters.delete(waiter);
    waiter.welcomed();
  }
}

/** Ends the wait of everybody who has waited since before `sinceMs`. */
export function refuseAll(
  pool: { readonly waiters: WaitQueue<PoolWaiter>; readonly welcomeWaiters: Set<WelcomeWaiter> },
  error: ErrorFields,
  sinceMs: number,
): void {
  for (const waiter of pool.welcomeWaiters) {
    if (waiter.waitingSinceMs > sinceMs) continue;
    pool.welcomeWaiters.delete(waiter);
    waiter.refused(error);
  }
  for (const waiter of pool.waiters) {
    if (waiter.waitingSinceMs > sinceMs) continue;
    pool.waiters.remove(waiter);
    waiter.refused(error);
  }
}

/** A session that needs a link of its own, opened for it (replication). */
export interface DedicatedWaiter extends PoolWaiter {
  /** It has left while its link was being opened. */
  readonly gone: boolean;
  readonly startupParameters: ReadonlyMap<string, string>;
}
