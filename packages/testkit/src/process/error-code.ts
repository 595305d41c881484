/**
 * The system's code of an error (`ENOENT`, `ESRCH` …). Not by `instanceof Error`: a test runner gives
 * tests an `Error` of their own, and Node's errors are not instances of that one.
 */
export function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
