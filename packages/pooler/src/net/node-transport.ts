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
import { plainHost, remoteOf, systemPath } from './address';
import { HandleWire } from './handle-wire';
import { NodeWire } from './node-wire';
import {
  handles,
  optionsAreInherited,
  type RawHandle,
  rawHandleOf,
  type SocketName,
  type TcpHandle,
} from './raw-handle';
import { ReadBuffer } from './read-buffer';
import { stopListening } from './stop-listening';
import { unowned } from './unowned';

/** How a transport uses the runtime. */
export interface NodeTransportOptions {
  /**
   * Work on the handles under sockets, which saves memory and time. Where the runtime has no such
   * handles, sockets are used in any case.
   */
  readonly rawHandles: boolean;
}

/** What systems have, unless somebody has changed it: two hours. */
const USUAL_KEEP_IDLE_SECONDS = 7200;

interface Accepting {
  readonly address: Address;
  /** As they are now. */
  options: SocketOptions;
  readonly accepted: (wire: Wire) => void;
}

/** The socket operations on `node:net` and `node:tls`. */
export function createNodeTransport(how: NodeTransportOptions = { rawHandles: true }): Transport {
  const raw = how.rawHandles && handles !== undefined;
  return {
    listen: (address, options, accepted) => listen(address, { ...options, raw }, accepted),
    connect: (address, options, handler) => {
      const byName = address.kind === 'tcp' && net.isIP(address.host) === 0;
      return raw && !byName
        ? connectHandle(address, options, handler)
        : connectSocket(address, options, handler);
    },
  };
}

function listen(
  address: Address,
  options: ListenOptions & { readonly raw: boolean },
  accepted: (wire: Wire) => void,
): Promise<Listener> {
  const server = net.createServer({ allowHalfOpen: true });
  let count = 0;
  const accepting: Accepting = {
    address,
    options,
    accepted: (wire) => {
      count++;
      accepted(wire);
    },
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // With a descriptor the length of the queue counts only as an argument.
    server.listen(listenOptions(address, options), options.backlog, () => {
      server.removeListener('error', reject);
      // A failed accept (too many open files, say) concerns one client, and there is no wire yet.
      server.on('error', nothingToDo);
      const raw = options.raw && acceptHandles(server, accepting);
      if (!raw) server.on('connection', (socket) => acceptSocket(socket, accepting));
      resolve({
        address: boundAddress(server, address),
        tune: (fresh) => {
          accepting.options = fresh;
          if (raw && optionsAreInherited) retuneHandle(rawHandleOf(server) as RawHandle, fresh);
        },
        close: () => closeServer(server, () => count),
      });
    });
  });
}

/**
 * Takes accepted handles before the server makes sockets of them.
 *
 * @returns false where servers do not have such a handle
 */
function acceptHandles(server: net.Server, accepting: Accepting): boolean {
  const { address, accepted } = accepting;
  const listening = rawHandleOf(server);
  if (listening === undefined) return false;
  if (typeof Reflect.get(listening, 'onconnection') !== 'function') return false;
  // Setting them on each accepted socket would take five system calls.
  if (optionsAreInherited) tuneHandle(listening as RawHandle, accepting.options);
  const onconnection = (failed: number, handle: RawHandle | undefined): void => {
    if (failed !== 0 || handle === undefined) return;
    const remote = address.kind === 'unix' ? address : peerOf(handle as TcpHandle);
    if (remote === undefined) {
      // The client has left already.
      handle.close(nothingToDo);
      return;
    }
    if (!optionsAreInherited) tuneHandle(handle, accepting.options);
    accepted(
      new HandleWire(handle, { remote, handler: unowned, dialing: false, buffer: undefined }),
    );
  };
  return Reflect.set(listening, 'onconnection', onconnection);
}

function peerOf(handle: TcpHandle): Address | undefined {
  const name: SocketName = {};
  if (handle.getpeername(name) !== 0 || name.address === undefined) return undefined;
  return { kind: 'tcp', host: plainHost(name.address), port: name.port ?? 0 };
}

function acceptSocket(socket: net.Socket, { address, options, accepted }: Accepting): void {
  const remote = address.kind === 'unix' ? address : remoteOf(socket);
  if (remote === undefined) {
    socket.on('error', nothingToDo);
    socket.destroy();
    return;
  }
  tune(socket, options);
  accepted(new NodeWire(socket, { remote, handler: unowned, dialing: false, reading: true }));
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

function closeServer(server: net.Server, accepted: () => number): Promise<void> {
  return stopListening(accepted, () => {
    // The port is free at once; the server's own callback would wait for accepted wires.
    server.close();
  });
}

function tune(socket: net.Socket, options: SocketOptions): void {
  socket.setNoDelay(true);
  if (options.keepAlive) socket.setKeepAlive(true, options.keepIdleSeconds * 1000);
}

/** Nothing happens on a Unix socket. The handle must have a descriptor. */
function tuneHandle(handle: RawHandle, options: SocketOptions): void {
  if (!isTcp(handle)) return;
  handle.setNoDelay(true);
  // A 0 is an error that comes when probes are on already, and leaves the system's time.
  if (options.keepAlive) handle.setKeepAlive(true, options.keepIdleSeconds);
}

/** The same for one that has had other options. What the system has for a 0 is not known then. */
function retuneHandle(handle: RawHandle, { keepAlive, keepIdleSeconds }: SocketOptions): void {
  if (isTcp(handle)) handle.setKeepAlive(keepAlive, keepIdleSeconds || USUAL_KEEP_IDLE_SECONDS);
}

function isTcp(handle: RawHandle): handle is TcpHandle {
  return 'setNoDelay' in handle;
}

function connectSocket(address: Address, options: SocketOptions, handler: WireHandler): Wire {
  const socket = new net.Socket({
    allowHalfOpen: true,
    highWaterMark: 1,
  } as net.SocketConstructorOpts);
  tune(socket, options);
  if (address.kind === 'unix') socket.connect({ path: systemPath(address.path) });
  else socket.connect({ host: address.host, port: address.port });
  return new NodeWire(socket, { remote: address, handler, dialing: true, reading: true });
}

function connectHandle(address: Address, options: SocketOptions, handler: WireHandler): Wire {
  const library = handles;
  if (library === undefined) return connectSocket(address, options, handler);
  const how = { remote: address, handler, dialing: true, buffer: new ReadBuffer() };
  let status: number;
  let wire: HandleWire;
  if (address.kind === 'unix') {
    const handle = library.newPipe();
    wire = new HandleWire(handle, how);
    status = handle.connect(library.pipeConnect(wire), systemPath(address.path));
  } else {
    const handle = library.newTcp();
    wire = new HandleWire(handle, how);
    const request = library.tcpConnect(wire);
    status = net.isIPv6(address.host)
      ? handle.connect6(request, address.host, address.port)
      : handle.connect(request, address.host, address.port);
    if (status === 0) tuneHandle(handle, options);
  }
  // Never within this call.
  if (status < 0) setImmediate(() => wire.connectCompleted(status));
  return wire;
}

function nothingToDo(): void {
  // There is no wire to tell.
}
