import { createNodeTransport } from '../../src/net';
import type { Wire, WireHandler } from '../../src/ports/transport';
import { ANY_V4, eventually, LISTEN_OPTIONS, PLAIN_OPTIONS } from './wire-probe';

const RELAYS = 16;
const BYTES_EACH_WAY = 3 * 1024 * 1024;

/** The byte at `at` of stream `id`; no two streams agree in more than one byte of 256. */
function byteOf(id: number, at: number): number {
  return (at + (at >> 8) * 13 + (at >> 16) * 31 + id * 7) & 0xff;
}

/** Sends one stream and checks another, byte by byte, reading in fits and starts. */
class Peer implements WireHandler {
  readonly #wire: () => Wire;
  readonly #sendId: number;
  readonly #expectId: () => number;
  #sent = 0;
  checked = 0;
  wrong = 0;

  constructor(wire: () => Wire, sendId: number, expectId: () => number) {
    this.#wire = wire;
    this.#sendId = sendId;
    this.#expectId = expectId;
  }

  send(): void {
    const wire = this.#wire();
    while (this.#sent < BYTES_EACH_WAY) {
      const block = Buffer.allocUnsafe(Math.min(100_000, BYTES_EACH_WAY - this.#sent));
      for (let at = 0; at < block.length; at++) block[at] = byteOf(this.#sendId, this.#sent + at);
      this.#sent += block.length;
      if (!wire.write(block)) return;
    }
  }

  received(buffer: Buffer, length: number): void {
    const id = this.#expectId();
    for (let at = 0; at < length; at++) {
      if (buffer[at] !== byteOf(id, this.checked + at)) this.wrong += 1;
    }
    this.checked += length;
    // A slow reader: the kernel's buffers fill up, so that writes of the relay stay queued.
    const wire = this.#wire();
    wire.pause();
    setTimeout(() => wire.resume(), (this.checked >> 4) % 3);
  }

  drained(): void {
    this.send();
  }

  connected(): void {
    this.send();
  }

  secured(): void {
    throw new Error('no TLS here');
  }

  ended(): void {
    this.#wire().end();
  }

  closed(cause: Error | undefined): void {
    if (cause !== undefined) throw cause;
  }
}

/** Forwards every chunk as several views of the read buffer, with back-pressure, both ways. */
function relay(from: Wire, to: Wire): WireHandler {
  return {
    connected: () => undefined,
    secured: () => undefined,
    received(buffer, length) {
      const third = Math.floor(length / 3);
      const first = to.write(buffer.subarray(0, third));
      const second = to.write(buffer.subarray(third, 2 * third));
      const rest = to.write(buffer.subarray(2 * third, length));
      if (!first || !second || !rest) from.pause();
      // Some of the time the first write is what stays queued, some of the time the last.
    },
    drained: () => to.resume(),
    ended: () => to.end(),
    closed: () => to.destroy(),
  };
}

test.each([
  { writes: 'handle', directWrites: true },
  { writes: 'socket', directWrites: false },
])(
  'slow readers behind a relay that writes to the $writes get their own bytes',
  async ({ directWrites }) => {
    const transport = createNodeTransport({ directWrites });
    const servers = new Map<Wire, Peer>();
    const backend = await transport.listen(ANY_V4, LISTEN_OPTIONS, (wire) => {
      const id = RELAYS + servers.size;
      // The stream's first byte tells which client is at the other end of this relay.
      let expectId: number | undefined;
      const peer = new Peer(
        () => wire,
        id,
        () => expectId ?? 0,
      );
      servers.set(wire, peer);
      wire.handler = {
        connected: () => undefined,
        secured: () => undefined,
        received(buffer, length) {
          expectId ??= clientOf(buffer[0]);
          peer.received(buffer, length);
        },
        drained: () => peer.drained(),
        ended: () => peer.ended(),
        closed: (cause) => peer.closed(cause),
      };
      peer.send();
    });
    const pooler = await transport.listen(ANY_V4, LISTEN_OPTIONS, (client) => {
      const waiting: WireHandler = {
        connected() {
          client.handler = relay(client, server);
          server.handler = relay(server, client);
          client.resume();
        },
        secured: () => undefined,
        received: () => undefined,
        drained: () => undefined,
        ended: () => undefined,
        closed: () => client.destroy(),
      };
      client.pause();
      const server = transport.connect(backend.address, PLAIN_OPTIONS, waiting);
    });
    const clients: Peer[] = [];
    const clientWires: Wire[] = [];
    for (let id = 0; id < RELAYS; id++) {
      let serverId: number | undefined;
      const peer = new Peer(
        () => wire,
        id,
        () => serverId ?? 0,
      );
      const wire = transport.connect(pooler.address, PLAIN_OPTIONS, {
        connected: () => peer.connected(),
        secured: () => undefined,
        received(buffer, length) {
          serverId ??= serverOf(buffer[0]);
          peer.received(buffer, length);
        },
        drained: () => peer.drained(),
        ended: () => peer.ended(),
        closed: (cause) => peer.closed(cause),
      });
      clients.push(peer);
      clientWires.push(wire);
    }
    const all = () => [...clients, ...servers.values()];
    await eventually(() => all().every((peer) => peer.checked === BYTES_EACH_WAY), 20_000);
    expect(all().length).toBe(2 * RELAYS);
    expect(all().map((peer) => peer.wrong)).toEqual(new Array(2 * RELAYS).fill(0));
    for (const wire of clientWires) wire.destroy();
    await Promise.all([pooler.close(), backend.close()]);
  },
);

function clientOf(firstByte: number | undefined): number {
  return idOf(firstByte, 0);
}

function serverOf(firstByte: number | undefined): number {
  return idOf(firstByte, RELAYS);
}

function idOf(firstByte: number | undefined, base: number): number {
  for (let id = base; id < base + RELAYS; id++) if (byteOf(id, 0) === firstByte) return id;
  throw new Error(`no stream starts with ${firstByte}`);
}
