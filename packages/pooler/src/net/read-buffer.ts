/** Size of every read buffer: what one read takes from the kernel at most. */
export const READ_BUFFER_BYTES = 64 * 1024;

/** Views of lengths up to this are kept: most statements and answers are shorter. */
const VIEW_BYTES_MAX = 512;

/** A private read buffer that is replaced once a queued write refers to it. */
export class ReadBuffer {
  bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #givenAway = false;
  #views: Buffer[] = [];

  /**
   * `bytes[start, end)`. Making a view takes longer than anything else that is done to a short message,
   * and messages have few different lengths: so views from the beginning are kept.
   */
  view(start: number, end: number): Buffer {
    if (start > 0 || end > VIEW_BYTES_MAX) return this.bytes.subarray(start, end);
    const known = this.#views[end];
    if (known !== undefined) return known;
    const view = this.bytes.subarray(0, end);
    this.#views[end] = view;
    return view;
  }

  /** The memory belongs to a queued write from now on: nothing may be read into it again. */
  giveAway(): void {
    this.#givenAway = true;
  }

  /** @returns a fresh buffer when the last one was given away; otherwise undefined. */
  next(): Buffer | undefined {
    if (!this.#givenAway) return undefined;
    this.#givenAway = false;
    this.bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    this.#views = [];
    return this.bytes;
  }
}

const shared = new ReadBuffer();

/**
 * The one read buffer of all accepted wires, so that idle clients hold none. It can't be given away,
 * because every accepted socket points at it: its bytes are copied before they are written.
 *
 * All read buffers own their ArrayBuffer (`allocUnsafeSlow`), so that the identity of the
 * ArrayBuffer tells where a view came from.
 */
export const sharedReadBuffer = shared.bytes;

const sharedMemory = sharedReadBuffer.buffer;

/** The private buffer whose bytes are being delivered. Deliveries never nest. */
let delivering: ReadBuffer | undefined;

/** Marks the buffer whose bytes are about to be delivered; undefined: the delivery is over. */
export function deliver(buffer: ReadBuffer | undefined): void {
  delivering = buffer;
}

/** Where bytes of the shared buffer are copied to; replaced when a queued write refers to it. */
const outgoing = new ReadBuffer();

/**
 * `bytes[start, end)` as one view for one write at once, out of reach of the reads of accepted wires:
 * the next call may overwrite it, unless `keepForQueue` was told to keep it.
 */
export function viewToWrite(bytes: Buffer, start: number, end: number): Buffer {
  if (delivering !== undefined && bytes === delivering.bytes) return delivering.view(start, end);
  if (bytes === sharedReadBuffer) {
    outgoing.bytes.set(shared.view(start, end));
    return outgoing.view(0, end - start);
  }
  if (bytes.buffer === sharedMemory) {
    outgoing.bytes.set(bytes.subarray(start, end));
    return outgoing.view(0, end - start);
  }
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
}

/** Call with bytes whose write did not finish at once: their memory must not be read into again. */
export function keepForQueue(bytes: Buffer): void {
  if (delivering !== undefined && bytes.buffer === delivering.bytes.buffer) delivering.giveAway();
  if (bytes.buffer === outgoing.bytes.buffer) {
    outgoing.giveAway();
    outgoing.next();
  }
}

/** Whether `bytes` are a view of a buffer that will be read into again. */
export function isBorrowed(bytes: Buffer): boolean {
  if (bytes.buffer === sharedMemory) return true;
  return delivering !== undefined && bytes.buffer === delivering.bytes.buffer;
}
