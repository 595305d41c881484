/**
 * Upper ends of the buckets, microseconds, each within its bucket. The first is for what took no time at
 * all: most leases are not waited for. What took longer than the last has a bucket without an end.
 */
export const HISTOGRAM_BOUNDS_US: readonly number[] = [
  0,
  ...[100, 200, 500],
  ...[1_000, 2_000, 5_000],
  ...[10_000, 20_000, 50_000],
  ...[100_000, 200_000, 500_000],
  ...[1_000_000, 2_000_000, 5_000_000],
  ...[10_000_000, 20_000_000, 60_000_000],
];

const BUCKETS = HISTOGRAM_BOUNDS_US.length + 1;
const BOUNDS = Float64Array.from(HISTOGRAM_BOUNDS_US);
/** Behind the buckets stand the sum and the longest of all. */
const SUM = BUCKETS;
const MAX = BUCKETS + 1;

/** A histogram as plain data. */
export interface HistogramView {
  /** How many took no longer than each bound of `HISTOGRAM_BOUNDS_US`; the last: how many there were. */
  readonly cumulative: readonly number[];
  readonly sumUs: number;
  readonly maxUs: number;
}

export const NOTHING_OBSERVED: HistogramView = {
  cumulative: new Array<number>(BUCKETS).fill(0),
  sumUs: 0,
  maxUs: 0,
};

/** How long something took, since start. Taking note of it makes no object. */
export class Histogram {
  readonly #numbers = new Float64Array(BUCKETS + 2);

  observe(us: number): void {
    const numbers = this.#numbers;
    const bucket = bucketOf(us);
    numbers[bucket] = (numbers[bucket] ?? 0) + 1;
    numbers[SUM] = (numbers[SUM] ?? 0) + Math.max(0, us);
    if (us > (numbers[MAX] ?? 0)) numbers[MAX] = us;
  }

  /** It took no time. */
  observeNone(): void {
    this.#numbers[0] = (this.#numbers[0] ?? 0) + 1;
  }

  /** Everything that `other` has seen, as if it had been seen here. */
  add(other: Histogram): void {
    const numbers = this.#numbers;
    for (let at = 0; at < MAX; at++) numbers[at] = (numbers[at] ?? 0) + (other.#numbers[at] ?? 0);
    numbers[MAX] = Math.max(numbers[MAX] ?? 0, other.#numbers[MAX] ?? 0);
  }

  clear(): void {
    this.#numbers.fill(0);
  }

  view(): HistogramView {
    const cumulative: number[] = [];
    for (const count of this.#numbers.subarray(0, BUCKETS))
      cumulative.push((cumulative.at(-1) ?? 0) + count);
    return { cumulative, sumUs: this.#numbers[SUM] ?? 0, maxUs: this.#numbers[MAX] ?? 0 };
  }
}

/** A clock that is set back makes times below 0. */
function bucketOf(us: number): number {
  if (us <= 0) return 0;
  let low = 1;
  let high = BUCKETS - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (us <= (BOUNDS[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What several of them have seen together. */
export function mergeHistograms(views: readonly HistogramView[]): HistogramView {
  return {
    cumulative: NOTHING_OBSERVED.cumulative.map((_, at) =>
      views.reduce((sum, { cumulative }) => sum + (cumulative[at] ?? 0), 0),
    ),
    sumUs: views.reduce((sum, { sumUs }) => sum + sumUs, 0),
    maxUs: Math.max(0, ...views.map(({ maxUs }) => maxUs)),
  };
}

export function countOf({ cumulative }: HistogramView): number {
  return cumulative[BUCKETS - 1] ?? 0;
}

/**
 * About so many microseconds took what is longer than this share of all, as if times were spread evenly
 * between two bounds; no more than the longest. 0 where there was nothing.
 */
export function quantileUs(view: HistogramView, share: number): number {
  const { cumulative, maxUs } = view;
  const rank = countOf(view) * share;
  if (rank === 0) return 0;
  const bucket = cumulative.findIndex((count) => count >= rank);
  const upper = Math.min(HISTOGRAM_BOUNDS_US[bucket] ?? maxUs, maxUs);
  const lower = HISTOGRAM_BOUNDS_US[bucket - 1] ?? 0;
  if (upper <= lower) return upper;
  const before = cumulative[bucket - 1] ?? 0;
  const within = (cumulative[bucket] ?? before) - before;
  return Math.round(lower + ((upper - lower) * (rank - before)) / within);
}
