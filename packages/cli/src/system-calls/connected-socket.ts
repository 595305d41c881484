import { nativeBytes } from './signatures';
import { systemCalls } from './system-calls';

const POLLIN = 1;
const SHUT_WR = 1;
const MSG_DONTWAIT = 0x40;
/** EINTR, EAGAIN */
const NOT_YET = [4, 11];
const POLL_BYTES = 8;
const POLL_RESULT = 6;
/** Read and thrown away at a time, and how often in a row. */
const DISCARD_BYTES = 64 * 1024;
const READS_MAX = 64;

let trash: Buffer | undefined;

/** Says to the other side that nothing more will come. */
export function endWriting(descriptor: number): void {
  // The connection may be broken already: then there is nobody to tell.
  systemCalls().native.call('shutdown', descriptor, SHUT_WR);
}

/**
 * Throws away what has arrived, without waiting.
 *
 * @returns whether the other side is gone: no more will come
 */
export function discardArrived(descriptor: number): boolean {
  const { native } = systemCalls();
  trash ??= nativeBytes(DISCARD_BYTES);
  const question = nativeBytes(POLL_BYTES);
  for (let reads = 0; reads < READS_MAX; reads++) {
    question.writeInt32LE(descriptor, 0);
    question.writeInt16LE(POLLIN, 4);
    native.call('poll', question, 1, 0);
    // Also set: POLLHUP, POLLERR, POLLNVAL, all of which a read finds out about.
    if (question.readInt16LE(POLL_RESULT) === 0) return false;
    const length = native.call('recv', descriptor, trash, trash.length, MSG_DONTWAIT);
    if (length === 0) return true;
    if (length < 0) return !NOT_YET.includes(native.errno());
  }
  return false;
}
