import type { Link } from '../backend/link';
import type { PoolWaiter } from './waiters';

/** The link is this session's from now on. */
export function lend(link: Link, waiter: PoolWaiter): void {
  link.enter('leased');
  link.session = waiter;
  link.speaker = waiter.toldProcessId;
  link.fatalForwarded = false;
  link.usedSinceReset = true;
  if (link.sequencesOf !== waiter.id) link.sequencesOf = 0;
  link.queryStartMs = 0;
  link.transactionStartMs = 0;
}
