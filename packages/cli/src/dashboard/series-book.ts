/** Samples of some columns, as they come out: null where there was none. */
export type SeriesView<Name extends string> = Readonly<Record<Name, readonly (number | null)[]>>;

interface Limits {
  readonly samplesMax: number;
  /** Of more things than that the new ones are not kept. */
  readonly keysMax: number;
}

/** Digits behind the point that are kept on the way out. */
const ROUNDING = 1000;

/**
 * The last samples of many things that come and go, each with the same columns. Takes 4 bytes a number,
 * and no more numbers than its limits allow.
 */
export class SeriesBook<Name extends string> {
  readonly #columns: readonly Name[];
  readonly #limits: Limits;
  /** By key: the samples of each column, column after column. */
  readonly #series = new Map<string, Float32Array>();
  readonly #lastSeen = new Map<string, number>();
  /** How many samples there have been. */
  #count = 0;

  constructor(columns: readonly Name[], limits: Limits) {
    this.#columns = columns;
    this.#limits = limits;
  }

  /** How many samples have been taken; that of the last one, counted from 1. */
  get last(): number {
    return this.#count;
  }

  get keys(): readonly string[] {
    return [...this.#series.keys()];
  }

  /** One sample of everything that is there now. */
  add(rows: ReadonlyMap<string, Readonly<Record<Name, number>>>): void {
    const { samplesMax } = this.#limits;
    const at = this.#count % samplesMax;
    this.#count++;
    for (const [key, series] of this.#series) {
      if (rows.has(key)) continue;
      for (let column = 0; column < this.#columns.length; column++) {
        series[column * samplesMax + at] = Number.NaN;
      }
      if (this.#count - (this.#lastSeen.get(key) ?? 0) >= samplesMax) this.#forget(key);
    }
    for (const [key, row] of rows) {
      const series = this.#series.get(key) ?? this.#begin(key);
      if (series === undefined) continue;
      this.#columns.forEach((name, column) => {
        series[column * samplesMax + at] = row[name];
      });
      this.#lastSeen.set(key, this.#count);
    }
  }

  /** How many samples there are after number `since`. */
  countSince(since: number): number {
    return Math.max(0, Math.min(this.#limits.samplesMax, this.#count, this.#count - since));
  }

  /** The last `count` samples, the newest last. */
  read<Wanted extends Name>(
    key: string,
    count: number,
    columns: readonly Wanted[],
  ): SeriesView<Wanted> {
    const view = columns.map((name) => [name, this.#column(key, name, count)]);
    // The names are those of the columns.
    return Object.fromEntries(view) as SeriesView<Wanted>;
  }

  #column(key: string, name: Name, count: number): readonly (number | null)[] {
    const { samplesMax } = this.#limits;
    const series = this.#series.get(key);
    const from = this.#columns.indexOf(name) * samplesMax;
    return Array.from({ length: count }, (_, index) => {
      const at = (this.#count - count + index) % samplesMax;
      const value = series?.[from + at];
      return value === undefined || Number.isNaN(value)
        ? null
        : Math.round(value * ROUNDING) / ROUNDING;
    });
  }

  #begin(key: string): Float32Array | undefined {
    const { samplesMax, keysMax } = this.#limits;
    if (this.#series.size >= keysMax) return undefined;
    const series = new Float32Array(samplesMax * this.#columns.length).fill(Number.NaN);
    this.#series.set(key, series);
    return series;
  }

  #forget(key: string): void {
    this.#series.delete(key);
    this.#lastSeen.delete(key);
  }
}
