/** One bucket for each power of two in microseconds, and the first for no wait at all. */
const BUCKETS = 40;

/**
 * How long leases of one pool were waited for, since start: `counts[0]` of them not at all, `counts[n]`
 * between 2^(n-1) and 2^n microseconds.
 */
export class WaitHistogram {
  readonly counts: number[] = new Array<number>(BUCKETS).fill(0);

  /** A lease was there at once. */
  none(): void {
    this.counts[0] = (this.counts[0] ?? 0) + 1;
  }

  waited(ms: number): void {
    const us = ms * 1000;
    const bucket = us < 1 ? 1 : Math.min(BUCKETS - 1, Math.floor(Math.log2(us)) + 1);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }
}

/** At most so many microseconds were waited for this share of the leases; 0 where there were none. */
export function waitPercentileUs(counts: readonly number[], share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (count > 0 && seen >= total * share) return bucket === 0 ? 0 : 2 ** bucket;
  }
  return 0;
}
