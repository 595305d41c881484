import { ProtocolViolation } from './errors';

/** Tag and length of a typed message: the bytes before its body. */
export const HEADER_BYTES = 5;

/**
 * Finds the frames of a byte stream without copying bodies. The caller walks a chunk: `readHeader` at
 * a frame's start, then takes `bodyLeft` bytes as they come (`takeBody`), then the next header.
 *
 * A header that the chunk cuts is held (at most four bytes); `headerBytes` gives it once complete.
 *
 * @see PostgreSQL documentation, anchor protocol-message-formats
 */
export class FrameReader {
  /** First byte of the current frame. */
  tag = 0;
  /** Length of the current frame's body, bytes. */
  bodyLength = 0;
  /** Bytes of the current frame's body that have not been taken yet. 0: at a frame's boundary. */
  bodyLeft = 0;
  /** Bytes of a cut header that are held. 0 unless the last chunk ended inside a header. */
  heldLength = 0;
  /** True when the current frame's header came in two or more chunks. */
  headerWasCut = false;
  bodyBytesMax: number;
  /** Made when a header is cut for the first time: most connections never need it. */
  #held: Buffer | undefined;

  constructor(bodyBytesMax: number) {
    this.bodyBytesMax = bodyBytesMax;
  }

  /** Nothing of a frame has been seen without the rest of it. */
  get atBoundary(): boolean {
    return this.bodyLeft === 0 && this.heldLength === 0;
  }

  /**
   * Reads the header at `at`. Sets `tag`, `bodyLength`, `bodyLeft`, `headerWasCut`.
   *
   * @returns the offset behind the header, or -1 when `chunk[at, end)` ended first: those bytes are
   *   held and the next call completes them.
   * @throws ProtocolViolation (08P01) when the length is under 4 or the body over `bodyBytesMax`
   */
  readHeader(chunk: Buffer, at: number, end: number): number {
    if (this.heldLength === 0 && end - at >= HEADER_BYTES) {
      // Not `readInt32BE`, which looks at its arguments once more.
      const high = ((chunk[at + 1] ?? 0) << 24) | ((chunk[at + 2] ?? 0) << 16);
      this.#accept(chunk[at] ?? 0, high | ((chunk[at + 3] ?? 0) << 8) | (chunk[at + 4] ?? 0));
      this.headerWasCut = false;
      return at + HEADER_BYTES;
    }
    const missing = HEADER_BYTES - this.heldLength;
    const taken = Math.min(missing, end - at);
    this.#held ??= Buffer.alloc(HEADER_BYTES);
    const held = this.#held;
    chunk.copy(held, this.heldLength, at, at + taken);
    this.heldLength += taken;
    if (taken < missing) return -1;
    this.heldLength = 0;
    this.headerWasCut = true;
    this.#accept(held[0] ?? 0, held.readInt32BE(1));
    return at + taken;
  }

  /** The current frame's header, made anew. The caller owns it. */
  headerBytes(): Buffer {
    const header = Buffer.allocUnsafe(HEADER_BYTES);
    header[0] = this.tag;
    header.writeInt32BE(this.bodyLength + 4, 1);
    return header;
  }

  /** The beginning of a header that was held, in a copy; it is held no more. */
  takeHeld(): Buffer {
    const held = Buffer.from(this.#held?.subarray(0, this.heldLength) ?? []);
    this.heldLength = 0;
    return held;
  }

  /** Takes as much of the body as `chunk[at, end)` has. Returns the offset behind it. */
  takeBody(at: number, end: number): number {
    const taken = Math.min(this.bodyLeft, end - at);
    this.bodyLeft -= taken;
    return at + taken;
  }

  /** Forgets everything, for a stream that starts anew. */
  reset(): void {
    this.bodyLength = 0;
    this.bodyLeft = 0;
    this.heldLength = 0;
    this.headerWasCut = false;
  }

  #accept(tag: number, length: number): void {
    const body = length - 4;
    if (body < 0 || body > this.bodyBytesMax)
      throw new ProtocolViolation('badFrameLength', tag, length);
    this.tag = tag;
    this.bodyLength = body;
    this.bodyLeft = body;
  }
}
