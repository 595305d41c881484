import type { Wire, WireHandler } from '../../src/ports/transport';

/** Reads after the first write that stayed queued, until the side stops reading. */
const READS_WHILE_STALLED = 3;

/**
 * One direction of a relay. It forwards each chunk as three views of the read buffer, and reads on
 * for a while although a write is queued, so that views of several reads are queued at once.
 */
export class RelaySide implements WireHandler {
  readonly #from: Wire;
  readonly #to: Wire;
  #stalledReads = 0;
  #back: RelaySide | undefined;
  queuedWrites = 0;
  isClosed = false;

  static join(client: Wire, server: Wire): [RelaySide, RelaySide] {
    const up = new RelaySide(client, server);
    const down = new RelaySide(server, client);
    up.#back = down;
    down.#back = up;
    return [up, down];
  }

  private constructor(from: Wire, to: Wire) {
    this.#from = from;
    this.#to = to;
    from.handler = this;
  }

  received(buffer: Buffer, length: number): void {
    const third = Math.floor(length / 3);
    this.#forward(buffer.subarray(0, third));
    this.#forward(buffer.subarray(third, 2 * third));
    this.#forward(buffer.subarray(2 * third, length));
    if (!this.#to.congested) return;
    this.#stalledReads += 1;
    if (this.#stalledReads > READS_WHILE_STALLED) this.#from.pause();
  }

  #forward(view: Buffer): void {
    if (!this.#to.write(view)) this.queuedWrites += 1;
  }

  /** The other side can forward again. */
  drained(): void {
    this.#back?.goOn();
  }

  goOn(): void {
    this.#stalledReads = 0;
    this.#from.resume();
  }

  connected(): void {
    throw new Error('connected twice');
  }

  secured(): void {
    throw new Error('no TLS here');
  }

  ended(): void {
    this.#to.end();
  }

  closed(): void {
    this.isClosed = true;
    this.#to.destroy();
  }
}
