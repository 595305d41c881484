import type { Address, Listener, Transport, Wire, WireHandler } from '@pgweir/pooler';

const HERE: Address = { kind: 'tcp', host: '127.0.0.1', port: 6432 };

/** Takes what was written to a wire. */
export type Written = (wire: MemoryWire, bytes: Buffer, start: number, end: number) => void;

/** A socket that costs nothing: what is written to it is shown to somebody, and forgotten. */
export class MemoryWire implements Wire {
  readonly remote = HERE;
  readonly local = HERE;
  readonly tls = undefined;
  readonly congested = false;
  readonly descriptor = undefined;
  handler: WireHandler;
  readonly #written: Written;

  constructor(handler: WireHandler, written: Written) {
    this.handler = handler;
    this.#written = written;
  }

  write(bytes: Buffer, start = 0, end = bytes.length): boolean {
    this.#written(this, bytes, start, end);
    return true;
  }

  pause(): void {
    throw new Error('nobody here is slow');
  }

  resume(): void {
    // Nothing is ever paused.
  }

  end(): void {
    throw new Error('the pooler has closed a connection');
  }

  destroy(): void {
    this.end();
  }

  startServerTls(): void {
    throw new Error('nobody asked for TLS');
  }

  startClientTls(): void {
    this.startServerTls();
  }
}

/** Connections in memory. What a wire to PostgreSQL is sent goes to `written`. */
export class MemoryTransport implements Transport {
  readonly #written: Written;
  #accepted: ((wire: Wire) => void) | undefined;

  constructor(written: Written) {
    this.#written = written;
  }

  listen(address: Address, _: unknown, accepted: (wire: Wire) => void): Promise<Listener> {
    this.#accepted = accepted;
    return Promise.resolve({ address, tune: () => undefined, close: () => Promise.resolve() });
  }

  connect(_address: Address, _options: unknown, handler: WireHandler): Wire {
    const wire = new MemoryWire(handler, this.#written);
    setImmediate(() => wire.handler.connected());
    return wire;
  }

  /** A client has connected, who takes what it is sent with `written`. */
  accept(written: Written): MemoryWire {
    const nobody: WireHandler = {
      connected: () => undefined,
      secured: () => undefined,
      received: () => undefined,
      drained: () => undefined,
      ended: () => undefined,
      closed: () => undefined,
    };
    const wire = new MemoryWire(nobody, written);
    this.#accepted?.(wire);
    return wire;
  }
}
