/** The units of CloudWatch that we use. */
export type EmfUnit = 'Count' | 'Microseconds' | 'Percent';

export interface EmfMetric {
  readonly name: string;
  readonly unit: EmfUnit;
  readonly value: number;
}

/** Metrics of one thing, at one moment. */
export interface EmfRecord {
  /** What it is: names and values. */
  readonly dimensions: Readonly<Record<string, string>>;
  readonly metrics: readonly EmfMetric[];
}

/** What CloudWatch takes at most of one dimension. */
const DIMENSION_CHARS_MAX = 1024;

/**
 * One line of JSON that CloudWatch Logs makes metrics of.
 *
 * @see CloudWatch documentation, "Specification: Embedded metric format"
 */
export function emfLine(
  { dimensions, metrics }: EmfRecord,
  { namespace, wallMs }: { readonly namespace: string; readonly wallMs: number },
): string {
  const named = Object.entries(dimensions).map(([name, value]) => [name, dimensionValue(value)]);
  const directive = {
    Namespace: namespace,
    Dimensions: [Object.keys(dimensions)],
    Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
  };
  return JSON.stringify({
    _aws: { Timestamp: Math.round(wallMs), CloudWatchMetrics: [directive] },
    ...Object.fromEntries(named),
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}

/** CloudWatch refuses others than printable ASCII, and a colon in front. */
function dimensionValue(value: string): string {
  const ascii = value
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/^:/, '?')
    .slice(0, DIMENSION_CHARS_MAX);
  return ascii.trim() === '' ? '?' : ascii;
}
