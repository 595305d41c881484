import { randomInt } from 'node:crypto';

/** Process ids that clients are told say which worker they came from in these bits. */
const WORKER_BITS = 10;
const OWN_BITS = 31 - WORKER_BITS;

/** Workers that live at the same time must differ in their numbers modulo this. */
export const WORKER_NUMBERS_APART = 1 << WORKER_BITS;

/** A number for a client, from 1 to 2^31 - 1. `worker` undefined: there are no others. */
export function randomProcessId(worker: number | undefined): number {
  if (worker === undefined) return randomInt(1, 0x7fffffff);
  const high = (worker % WORKER_NUMBERS_APART) << OWN_BITS;
  return high + randomInt(1, 1 << OWN_BITS);
}

/** The number, modulo `WORKER_NUMBERS_APART`, of the worker that may have given `processId` out. */
export function workerOf(processId: number): number {
  return processId >>> OWN_BITS;
}
