/** The libraries of OpenTelemetry, which are loaded only where traces are wanted. */
export interface TracingLibrary {
  readonly api: typeof import('@opentelemetry/api');
  readonly sdk: typeof import('@opentelemetry/sdk-trace-base');
  readonly resources: typeof import('@opentelemetry/resources');
  readonly otlp: typeof import('@opentelemetry/exporter-trace-otlp-http');
}

/** Loads them, which takes a tenth of a second, in steps between which traffic goes on. */
export async function tracingLibrary(): Promise<TracingLibrary> {
  const api = await import('@opentelemetry/api');
  const sdk = await import('@opentelemetry/sdk-trace-base');
  const resources = await import('@opentelemetry/resources');
  const otlp = await import('@opentelemetry/exporter-trace-otlp-http');
  return { api, sdk, resources, otlp };
}
