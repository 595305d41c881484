import type { Wire, WireHandler } from '@pgweir/pooler';
import type { ChannelEnd } from '../workers/channel';

/** Longer messages are a mistake: nothing that is told has more than a few hundred bytes. */
const LINE_BYTES_MAX = 1 << 20;
const NEWLINE = 0x0a;

/** The end of a channel over a connected socket: one line of JSON for each message. */
export class WireEnd implements ChannelEnd {
  readonly #wire: Wire;
  #connected = true;
  #received: (message: unknown) => void = nothing;
  #rest: Buffer = Buffer.alloc(0);

  /** `gone` is called once, when either side has closed the socket. */
  constructor(wire: Wire, gone: () => void) {
    this.#wire = wire;
    const handler: WireHandler = {
      connected: nothing,
      secured: nothing,
      drained: nothing,
      received: (buffer, length) => this.#read(buffer.subarray(0, length)),
      ended: () => this.close(),
      closed: () => {
        this.#connected = false;
        gone();
      },
    };
    wire.handler = handler;
  }

  get connected(): boolean {
    return this.#connected;
  }

  send(message: unknown, sent: () => void): void {
    // Little is said: whether the system takes it at once does not matter.
    this.#wire.write(Buffer.from(`${JSON.stringify(message)}\n`));
    sent();
  }

  onMessage(received: (message: unknown) => void): void {
    this.#received = received;
  }

  close(): void {
    this.#connected = false;
    this.#wire.destroy();
  }

  /** @returns false when it makes no sense: whoever sent it is not one of us */
  #take(line: Buffer): boolean {
    let message: unknown;
    try {
      message = JSON.parse(line.toString());
    } catch {
      return false;
    }
    if (typeof message !== 'object' || message === null) return false;
    this.#received(message);
    return true;
  }

  #read(borrowed: Buffer): void {
    let rest = Buffer.concat([this.#rest, borrowed]);
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const line = rest.subarray(0, end);
      rest = rest.subarray(end + 1);
      if (!this.#take(line)) this.close();
      if (!this.#connected) return;
    }
    this.#rest = rest;
    if (rest.length > LINE_BYTES_MAX) this.close();
  }
}

function nothing(): void {
  // Nobody waits for it.
}
