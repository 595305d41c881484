import * as net from 'node:net';
import type {
  Address,
  Listener,
  SocketOptions,
  Transport,
  Wire,
  WireHandler,
} from '../ports/transport';
import { remoteOf, systemPath } from './address';
import { NodeWire } from './node-wire';
import { ReadBuffer, sharedReadBuffer } from './read-buffer';

type ListenOptions = SocketOptions & { readonly backlog: number };

/** The socket operations on `node:net` and `node:tls`. */
export function createNodeTransport(): Transport {
  return { listen, connect };
}

/** The owner of a wire sets its own handler before it returns from `accepted`. */
const unowned: WireHandler = {
  connected: ignore,
  secured: ignore,
  received: ignore,
  drained: ignore,
  ended: ignore,
  closed: ignore,
};

function ignore(): void {
  // Nobody owns the wire yet.
}

function listen(
  address: Address,
  options: ListenOptions,
  accepted: (wire: Wire) => void,
): Promise<Listener> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.on('connection', (socket) => {
    const wire = acceptSocket(socket, address, options);
    if (wire !== undefined) accepted(wire);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenOptions(address, options.backlog), () => {
      server.removeListener('error', reject);
      // A failed accept (too many open files) concerns one client only; it tries again.
      server.on('error', ignore);
      resolve({ address: boundAddress(server, address), close: () => closeServer(server) });
    });
  });
}

function listenOptions(address: Address, backlog: number): net.ListenOptions {
  if (address.kind === 'unix') return { path: systemPath(address.path), backlog };
  const { host, port } = address;
  return { host, port, backlog, ipv6Only: net.isIPv6(host) };
}

function boundAddress(server: net.Server, asked: Address): Address {
  const bound = server.address();
  if (asked.kind === 'unix' || bound === null || typeof bound === 'string') return asked;
  return { kind: 'tcp', host: bound.address, port: bound.port };
}

function closeServer(server: net.Server): Promise<void> {
  // The port is free at once; the server's own callback would wait for accepted wires.
  server.close();
  return new Promise((resolve) => setImmediate(resolve));
}

/** @returns undefined when the client has left already */
function acceptSocket(
  accepted: net.Socket,
  address: Address,
  options: SocketOptions,
): NodeWire | undefined {
  const remote = address.kind === 'unix' ? address : remoteOf(accepted);
  if (remote === undefined) {
    accepted.on('error', ignore);
    accepted.destroy();
    return undefined;
  }
  const handle: unknown = Reflect.get(accepted, '_handle');
  const socket = new net.Socket({
    handle,
    allowHalfOpen: true,
    highWaterMark: 1,
    onread: {
      buffer: sharedReadBuffer,
      callback: (length: number) => {
        wire.received(sharedReadBuffer, length);
        return true;
      },
    },
  } as net.SocketConstructorOpts);
  const wire = new NodeWire(socket, {
    remote,
    handler: unowned,
    dialing: false,
    buffer: undefined,
  });
  Reflect.set(accepted, '_handle', null);
  tune(socket, options);
  return wire;
}

function tune(socket: net.Socket, options: SocketOptions): void {
  socket.setNoDelay(true);
  if (options.keepAlive) socket.setKeepAlive(true, options.keepIdleSeconds * 1000);
}

function connect(address: Address, options: SocketOptions, handler: WireHandler): Wire {
  const buffer = new ReadBuffer();
  const socket = new net.Socket({
    allowHalfOpen: true,
    highWaterMark: 1,
    onread: {
      buffer: nextBuffer(buffer),
      callback: (length: number) => {
        wire.received(buffer.bytes, length);
        return true;
      },
    },
  } as net.SocketConstructorOpts);
  tune(socket, options);
  if (address.kind === 'unix') socket.connect({ path: systemPath(address.path) });
  else socket.connect({ host: address.host, port: address.port });
  const wire = new NodeWire(socket, { remote: address, handler, dialing: true, buffer });
  return wire;
}

/** Node asks before the first read and after every read; undefined keeps the buffer. */
function nextBuffer(buffer: ReadBuffer): () => Buffer | undefined {
  let first = true;
  return () => {
    if (!first) return buffer.next();
    first = false;
    return buffer.bytes;
  };
}
