import type { Clock } from '@pgweir/pooler';

export interface AskRate {
  /** At once, after a pause. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface AskRates {
  readonly all: AskRate;
  readonly ofOne: AskRate;
}

interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

/** Addresses that are remembered; the one that asked longest ago is forgotten first. */
const ADDRESSES_MAX = 10_000;

/** How many questions may be asked, for one address and altogether, whatever comes of them. */
export class AskBuckets {
  readonly #clock: Clock;
  readonly #rates: AskRates;
  readonly #addresses = new Map<string, Bucket>();
  #all: Bucket;

  constructor(clock: Clock, rates: AskRates) {
    this.#clock = clock;
    this.#rates = rates;
    this.#all = { left: rates.all.burst, atMs: clock.nowMs() };
  }

  /** @returns whether one more may be asked; then it counts */
  take(address: string): boolean {
    const { all, ofOne } = this.#rates;
    const nowMs = this.#clock.nowMs();
    const known = this.#addresses.get(address) ?? { left: ofOne.burst, atMs: nowMs };
    const own = filled(known, ofOne, nowMs);
    const common = filled(this.#all, all, nowMs);
    if (own < 1 || common < 1) return false;
    this.#all = { left: common - 1, atMs: nowMs };
    this.#addresses.delete(address);
    this.#addresses.set(address, { left: own - 1, atMs: nowMs });
    if (this.#addresses.size > ADDRESSES_MAX) {
      const [oldest] = this.#addresses.keys();
      if (oldest !== undefined) this.#addresses.delete(oldest);
    }
    return true;
  }
}

function filled({ left, atMs }: Bucket, { burst, perSecond }: AskRate, nowMs: number): number {
  return Math.min(burst, left + ((nowMs - atMs) / 1000) * perSecond);
}
