import { setImmediate as turn } from 'node:timers/promises';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Scene } from '../../admin/show/item';
import type { Standing } from '../../http/readiness';
import type { Metric } from './metric';
import { type Series, type SeriesValue, seriesOf } from './series';
import { SeriesPlaces } from './series-places';
import { METRICS } from './table';

interface Evaluated {
  readonly metric: Metric;
  readonly series: Series;
}

/** Traffic need not wait for all of it. */
const TURN_MS = 2;

const lastOf = ({ metric }: Evaluated): number =>
  metric.name.startsWith('pgweir_metrics_') ? 1 : 0;

/** Makes Prometheus's text of what the daemon was at one moment. */
export class Exposition {
  readonly #registry = new Registry();
  readonly #places = new SeriesPlaces(METRICS);
  readonly #all: readonly Evaluated[];
  /** Of the metric that is being written. */
  #values: readonly SeriesValue[] = [];

  constructor() {
    this.#all = METRICS.map((metric) => ({ metric, series: seriesOf(metric) }));
    for (const metric of METRICS) this.#register(metric);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** One after the other: whoever asks waits for the one before. */
  async text(scene: Scene & { readonly standing: Standing }): Promise<string> {
    const places = this.#places;
    places.begin(scene.config.http.seriesMax);
    this.#letInByUse(scene);
    const parts: string[] = [];
    let sinceMs = performance.now();
    // Who has no series of its own is known only at the end.
    for (const { metric, series } of [...this.#all].sort((a, b) => lastOf(a) - lastOf(b))) {
      const full = { ...scene, limits: places.use };
      this.#values = series.values(full, places);
      parts.push(await this.#registry.getSingleMetricAsString(metric.name));
      if (performance.now() - sinceMs < TURN_MS) continue;
      await turn();
      sinceMs = performance.now();
    }
    this.#values = [];
    return `${parts.join('\n\n')}\n`;
  }

  /** Where there are too many for all of them at once, the busiest are the first. */
  #letInByUse({ picture }: Scene): void {
    const byUse = [...picture.stats].sort((a, b) => b.transactions - a.transactions);
    for (const { database } of byUse) {
      if (!this.#places.has('database', [database])) return;
    }
  }

  /** The library's own metrics count by themselves; here values come from a snapshot. */
  #register(metric: Metric): void {
    const made = libraryMetric(metric);
    const described = made.get();
    const get = async () => ({
      ...(await described),
      values: [...this.#values],
    });
    Object.assign(made, { get, getForPromString: get });
    this.#registry.registerMetric(made);
  }
}

function libraryMetric({ help, labels, name, type }: Metric): Counter | Gauge | Histogram {
  const options = { name, help, labelNames: labels, registers: [] };
  switch (type) {
    case 'counter':
      return new Counter(options);
    case 'gauge':
      return new Gauge(options);
    case 'histogram':
      return new Histogram(options);
  }
}
