import type { Lsn } from '../observation';

/** Of the write-ahead log, as PostgreSQL is built unless somebody insists. */
const PAGE_BYTES = 8192n;
/** Of the longest header of a page. No record fits into that. */
const PAGE_HEADER_BYTES_MAX = 40n;

/**
 * Whether a standby at `reached` lacks nothing of a log that was inserted up to `position`.
 *
 * The end of the last record and the place of the next one are the same position, but for the end of a
 * page: the next record comes behind the header of the next page, which nobody ever replays.
 */
export function hasReached(reached: Lsn, position: Lsn): boolean {
  if (reached >= position) return true;
  return reached % PAGE_BYTES === 0n && position - reached <= PAGE_HEADER_BYTES_MAX;
}

export function earlier(one: Lsn, other: Lsn): Lsn {
  return one < other ? one : other;
}

export function later(one: Lsn, other: Lsn): Lsn {
  return one > other ? one : other;
}
