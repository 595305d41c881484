import type { ServerAddress } from './observation';

declare const brand: unique symbol;

/** Names one server: `host:port`, host names in lower case. Compare with ===. */
export type ServerKey = string & { readonly [brand]: 'ServerKey' };

export function serverKey({ host, port }: ServerAddress): ServerKey {
  return `${comparableHost(host)}:${port}` as ServerKey;
}

/** Names do not tell upper from lower case, directories of Unix sockets do. */
export function comparableHost(host: string): string {
  return host.startsWith('/') || host.startsWith('@') ? host : host.toLowerCase();
}
