import { countOf, HISTOGRAM_BOUNDS_US, type HistogramView, mergeHistograms } from '@pgweir/pooler';
import { type Metric, type MetricScene, SUBJECT_LABELS } from './metric';
import { NeverFalling, NeverFallingHistogram } from './never-falling';
import { labelKey, OTHERS, type SeriesPlaces } from './series-places';

/**
 * As `prom-client` writes them. It remembers the text of `sharedLabels` as long as they are the same
 * object, and makes that of `labels` each time: so all of them are there. The same ones serve each scrape.
 */
export interface SeriesValue {
  readonly metricName?: string;
  readonly labels: Labels;
  readonly sharedLabels: Labels;
  value: number;
}

type Labels = Readonly<Record<string, string>>;

const NO_LABELS: Labels = {};
/** For so many scrapes what is not there any more is remembered. */
const ABSENT_MAX = 3;
const BUCKETS: readonly Labels[] = [
  ...HISTOGRAM_BOUNDS_US.map((us) => ({ le: String(us / 1e6) })),
  { le: '+Inf' },
];

/** What one set of labels becomes. */
interface Shape<Value> {
  readonly add: (a: Value, b: Value) => Value;
  readonly guard: () => Row<Value>['guard'];
  readonly lines: (labels: Labels) => readonly SeriesValue[];
  readonly fill: (lines: readonly SeriesValue[], value: Value) => void;
}

interface Row<Value> {
  readonly lines: readonly SeriesValue[];
  readonly guard: { next(value: Value): Value };
  value: Value;
  scrape: number;
}

/** The time series of one metric. */
export interface Series {
  /** Of this moment; good until the next time. */
  values(scene: MetricScene, places: SeriesPlaces): readonly SeriesValue[];
}

export function seriesOf(metric: Metric): Series {
  if (metric.type === 'histogram') {
    const rows = new Rows<HistogramView>(metric, {
      add: (a, b) => mergeHistograms([a, b]),
      guard: () => new NeverFallingHistogram(),
      lines: (labels) => histogramLines(metric.name, labels),
      fill: fillHistogram,
    });
    return { values: (scene, places) => rows.of(metric.histograms(scene), places) };
  }
  const { fold, staysUp } = metric;
  const rows = new Rows<number>(metric, {
    add: fold === 'max' ? Math.max : (a, b) => a + b,
    guard: () => (staysUp ? new NeverFalling() : AS_IT_IS),
    lines: (sharedLabels) => [{ labels: NO_LABELS, sharedLabels, value: 0 }],
    fill: ([line], value) => {
      if (line !== undefined) line.value = value;
    },
  });
  return { values: (scene, places) => rows.of(metric.samples(scene), places) };
}

const AS_IT_IS = { next: (value: number): number => value };

interface Labelled<Value> {
  readonly labels: readonly string[];
  readonly value: Value;
}

/** One row for each set of labels. */
class Rows<Value> {
  readonly #metric: Metric;
  readonly #shape: Shape<Value>;
  readonly #rows = new Map<string, Row<Value>>();
  #scrape = 0;

  constructor(metric: Metric, shape: Shape<Value>) {
    this.#metric = metric;
    this.#shape = shape;
  }

  of(samples: readonly Labelled<Value>[], places: SeriesPlaces): readonly SeriesValue[] {
    this.#scrape++;
    for (const { labels, value } of samples) {
      const own = this.#folded(labels, places);
      if (own !== undefined) this.#take(own, value);
    }
    const all: SeriesValue[] = [];
    for (const [key, row] of this.#rows) {
      if (row.scrape === this.#scrape) {
        this.#shape.fill(row.lines, row.guard.next(row.value));
        all.push(...row.lines);
      } else if (this.#scrape - row.scrape > ABSENT_MAX) this.#rows.delete(key);
    }
    return all;
  }

  /** undefined: who has no series of its own is in none. */
  #folded(labels: readonly string[], places: SeriesPlaces): readonly string[] | undefined {
    const { subject } = this.#metric;
    if (places.has(subject, labels)) return labels;
    if (this.#metric.type !== 'histogram' && this.#metric.fold === 'none') return undefined;
    const named = SUBJECT_LABELS[subject];
    return labels.map((label, at) => (at < named ? OTHERS : label));
  }

  #take(labels: readonly string[], value: Value): void {
    const key = labelKey(labels, labels.length);
    const row = this.#rows.get(key);
    if (row === undefined) {
      const { guard, lines } = this.#shape;
      const named = this.#metric.labels.map((name, at) => [name, labels[at] ?? '']);
      const made = lines(Object.fromEntries(named));
      this.#rows.set(key, { lines: made, guard: guard(), value, scrape: this.#scrape });
    } else if (row.scrape === this.#scrape) row.value = this.#shape.add(row.value, value);
    else {
      row.scrape = this.#scrape;
      row.value = value;
    }
  }
}

/** The buckets, and behind them the sum and the count. */
function histogramLines(name: string, labels: Labels): readonly SeriesValue[] {
  const line = (metricName: string, sharedLabels: Labels): SeriesValue => ({
    ...{ metricName, labels: NO_LABELS, sharedLabels, value: 0 },
  });
  return [
    ...BUCKETS.map((bucket) => line(`${name}_bucket`, { ...bucket, ...labels })),
    line(`${name}_sum`, labels),
    line(`${name}_count`, labels),
  ];
}

function fillHistogram(lines: readonly SeriesValue[], view: HistogramView): void {
  const values = [...view.cumulative, view.sumUs / 1e6, countOf(view)];
  lines.forEach((line, at) => {
    line.value = values[at] ?? 0;
  });
}
