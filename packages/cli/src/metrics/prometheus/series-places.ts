import { type Metric, type SeriesUse, SUBJECT_LABELS, type Subject } from './metric';

/** What those are called that have no series of their own. */
export const OTHERS = '_other';

/** For so many scrapes somebody who is not seen keeps its place, while others want it. */
const ABSENT_MAX = 3;

interface Place {
  readonly series: number;
  seen: number;
}

/**
 * Who has time series of its own, so that there are never more than `metrics_series_max`. Who comes first
 * has a place as long as it is there: nobody moves for somebody else, however busy, because numbers that
 * go from one name to another cannot be added up over time. For each the most series count that it may
 * have.
 */
export class SeriesPlaces {
  readonly #series: Readonly<Record<Subject, number>>;
  readonly #places = new Map<Subject, Map<string, Place>>();
  readonly #folded = new Set<string>();
  #scrape = 0;
  #seriesMax = 0;
  #used = 0;
  #hasLooked = false;

  constructor(metrics: readonly Metric[]) {
    const series = { daemon: 0, database: 0, pool: 0, server: 0, host: 0, sqlstate: 0, secret: 0 };
    for (const { series: most, subject } of metrics) {
      if (subject !== 'daemon') series[subject] += most;
    }
    this.#series = series;
  }

  /** Another scrape begins. */
  begin(seriesMax: number): void {
    if (seriesMax < this.#seriesMax || this.#scrape === 0) {
      this.#places.clear();
      // Those of the others.
      this.#used = Object.values(this.#series).reduce((sum, series) => sum + series, 0);
    }
    this.#seriesMax = seriesMax;
    this.#scrape++;
    this.#hasLooked = false;
    this.#folded.clear();
  }

  get use(): SeriesUse {
    return { series: this.#used, seriesMax: this.#seriesMax, folded: this.#folded.size };
  }

  /** Whether the subject that the first of these labels name has series of its own. */
  has(subject: Subject, labels: readonly string[]): boolean {
    if (subject === 'daemon') return true;
    const key = labelKey(labels, SUBJECT_LABELS[subject]);
    const places = this.#placesOf(subject);
    const place = places.get(key);
    if (place !== undefined) {
      place.seen = this.#scrape;
      return true;
    }
    const series = this.#series[subject];
    if (!this.#hasRoom(series)) {
      this.#folded.add(`${subject}\0${key}`);
      return false;
    }
    places.set(key, { series, seen: this.#scrape });
    this.#used += series;
    return true;
  }

  #hasRoom(series: number): boolean {
    if (this.#used + series <= this.#seriesMax) return true;
    if (!this.#hasLooked) {
      this.#hasLooked = true;
      for (const places of this.#places.values()) this.#dropAbsent(places);
    }
    return this.#used + series <= this.#seriesMax;
  }

  #dropAbsent(places: Map<string, Place>): void {
    for (const [key, place] of places) {
      if (this.#scrape - place.seen <= ABSENT_MAX) continue;
      places.delete(key);
      this.#used -= place.series;
    }
  }

  #placesOf(subject: Subject): Map<string, Place> {
    let places = this.#places.get(subject);
    if (places === undefined) {
      places = new Map();
      this.#places.set(subject, places);
    }
    return places;
  }
}

/** Of the first `count` labels. A scrape asks tens of thousands of times, mostly for one label. */
export function labelKey(labels: readonly string[], count: number): string {
  if (count === 1) return labels[0] ?? '';
  return count === labels.length ? labels.join('\0') : labels.slice(0, count).join('\0');
}
