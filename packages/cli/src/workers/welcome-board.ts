import type { PoolKey, ReportedValues } from '@pgweir/pooler';

/** Pools that are remembered; of more, those that were heard of last. */
const POOLS_MAX = 1000;

type Known = readonly [pool: PoolKey, values: ReportedValues];

/** What PostgreSQL reports to pools, on its way between processes. */
export interface WelcomeNews {
  readonly kind: 'welcomes';
  /** The configuration that it was learned under. */
  readonly generation: number;
  readonly known: readonly Known[];
}

/**
 * What workers have learned from PostgreSQL for welcoming clients: one in the supervisor and one in each
 * worker. A reload may lead pools elsewhere, so news counts only under the configuration it came from.
 */
export class WelcomeBoard {
  #generation: number;
  readonly #known = new Map<PoolKey, ReportedValues>();

  constructor(generation: number) {
    this.#generation = generation;
  }

  get generation(): number {
    return this.#generation;
  }

  /** A configuration comes into force: what was known may not hold any more. */
  restart(generation: number): void {
    this.#generation = generation;
    this.#known.clear();
  }

  get(pool: PoolKey): ReportedValues | undefined {
    return this.#known.get(pool);
  }

  /** Everything there is. */
  all(): WelcomeNews {
    return this.news([...this.#known]);
  }

  news(known: readonly Known[]): WelcomeNews {
    return { kind: 'welcomes', generation: this.#generation, known };
  }

  /** @returns what of it had not been known */
  heard({ generation, known }: WelcomeNews): readonly Known[] {
    if (generation !== this.#generation) return [];
    return known.filter(([pool, values]) => this.#note(pool, values));
  }

  #note(pool: PoolKey, values: ReportedValues): boolean {
    const before = this.#known.get(pool);
    if (before !== undefined && same(before, values)) return false;
    this.#known.delete(pool);
    this.#known.set(pool, values);
    if (this.#known.size > POOLS_MAX) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return true;
  }
}

/** PostgreSQL reports in the same order each time; another order is as good as news. */
function same(one: ReportedValues, other: ReportedValues): boolean {
  return (
    one.length === other.length &&
    one.every(([name, value], at) => name === other[at]?.[0] && value === other[at]?.[1])
  );
}
