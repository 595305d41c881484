import type { Wire, WireHandler } from '../../src/ports/transport';

/** The byte at offset `at` of stream `id`; two streams agree in almost no byte. */
function byteOf(id: number, at: number): number {
  return (at + (at >> 8) * 13 + (at >> 16) * 31 + id * 7) & 0xff;
}

function idOf(firstByte: number): number {
  for (let id = 0; id < 256; id++) if (byteOf(id, 0) === firstByte) return id;
  throw new Error('every byte starts a stream');
}

/** Sends one stream and checks every byte of the one that it receives, reading haltingly. */
export class StreamPeer implements WireHandler {
  readonly #wire: Wire;
  readonly #sendId: number;
  readonly #streamBytes: number;
  #sentBytes = 0;
  /** Whose stream this peer receives, as told by its first byte; -1 before. */
  senderId = -1;
  checkedBytes = 0;
  wrongBytes = 0;

  constructor(wire: Wire, how: { readonly sendId: number; readonly streamBytes: number }) {
    this.#wire = wire;
    this.#sendId = how.sendId;
    this.#streamBytes = how.streamBytes;
    wire.handler = this;
  }

  send(): void {
    while (this.#sentBytes < this.#streamBytes) {
      const block = Buffer.allocUnsafe(Math.min(100_000, this.#streamBytes - this.#sentBytes));
      for (let at = 0; at < block.length; at++) {
        block[at] = byteOf(this.#sendId, this.#sentBytes + at);
      }
      this.#sentBytes += block.length;
      if (!this.#wire.write(block)) return;
    }
  }

  received(buffer: Buffer, length: number): void {
    if (this.senderId === -1) this.senderId = idOf(buffer[0] ?? 0);
    for (let at = 0; at < length; at++) {
      if (buffer[at] !== byteOf(this.senderId, this.checkedBytes + at)) this.wrongBytes += 1;
    }
    this.checkedBytes += length;
    // Slow, so that the kernel's buffers are full most of the time.
    this.#wire.pause();
    const haltMs = 1 + ((this.checkedBytes >> 10) % 3) + 24 * ((length - 1) >> 16);
    setTimeout(() => this.#wire.resume(), haltMs);
  }

  drained(): void {
    this.send();
  }

  connected(): void {
    throw new Error('connected twice');
  }

  secured(): void {
    throw new Error('no TLS here');
  }

  ended(): void {
    this.#wire.end();
  }

  closed(): void {
    this.#sentBytes = this.#streamBytes;
  }
}
