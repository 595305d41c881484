import { isIP } from 'node:net';

/** Whether a host is a name that may come to lead to another machine. */
export function mayMove(host: string): boolean {
  return isIP(host) === 0 && !/^[/@]/.test(host) && host.toLowerCase() !== 'localhost';
}
