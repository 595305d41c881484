import { parseTraceParent } from '../../src/tracing/trace-parent';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('the ids and the sampled flag are read', () => {
  expect(parseTraceParent(`00-${TRACE}-${SPAN}-01`)).toEqual({
    traceId: TRACE,
    spanId: SPAN,
    isSampled: true,
  });
  expect(parseTraceParent(`00-${TRACE}-${SPAN}-00`)?.isSampled).toBe(false);
});

test('of the flags only the last bit means sampled', () => {
  expect(parseTraceParent(`00-${TRACE}-${SPAN}-03`)?.isSampled).toBe(true);
  expect(parseTraceParent(`00-${TRACE}-${SPAN}-fe`)?.isSampled).toBe(false);
});

test('a later version may have more behind it, and is read as the first', () => {
  expect(parseTraceParent(`01-${TRACE}-${SPAN}-01`)?.spanId).toBe(SPAN);
  expect(parseTraceParent(`cc-${TRACE}-${SPAN}-01-what-the-future-is`)?.traceId).toBe(TRACE);
});

test.each([
  ['nothing', ''],
  ['garbage', "'; DROP TABLE t; --"],
  ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['another version that must not be', `ff-${TRACE}-${SPAN}-01`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['a span of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['a long span', `00-${TRACE}-${SPAN}0-01`],
  ['no flags', `00-${TRACE}-${SPAN}`],
  ['more behind the first version', `00-${TRACE}-${SPAN}-01-more`],
  ['something behind a later one without a dash', `01-${TRACE}-${SPAN}-01more`],
  ['far too much behind a later one', `01-${TRACE}-${SPAN}-01-${'x'.repeat(5000)}`],
  ['a line end behind it', `00-${TRACE}-${SPAN}-01\n`],
  ['blanks', ` 00-${TRACE}-${SPAN}-01 `],
  ['letters that are no digits', `00-${'g'.repeat(32)}-${SPAN}-01`],
  ['a NUL', `00-${TRACE}-${SPAN}-01\0`],
])('%s is none', (_, text) => {
  expect(parseTraceParent(text)).toBeUndefined();
});
