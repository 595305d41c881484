import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import type { DatabaseCounters } from './counters';

/** Counts a ReadyForQuery, and starts the clocks of what is owed next on the link. */
export function countReply(counters: DatabaseCounters, link: Link, nowMs: number): void {
  const next = link.owed.ready > 0 ? nowMs : 0;
  counters.queries++;
  if (link.queryStartMs > 0) {
    const us = (nowMs - link.queryStartMs) * 1000;
    counters.queryUs += us;
    counters.times.queries?.observe(us);
    const target = link.target?.counters;
    if (target !== undefined) {
      target.replies++;
      target.replyUs += us;
    }
  }
  link.queryStartMs = next;
  if (link.status !== STATUS_IDLE) return;
  counters.transactions++;
  if (link.transactionStartMs > 0) {
    const us = (nowMs - link.transactionStartMs) * 1000;
    counters.transactionUs += us;
    counters.times.transactions.observe(us);
  }
  link.transactionStartMs = next;
}
