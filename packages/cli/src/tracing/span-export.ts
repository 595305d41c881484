import type { ObservedTransaction } from '@pgweir/pooler';
import type { TracingSettings } from '../config/daemon-config';
import { VERSION } from '../version';
import { countingExporter, type ExportNews } from './counting-exporter';
import type { TracingLibrary } from './library';
import { parentOf, spanOf } from './span-of';

/** Spans that wait for their turn, at most: what comes then is dropped. */
export const QUEUED_MAX = 2048;
const BATCH_MAX = 512;
const BATCH_DELAY_MS = 2_000;
/** For one batch, what is tried again included. */
const EXPORT_MS = 10_000;
/** As the exporter may need for its last words. */
const DEADLINE_MS = 15_000;

/** Who we are, for the collector. */
export type TraceSource = Readonly<Record<string, string | number>>;

export interface SpanExport {
  add(transaction: ObservedTransaction): void;
  /** Sends what is queued. */
  close(): Promise<void>;
}

/** Sends spans to a collector, in batches. */
export function openExport(
  { api, sdk, resources, otlp }: TracingLibrary,
  settings: TracingSettings,
  { source, news }: { readonly source: TraceSource; readonly news: ExportNews },
): SpanExport {
  const exporter = new otlp.OTLPTraceExporter({
    url: settings.endpoint,
    headers: { ...settings.headers },
    timeoutMillis: EXPORT_MS,
    concurrencyLimit: 2,
  });
  const { detectResources, envDetector, resourceFromAttributes } = resources;
  const provider = new sdk.BasicTracerProvider({
    sampler: new sdk.AlwaysOnSampler(),
    resource: detectResources({ detectors: [envDetector] }).merge(
      resourceFromAttributes({
        ...source,
        'service.name': settings.serviceName,
        'service.version': VERSION,
      }),
    ),
    spanProcessors: [
      new sdk.BatchSpanProcessor(countingExporter(exporter, DEADLINE_MS, news), {
        maxQueueSize: QUEUED_MAX,
        maxExportBatchSize: BATCH_MAX,
        scheduledDelayMillis: BATCH_DELAY_MS,
        exportTimeoutMillis: DEADLINE_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('pgweir', VERSION);
  return {
    add: (transaction) => {
      const { name, options, error, events } = spanOf(transaction, api);
      const span = tracer.startSpan(name, options, parentOf(transaction, api));
      for (const { event, atMs, attributes } of events) span.addEvent(event, attributes, atMs);
      if (error !== undefined) span.setStatus({ code: api.SpanStatusCode.ERROR, message: error });
      span.end(transaction.endedAtMs);
    },
    close: () => provider.shutdown(),
  };
}
