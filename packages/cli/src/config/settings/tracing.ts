import { fraction, httpEndpoint, httpHeaders, text, wholeNumber } from '../value-types';
import { setting } from './row';

/** Spans of OpenTelemetry for transactions. */
export const TRACING = {
  trace_endpoint: setting(httpEndpoint, {
    notBySet: true,
    help:
      'Our own. Collector of OpenTelemetry (OTLP over HTTP) that gets a span for each sampled transaction, as ' +
      'http://127.0.0.1:4318/v1/traces. Not set: no traces. Cannot be changed by SET. See docs/tracing.md.',
  }),
  trace_headers: setting(httpHeaders, {
    secret: true,
    notBySet: true,
    help:
      'Our own. Headers for requests to trace_endpoint, as authorization=Bearer%20abc, with commas between. ' +
      'Never shown. Cannot be changed by SET.',
  }),
  trace_service_name: setting(text({ bytesMax: 255 }), {
    default: 'pgweir',
    help: 'Our own. The service.name of these spans.',
  }),
  trace_sample: setting(fraction, {
    default: '0.01',
    help:
      'Our own. Part of the transactions that is sampled, 0 to 1, of those without a traceparent. Where a client ' +
      'sends one, its sampled flag decides.',
  }),
  trace_max_per_second: setting(wholeNumber({ min: 1, max: 100_000 }), {
    default: '100',
    help:
      'Our own. No more spans than that are made in a second, by all workers together, whatever traceparents say. ' +
      'Each worker has an equal part, and 1 at least.',
  }),
};
