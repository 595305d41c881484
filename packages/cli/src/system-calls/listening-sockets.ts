import { isIPv6 } from 'node:net';
import { nativeBytes } from './signatures';
import { FAMILY, portOf, tcpSocketAddress, unixSocketAddress } from './socket-address';
import { type SystemCalls, systemCalls } from './system-calls';

/** SOCK_STREAM, and both flags at once: SOCK_NONBLOCK and SOCK_CLOEXEC. */
const STREAM = 1;
const FLAGS = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_REUSEPORT = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

interface TcpListen {
  readonly host: string;
  /** 0: the system chooses one, the same for all. */
  readonly port: number;
  readonly backlog: number;
  readonly count: number;
  /** Other instances may have sockets for the same port. */
  readonly instances?: boolean;
}

/**
 * Opens `count` listening sockets for one address: connections are spread over them. Descriptors are
 * non-blocking and closed at exec. The caller owns them.
 *
 * @throws Error with the system's `code`; nothing stays open then
 */
export function listenTcp(options: TcpListen): { descriptors: number[]; port: number } {
  const calls = systemCalls();
  const shared = options.count > 1 || options.instances === true;
  // Any process of ours may share a port that is shared, so first see that nobody has it.
  const probe = openTcp(calls, options, { shared: options.instances === true });
  const port = portBoundTo(calls, probe, options.host);
  if (!shared) return { descriptors: [listening(calls, probe, options.backlog)], port };
  calls.close(probe);
  const descriptors: number[] = [];
  try {
    while (descriptors.length < options.count) {
      const descriptor = openTcp(calls, { ...options, port }, { shared: true });
      descriptors.push(listening(calls, descriptor, options.backlog));
    }
  } catch (error) {
    for (const descriptor of descriptors) calls.close(descriptor);
    throw error;
  }
  return { descriptors, port };
}

function portBoundTo(calls: SystemCalls, descriptor: number, host: string): number {
  const found = nativeBytes(tcpSocketAddress(host, 0).length);
  const length = nativeBytes(4);
  length.writeInt32LE(found.length);
  calls.must('getsockname', descriptor, found, length);
  return portOf(found);
}

/** @throws Error with the system's `code`; the descriptor is closed then */
function listening(calls: SystemCalls, descriptor: number, backlog: number): number {
  try {
    calls.must('listen', descriptor, backlog);
    return descriptor;
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
}

function openTcp(
  calls: SystemCalls,
  { host, port }: Pick<TcpListen, 'host' | 'port'>,
  { shared }: { readonly shared: boolean },
): number {
  const six = isIPv6(host);
  const descriptor = calls.must('socket', six ? FAMILY.ipv6 : FAMILY.ipv4, STREAM | FLAGS, 0);
  try {
    const on = nativeBytes(4);
    on.writeInt32LE(1);
    calls.must('setsockopt', descriptor, SOL_SOCKET, SO_REUSEADDR, on, 4);
    if (shared) calls.must('setsockopt', descriptor, SOL_SOCKET, SO_REUSEPORT, on, 4);
    if (six) calls.must('setsockopt', descriptor, IPPROTO_IPV6, IPV6_V6ONLY, on, 4);
    const address = tcpSocketAddress(host, port);
    calls.must('bind', descriptor, address, address.length);
    return descriptor;
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
}

/** Opens one listening Unix socket; as `listenTcp` otherwise. The path is the caller's to remove. */
export function listenUnix(path: string, backlog: number): number {
  const calls = systemCalls();
  const address = unixSocketAddress(path);
  const descriptor = calls.must('socket', FAMILY.unix, STREAM | FLAGS, 0);
  try {
    calls.must('bind', descriptor, address, address.length);
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
  return listening(calls, descriptor, backlog);
}
