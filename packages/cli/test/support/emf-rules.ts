/** What CloudWatch knows, of which we use some. */
const UNITS = new Set(
  `Seconds Microseconds Milliseconds Bytes Kilobytes Megabytes Gigabytes Terabytes Bits Kilobits
  Megabits Gigabits Terabits Percent Count Bytes/Second Kilobytes/Second Megabytes/Second
  Gigabytes/Second Terabytes/Second Bits/Second Kilobits/Second Megabits/Second Gigabits/Second
  Terabits/Second Count/Second None`.split(/\s+/),
);
const TWO_WEEKS_MS = 14 * 86_400_000;
const TWO_HOURS_MS = 2 * 3_600_000;
const LINE_BYTES_MAX = 256 * 1024;

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= max;

/**
 * What is wrong with a line, by the specification of the Embedded Metric Format and the limits of
 * PutMetricData; nothing: CloudWatch makes metrics of it.
 */
export function emfProblems(line: string, nowMs = Date.now()): readonly string[] {
  if (Buffer.byteLength(line) > LINE_BYTES_MAX) return ['the line is too long'];
  let root: unknown;
  try {
    root = JSON.parse(line);
  } catch {
    return ['no JSON'];
  }
  if (!isObject(root) || !isObject(root._aws)) return ['no _aws'];
  const { Timestamp, CloudWatchMetrics, ...rest } = root._aws;
  const found: string[] = Object.keys(rest).map((name) => `_aws.${name} is not known`);
  if (!Number.isSafeInteger(Timestamp)) found.push('Timestamp is no integer');
  else if (Number(Timestamp) < nowMs - TWO_WEEKS_MS || Number(Timestamp) > nowMs + TWO_HOURS_MS)
    found.push('Timestamp is out of range');
  if (!Array.isArray(CloudWatchMetrics) || CloudWatchMetrics.length === 0)
    return [...found, 'no CloudWatchMetrics'];
  for (const directive of CloudWatchMetrics as unknown[]) {
    if (isObject(directive)) found.push(...directiveProblems(directive, root));
    else found.push('a directive is no object');
  }
  return found;
}

function directiveProblems({ Namespace, Dimensions, Metrics, ...rest }: Json, root: Json) {
  const found = Object.keys(rest).map((name) => `${name} is not known`);
  if (!isText(Namespace, 255)) found.push('Namespace');
  else if (/^AWS\//i.test(Namespace) || /[^\w.\-/#: ]/.test(Namespace)) found.push('Namespace');
  if (!Array.isArray(Dimensions) || Dimensions.length === 0) found.push('Dimensions');
  else for (const set of Dimensions as unknown[]) found.push(...dimensionProblems(set, root));
  if (!Array.isArray(Metrics) || Metrics.length === 0 || Metrics.length > 100)
    found.push('Metrics');
  else for (const metric of Metrics as unknown[]) found.push(...metricProblems(metric, root));
  return found;
}

function dimensionProblems(set: unknown, root: Json): readonly string[] {
  if (!Array.isArray(set) || set.length === 0 || set.length > 30) return ['a set of dimensions'];
  if (new Set(set).size !== set.length) return ['a dimension stands twice'];
  return (set as unknown[]).flatMap((name) => {
    if (!isText(name, 255) || name.startsWith(':')) return ['the name of a dimension'];
    const value = root[name];
    const isFine =
      isText(value, 1024) &&
      /^[\x20-\x7e]+$/.test(value) &&
      value.trim() !== '' &&
      !value.startsWith(':');
    return isFine ? [] : [`the value of ${name}: ${JSON.stringify(value)}`];
  });
}

function metricProblems(metric: unknown, root: Json): readonly string[] {
  if (!isObject(metric)) return ['a metric is no object'];
  const { Name, Unit, StorageResolution, ...rest } = metric;
  if (!isText(Name, 1024)) return ['the name of a metric'];
  const found = Object.keys(rest).map((name) => `${Name}.${name} is not known`);
  if (Unit !== undefined && !UNITS.has(String(Unit))) found.push(`the unit of ${Name}`);
  if (StorageResolution !== undefined && StorageResolution !== 1 && StorageResolution !== 60)
    found.push(`the resolution of ${Name}`);
  const value = root[Name];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isFine = values.every((one) => typeof one === 'number' && Number.isFinite(one));
  if (values.length === 0 || values.length > 100 || !isFine) found.push(`the value of ${Name}`);
  return found;
}
