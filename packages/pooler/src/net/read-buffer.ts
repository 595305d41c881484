/** Size of every read buffer: what one read takes from the kernel at most. */
export const READ_BUFFER_BYTES = 64 * 1024;

/**
 * The one read buffer of all accepted wires, so that idle clients hold none. It can't be given away,
 * because every accepted socket points at it: its bytes are copied before they are written.
 *
 * All read buffers own their ArrayBuffer (`allocUnsafeSlow`), so that the identity of the
 * ArrayBuffer tells where a view came from.
 */
export const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

const sharedMemory = sharedReadBuffer.buffer;

/** A private read buffer that is replaced once a queued write refers to it. */
export class ReadBuffer {
  bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  #givenAway = false;

  /** The memory belongs to a queued write from now on: nothing may be read into it again. */
  giveAway(): void {
    this.#givenAway = true;
  }

  /** @returns a fresh buffer when the last one was given away; otherwise undefined. */
  next(): Buffer | undefined {
    if (!this.#givenAway) return undefined;
    this.#givenAway = false;
    this.bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    return this.bytes;
  }
}

/** The private buffer whose bytes are being delivered. Deliveries never nest. */
let delivering: ReadBuffer | undefined;

/** Marks the buffer whose bytes are about to be delivered; undefined: the delivery is over. */
export function deliver(buffer: ReadBuffer | undefined): void {
  delivering = buffer;
}

/** Where bytes of the shared buffer are copied to; replaced when a queued write refers to it. */
const outgoing = new ReadBuffer();

/**
 * The same bytes, out of reach of the reads of accepted wires. The result is for one write at once:
 * the next call overwrites it, unless `keepForQueue` was told to keep it.
 */
export function detachFromShared(bytes: Buffer): Buffer {
  if (bytes.buffer !== sharedMemory) return bytes;
  outgoing.bytes.set(bytes);
  return outgoing.bytes.subarray(0, bytes.length);
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
