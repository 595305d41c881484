import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { countingExporter } from '../../src/tracing/counting-exporter';

type Done = Parameters<SpanExporter['export']>[1];

/** One batch of two spans, and what is said of it. `end` ends it as the exporter of OpenTelemetry does. */
function batch(): { readonly said: string[]; readonly end: Done } {
  const said: string[] = [];
  let end: Done = () => undefined;
  const exporter = countingExporter(
    {
      export: (_spans, done) => {
        end = done;
      },
      shutdown: async () => undefined,
    },
    1000,
    {
      exported: (spans) => said.push(`exported ${spans}`),
      failed: (spans, reason) => said.push(`failed ${spans}: ${reason}`),
    },
  );
  const spans: Parameters<SpanExporter['export']>[0] = Array(2);
  exporter.export(spans, ({ code }) => said.push(`code ${code}`));
  return { said, end };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('what the collector has taken is exported', () => {
  const { said, end } = batch();
  end({ code: 0 });
  expect(said).toEqual(['exported 2', 'code 0']);
});

test('what it has refused has failed, with its reason', () => {
  const { said, end } = batch();
  end({ code: 1, error: new Error('Bad Gateway') });
  expect(said).toEqual(['failed 2: Bad Gateway', 'code 1']);
});

test('what is not answered in time has failed, and what comes then counts no more', () => {
  const { said, end } = batch();
  jest.advanceTimersByTime(999);
  expect(said).toEqual([]);
  jest.advanceTimersByTime(1);
  end({ code: 0 });
  expect(said).toEqual(['failed 2: the collector does not answer', 'code 1']);
});
