import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

/** What becomes of batches. */
export interface ExportNews {
  exported(spans: number): void;
  /** `reason` is for the log. */
  failed(spans: number, reason: string): void;
}

/** As `exporter`, which says of each batch what has become of it, within `deadlineMs` and only once. */
export function countingExporter(
  exporter: SpanExporter,
  deadlineMs: number,
  news: ExportNews,
): SpanExporter {
  return {
    export: (spans, done) => {
      let isOver = false;
      const end = (error: Error | undefined): void => {
        if (isOver) return;
        isOver = true;
        clearTimeout(timer);
        if (error === undefined) news.exported(spans.length);
        else news.failed(spans.length, error.message);
        done(error === undefined ? { code: 0 } : { code: 1, error });
      };
      const timer = setTimeout(() => end(new Error('the collector does not answer')), deadlineMs);
      timer.unref();
      exporter.export(spans, ({ code, error }) => {
        if (code === 0) end(undefined);
        else end(error ?? new Error('the collector has refused it'));
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  };
}
