import type { Wire } from '../ports/transport';

/** Whether we read from a client, and whether its wire is still there to be asked. */
export class ClientReading {
  paused = false;
  /** The wire has been closed: nothing can be read or written any more. */
  gone = false;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  pause(): void {
    if (this.paused || this.gone) return;
    this.paused = true;
    this.#wire.pause();
  }

  resume(): void {
    if (!this.paused || this.gone) return;
    this.paused = false;
    this.#wire.resume();
  }
}
