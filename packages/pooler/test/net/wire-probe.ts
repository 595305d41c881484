import type {
  Address,
  Listener,
  SocketOptions,
  TlsInfo,
  Transport,
  Wire,
  WireHandler,
} from '../../src/ports/transport';

export const PLAIN_OPTIONS: SocketOptions = { keepAlive: false, keepIdleSeconds: 0 };
export const LISTEN_OPTIONS = { ...PLAIN_OPTIONS, backlog: 511 };
export const ANY_V4: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 };

export type WireEvent = 'connected' | 'secured' | 'received' | 'drained' | 'ended' | 'closed';

/** A handler that remembers what happened, and lets a test wait for it and react to it. */
export class WireProbe implements WireHandler {
  /** Every event in order, repeated ones too. */
  readonly events: WireEvent[] = [];
  readonly chunks: Buffer[] = [];
  receivedBytes = 0;
  info: TlsInfo | undefined;
  cause: Error | undefined;
  /** Reactions, called after the event was remembered. */
  onConnected: (() => void) | undefined;
  onSecured: (() => void) | undefined;
  onReceived: ((buffer: Buffer, length: number) => void) | undefined;
  onDrained: (() => void) | undefined;
  onEnded: (() => void) | undefined;
  readonly #keep: boolean;
  readonly #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(how: { readonly keepChunks: boolean } = { keepChunks: true }) {
    this.#keep = how.keepChunks;
  }

  connected(): void {
    this.#note('connected');
    this.onConnected?.();
  }

  secured(info: TlsInfo): void {
    this.info = info;
    this.#note('secured');
    this.onSecured?.();
  }

  received(buffer: Buffer, length: number): void {
    this.receivedBytes += length;
    if (this.#keep) this.chunks.push(Buffer.from(buffer.subarray(0, length)));
    this.#note('received');
    this.onReceived?.(buffer, length);
  }

  drained(): void {
    this.#note('drained');
    this.onDrained?.();
  }

  ended(): void {
    this.#note('ended');
    this.onEnded?.();
  }

  closed(cause: Error | undefined): void {
    this.cause = cause;
    this.#note('closed');
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  count(event: WireEvent): number {
    return this.events.filter((each) => each === event).length;
  }

  saw(event: WireEvent): Promise<void> {
    return this.until(() => this.events.includes(event));
  }

  /** Resolves once `holds`, which is asked again after each event. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ holds, resolve });
    });
  }

  #note(event: WireEvent): void {
    this.events.push(event);
    // After the reaction, so that a waiting test sees its effect.
    queueMicrotask(() => {
      for (const waiting of this.#waiting) if (waiting.holds()) waiting.resolve();
    });
  }
}

/** Waits for something that no probe sees. */
export async function eventually(holds: () => boolean, withinMs = 5000): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > deadlineMs) throw new Error(`waited in vain for ${holds}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The `code` of a system or TLS error. */
export function codeOf(error: Error | undefined): string | undefined {
  return error !== undefined && 'code' in error ? String(error.code) : undefined;
}

/** Both ends of one connection; the listener is closed already. */
export interface WirePair {
  readonly client: Wire;
  readonly clientProbe: WireProbe;
  readonly server: Wire;
  readonly serverProbe: WireProbe;
}

export async function openPair(transport: Transport, address = ANY_V4): Promise<WirePair> {
  const serverProbe = new WireProbe();
  const { listener, wires } = await listenWith(transport, address, () => serverProbe);
  const clientProbe = new WireProbe();
  const client = transport.connect(listener.address, PLAIN_OPTIONS, clientProbe);
  await clientProbe.saw('connected');
  const server = await wires.next();
  await listener.close();
  return { client, clientProbe, server, serverProbe };
}

/** Drops both ends and waits until they are gone. */
export async function closePair(pair: WirePair): Promise<void> {
  pair.client.destroy();
  pair.server.destroy();
  await Promise.all([pair.clientProbe.saw('closed'), pair.serverProbe.saw('closed')]);
}

/** Accepted wires in the order of their arrival. */
export class AcceptedWires {
  readonly #ready: Wire[] = [];
  readonly #waiting: ((wire: Wire) => void)[] = [];

  add(wire: Wire): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#ready.push(wire);
    else waiting(wire);
  }

  next(): Promise<Wire> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}

export async function listenWith(
  transport: Transport,
  address: Address,
  handlerFor: (wire: Wire) => WireHandler,
): Promise<{ readonly listener: Listener; readonly wires: AcceptedWires }> {
  const wires = new AcceptedWires();
  const listener = await transport.listen(address, LISTEN_OPTIONS, (wire) => {
    wire.handler = handlerFor(wire);
    wires.add(wire);
  });
  return { listener, wires };
}
