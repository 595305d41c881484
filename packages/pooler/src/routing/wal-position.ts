import type { WalPosition } from '../ports/position-source';

/** Of the write-ahead log, as PostgreSQL is built unless somebody insists. */
const PAGE_BYTES = 8192;
/** Of the longest header of a page. No record fits into that. */
const PAGE_HEADER_BYTES_MAX = 40;

/**
 * Whether a replica that has replayed up to `replayed` lacks nothing of what a primary had at `floor`.
 *
 * The end of the last record and the place of the next one are the same position, but for the end of a
 * page: the next record comes behind the header of the next page, which nobody replays by itself.
 */
export function hasReached(replayed: WalPosition, floor: WalPosition): boolean {
  if (replayed >= floor) return true;
  return replayed % PAGE_BYTES === 0 && floor - replayed <= PAGE_HEADER_BYTES_MAX;
}
