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
import { plainHost, systemPath } from './address';
import { bunHandlers, nobody } from './bun-handlers';
import type {
  BunConnectOptions,
  BunListener,
  BunPlace,
  BunRuntime,
  BunSocket,
  BunSocketOwner,
} from './bun-runtime';
import { BunWire } from './bun-wire';
import { stopListening } from './stop-listening';
import { systemErrorOf } from './system-error';
import { unowned } from './unowned';

/** Sets how many connections may wait on a listening descriptor to be accepted, as `listen(2)` does. */
export type QueueLength = (descriptor: number, backlog: number) => void;

/** The socket operations on Bun's own sockets. */
export function createBunTransport(bun: BunRuntime, queueLength?: QueueLength): Transport {
  return {
    listen: async (address, options, accepted) => {
      const { listener, descriptor } = listen(bun, address, { options, accepted });
      // Bun has a length of its own, also for a descriptor that was inherited with another.
      queueLength?.(descriptor, options.backlog);
      return listener;
    },
    connect: (address, options, handler) => connect(bun, address, { options, handler }),
  };
}

interface Accepting {
  /** As they are now. */
  options: SocketOptions;
  readonly accepted: (wire: Wire) => void;
}

function listen(
  bun: BunRuntime,
  address: Address,
  how: { readonly options: ListenOptions; readonly accepted: Accepting['accepted'] },
): { readonly listener: Listener; readonly descriptor: number } {
  const { descriptor } = how.options;
  let count = 0;
  const accepting: Accepting = {
    options: how.options,
    accepted: (wire) => {
      count++;
      how.accepted(wire);
    },
  };
  const data = acceptor(address, accepting);
  const common = { allowHalfOpen: true, socket: bunHandlers, data };
  let listening: BunListener;
  try {
    const place = descriptor === undefined ? placeOf(address) : { fd: descriptor };
    listening = bun.listen({ ...common, ...place });
  } catch (error) {
    throw plainError(error, 'listen', address);
  }
  const listener: Listener = {
    address: boundAddress(listening, address),
    tune: (options) => {
      accepting.options = options;
    },
    close: () =>
      stopListening(
        () => count,
        () => listening.stop(false),
      ),
  };
  return { listener, descriptor: listening.fd };
}

/** Owns accepted sockets until there is a wire. */
function acceptor(address: Address, accepting: Accepting): BunSocketOwner {
  return {
    ...nobody,
    opened(socket) {
      const remote = address.kind === 'unix' ? address : remoteOf(socket);
      if (remote === undefined) {
        socket.data = nobody;
        socket.close();
        return;
      }
      const wire = new BunWire({ remote, handler: unowned, options: accepting.options });
      wire.accept(socket);
      accepting.accepted(wire);
    },
  };
}

/** @returns undefined when the peer is gone already */
function remoteOf(socket: BunSocket): Address | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { kind: 'tcp', host: plainHost(remoteAddress), port: remotePort };
}

function boundAddress(listening: BunListener, asked: Address): Address {
  if (asked.kind === 'unix') return asked;
  return { kind: 'tcp', host: asked.host, port: listening.port ?? asked.port };
}

function connect(
  bun: BunRuntime,
  address: Address,
  how: { readonly options: SocketOptions; readonly handler: WireHandler },
): Wire {
  const wire = new BunWire({ remote: address, ...how });
  const common = { allowHalfOpen: true, socket: bunHandlers, data: wire };
  wire.dial(() => {
    dialled(bun, { ...common, ...placeOf(address) }).catch((error: unknown) => {
      wire.refused(plainError(error, 'connect', address));
    });
  });
  return wire;
}

/** Turns what Bun throws into a rejection, too. */
async function dialled(bun: BunRuntime, options: BunConnectOptions): Promise<void> {
  await bun.connect(options);
}

function placeOf(address: Address): BunPlace {
  if (address.kind === 'unix') return { unix: systemPath(address.path) };
  const { host, port } = address;
  return { hostname: host, port, ipv6Only: net.isIPv6(host) };
}

/** Bun's messages say neither the code nor, for a dial, the address. */
function plainError(error: unknown, syscall: string, address: Address): Error {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  if (typeof code !== 'string' || code === '') {
    return error instanceof Error ? error : new Error(String(error));
  }
  const where = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
  return systemErrorOf(code, syscall, where);
}
