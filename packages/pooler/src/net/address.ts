import type * as net from 'node:net';
import type { Address } from '../ports/transport';

const MAPPED_IPV4 = '::ffff:';

/** The path as the system knows it: `@name` stands for Linux's abstract name space. */
export function systemPath(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}

/** IPv4 addresses mapped into IPv6 (`::ffff:1.2.3.4`) are reported as plain IPv4. */
export function plainHost(host: string): string {
  return host.startsWith(MAPPED_IPV4) && host.includes('.') ? host.slice(MAPPED_IPV4.length) : host;
}

/** @returns undefined when the peer is gone already */
export function remoteOf(socket: net.Socket): Address | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { kind: 'tcp', host: plainHost(remoteAddress), port: remotePort };
}

/** @returns undefined when the socket is not connected */
export function localOf(socket: net.Socket): Address | undefined {
  const { localAddress, localPort } = socket;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return { kind: 'tcp', host: plainHost(localAddress), port: localPort };
}
