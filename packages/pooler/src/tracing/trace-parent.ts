import type { TraceParent } from '../ports/transaction-observer';

const PATTERN = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,100})?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 0x01;

/**
 * Version 00 is as long as it is; later ones may have more behind another dash.
 *
 * @returns undefined for whatever the specification says is to be ignored
 * @see W3C Trace Context, anchors traceparent-header-field-values and versioning-of-traceparent
 */
export function parseTraceParent(text: string): TraceParent | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', more] = match;
  if (version === 'ff' || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  if (version === '00' && more !== undefined) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}
