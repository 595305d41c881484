import { nativeBytes } from './signatures';
import { systemCalls } from './system-calls';

const CLOCK_MONOTONIC = 1;
/** `timespec`: seconds and nanoseconds, of 64 bits each. */
const TIME_BYTES = 16;

/** Microseconds of CLOCK_MONOTONIC, which all processes of a machine share. @throws as `systemCalls` */
export function monotonicUs(): bigint {
  const time = nativeBytes(TIME_BYTES);
  systemCalls().must('clock_gettime', CLOCK_MONOTONIC, time);
  return time.readBigInt64LE(0) * 1_000_000n + time.readBigInt64LE(8) / 1000n;
}
