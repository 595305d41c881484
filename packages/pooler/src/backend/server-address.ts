import type { Address } from '../ports/transport';

/** Name of the socket file (or abstract name) in a directory that PostgreSQL uses for a port. */
export function unixSocketAddress(directory: string, port: number): Address {
  return { kind: 'unix', path: `${directory}/.s.PGSQL.${port}` };
}

export function isUnixDirectory(host: string): boolean {
  return host.startsWith('/') || host.startsWith('@');
}

/** For logs: `10.0.0.1:5432`, `[::1]:5432` or the socket's path. */
export function addressText(address: Address): string {
  if (address.kind === 'unix') return address.path;
  return address.host.includes(':')
    ? `[${address.host}]:${address.port}`
    : `${address.host}:${address.port}`;
}
