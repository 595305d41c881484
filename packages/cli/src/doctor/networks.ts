import { isIP } from 'node:net';

/** What is said to this host never leaves the machine. */
export function staysHere(host: string): boolean {
  if (/^[/@]/.test(host) || host.toLowerCase() === 'localhost') return true;
  const kind = isIP(host);
  return kind === 4 ? host.startsWith('127.') : kind === 6 && host === '::1';
}

/** Somebody on another machine may reach one of these addresses of ours. */
export function isOpenToNetworks(addresses: readonly string[]): boolean {
  return addresses.some((address) => !staysHere(address));
}
