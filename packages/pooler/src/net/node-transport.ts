import * as net from 'node:net';
import type {
  Address,
  Listener,
  ListenOptions,
  SocketOptions,
  Transport,
  Wire,
  WireHandler,
} from '../ports/transport';
import { remoteOf, systemPath } from './address';
import { NodeWire } from './node-wire';
import { ReadBuffer, sharedReadBuffer } from './read-buffer';
import { rawHandleOf } from './stream-handle';
import { unowned } from './unowned';

type WireOptions = SocketOptions & NodeTransportOptions;

/** How a transport uses the runtime. */
export interface NodeTransportOptions {
  /**
   * Write to the handle under a socket instead of the socket, which saves a few tenths of a µs each
   * time. Where the runtime has no such handle, sockets are written to in any case.
   */
  readonly directWrites: boolean;
}

/** The socket operations on `node:net` and `node:tls`. */
export function createNodeTransport(how: NodeTransportOptions = { directWrites: true }): Transport {
  return {
    listen: (address, options, accepted) => listen(address, { ...options, ...how }, accepted),
    connect: (address, options, handler) => connect(address, { ...options, ...how }, handler),
  };
}

function listen(
  address: Address,
  options: ListenOptions & NodeTransportOptions,
  accepted: (wire: Wire) => void,
): Promise<Listener> {
  const server = net.createServer({ allowHalfOpen: true });
  const accept: Accept = (socket, reader) => {
    const wire = acceptSocket(socket, address, options);
    reader.wire = wire;
    if (wire !== undefined) accepted(wire);
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenOptions(address, options), () => {
      server.removeListener('error', reject);
      // A failed accept (too many open files, say) concerns one client, and there is no wire yet.
      server.on('error', nothingToDo);
      if (!acceptHandles(server, accept)) acceptSockets(server, accept);
      resolve({ address: boundAddress(server, address), close: () => closeServer(server) });
    });
  });
}

/** Where the read callback of a socket finds its wire, which is made after the socket. */
interface Reader {
  wire: NodeWire | undefined;
}

type Accept = (socket: net.Socket, reader: Reader) => void;

/**
 * Takes accepted handles before the server makes a socket that could not read into our buffer.
 *
 * @returns false where servers do not have such a handle
 */
function acceptHandles(server: net.Server, accept: Accept): boolean {
  const listening = rawHandleOf(server);
  if (listening === undefined) return false;
  if (typeof Reflect.get(listening, 'onconnection') !== 'function') return false;
  const onconnection = (failed: number, handle: object | undefined): void => {
    if (failed !== 0 || handle === undefined) return;
    const reader: Reader = { wire: undefined };
    const callback = (length: number): boolean => {
      reader.wire?.received(sharedReadBuffer, length);
      return true;
    };
    const socketOptions = {
      handle,
      allowHalfOpen: true,
      highWaterMark: 1,
      onread: { buffer: sharedReadBuffer, callback },
    };
    accept(new net.Socket(socketOptions), reader);
  };
  return Reflect.set(listening, 'onconnection', onconnection);
}

function acceptSockets(server: net.Server, accept: Accept): void {
  server.on('connection', (socket) => {
    const reader: Reader = { wire: undefined };
    accept(socket, reader);
    socket.on('data', (chunk: Buffer) => reader.wire?.received(chunk, chunk.length));
  });
}

function listenOptions(
  address: Address,
  { backlog, descriptor }: ListenOptions,
): net.ListenOptions & { readonly fd?: number } {
  if (descriptor !== undefined) return { fd: descriptor, backlog };
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
  socket: net.Socket,
  address: Address,
  options: WireOptions,
): NodeWire | undefined {
  const remote = address.kind === 'unix' ? address : remoteOf(socket);
  if (remote === undefined) {
    socket.on('error', nothingToDo);
    socket.destroy();
    return undefined;
  }
  tune(socket, options);
  return new NodeWire(socket, {
    remote,
    handler: unowned,
    dialing: false,
    buffer: undefined,
    direct: options.directWrites,
  });
}

function tune(socket: net.Socket, options: SocketOptions): void {
  socket.setNoDelay(true);
  if (options.keepAlive) socket.setKeepAlive(true, options.keepIdleSeconds * 1000);
}

function connect(address: Address, options: WireOptions, handler: WireHandler): Wire {
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
  const wire = new NodeWire(socket, {
    remote: address,
    handler,
    dialing: true,
    buffer,
    direct: options.directWrites,
  });
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

function nothingToDo(): void {
  // There is no wire to tell.
}
