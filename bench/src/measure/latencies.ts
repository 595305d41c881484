/** Neighbouring buckets differ by this factor: percentiles are exact to half a percent. */
const STEP = 1.005;
/** A thousand seconds. */
const US_MAX = 1e9;
const BUCKETS = Math.ceil(Math.log(US_MAX) / Math.log(STEP)) + 1;

/** Counts latencies in buckets of growing width, so that a long run takes no more memory. */
export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(us: number, count = 1): void {
    const at = Math.round(Math.log(Math.min(US_MAX, Math.max(1, us))) / Math.log(STEP));
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
    this.#total += count;
  }

  /** Pairs of latency (µs) and how often it came; adding them up elsewhere gives the same. */
  counts(): [us: number, count: number][] {
    const pairs: [number, number][] = [];
    for (const [at, count] of this.#counts.entries()) {
      if (count > 0) pairs.push([STEP ** at, count]);
    }
    return pairs;
  }

  /** The smallest latency, µs, that `share` (0 to 1) of all do not exceed. 0 without any. */
  percentileUs(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.#total * share));
    let seen = 0;
    for (let at = 0; at < BUCKETS; at++) {
      seen += this.#counts[at] ?? 0;
      if (seen >= wanted) return STEP ** at;
    }
    return 0;
  }
}
