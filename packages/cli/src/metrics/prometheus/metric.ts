import type { HistogramView } from '@pgweir/pooler';
import type { Scene } from '../../admin/show/item';
import type { Standing } from '../../http/readiness';

/** All that metrics are made from. Plain data of one moment. */
export interface MetricScene extends Scene {
  readonly standing: Standing;
  readonly limits: SeriesUse;
}

/** How much of `metrics_series_max` is in use. */
export interface SeriesUse {
  readonly series: number;
  readonly seriesMax: number;
  /** Databases, pools and servers that have no series of their own. */
  readonly folded: number;
}

/** What becomes of the samples of one label set: added up, the largest stands, or there is none. */
export type Fold = 'sum' | 'max' | 'none';

/**
 * What the first labels of a metric name, of which there may be many: a `database`; a `pool`, by database
 * and user; a `server`, by database and server; a `host`, by server alone; a `sqlstate`; a `secret`, by
 * its place. `daemon`: there are only a few.
 */
export type Subject = 'daemon' | 'database' | 'pool' | 'server' | 'host' | 'sqlstate' | 'secret';

/** How many labels name a subject. */
export const SUBJECT_LABELS: Readonly<Record<Subject, number>> = {
  daemon: 0,
  database: 1,
  pool: 2,
  server: 2,
  host: 1,
  sqlstate: 1,
  secret: 1,
};

export interface Sample {
  /** In the order of the metric's `labels`. */
  readonly labels: readonly string[];
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: readonly string[];
  readonly value: HistogramView;
}

interface Described {
  readonly name: string;
  /** A sentence. */
  readonly help: string;
  readonly subject: Subject;
  /** Those of the subject first. */
  readonly labels: readonly string[];
  /** Of one subject, at most. */
  readonly series: number;
}

export type Metric = Described &
  (
    | {
        readonly type: 'counter' | 'gauge';
        readonly fold: Fold;
        /** Where what it is made of falls it stays; otherwise it falls as well, as if begun anew. */
        readonly staysUp: boolean;
        samples(scene: MetricScene): readonly Sample[];
      }
    | { readonly type: 'histogram'; histograms(scene: MetricScene): readonly HistogramSample[] }
  );

interface Options {
  readonly subject?: Subject;
  readonly labels?: readonly string[];
  readonly series?: number;
  readonly fold?: Fold;
  readonly staysUp?: boolean;
}

type Samples = (scene: MetricScene) => readonly Sample[];

function described(name: string, help: string, options: Options): Described {
  const { subject = 'daemon', labels = [], series = 1 } = options;
  return { name, help, subject, labels, series };
}

/** What never falls, unless it has to begin anew. Its name ends in `_total`. */
export function counter(
  name: string,
  help: string,
  samples: Samples,
  options: Options = {},
): Metric {
  const { staysUp = true } = options;
  return { ...described(name, help, options), type: 'counter', fold: 'sum', staysUp, samples };
}

/** What is so at the moment. */
export function gauge(name: string, help: string, samples: Samples, options: Options = {}): Metric {
  const { fold = 'sum' } = options;
  return { ...described(name, help, options), type: 'gauge', fold, staysUp: false, samples };
}

/** How long something took, in seconds. */
export function histogram(
  name: string,
  help: string,
  histograms: (scene: MetricScene) => readonly HistogramSample[],
  options: Options = {},
): Metric {
  return { ...described(name, help, options), type: 'histogram', histograms };
}

/** One value without labels. */
export function only(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ labels: [], value }];
}

export const flag = (isSo: boolean): number => (isSo ? 1 : 0);
