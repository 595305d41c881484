import { getSystemErrorName } from 'node:util';
import type { Address } from '../ports/transport';

/**
 * An error like Node's own for a failed system call: `code` is its name, `errno` is negative.
 * `where` is told in the text.
 */
export function systemError(errno: number, syscall: string, where?: Address): Error {
  const code = getSystemErrorName(errno);
  const place = where === undefined ? '' : ` ${placeOf(where)}`;
  return Object.assign(new Error(`${syscall} ${code}${place}`), { code, errno, syscall });
}

function placeOf(address: Address): string {
  return address.kind === 'unix' ? address.path : `${address.host}:${address.port}`;
}

/** The same by its name, without the number; `where` is the address that it is about. */
export function systemErrorOf(code: string, syscall: string, where?: string): Error {
  const message = where === undefined ? `${syscall} ${code}` : `${syscall} ${code} ${where}`;
  return Object.assign(new Error(message), { code, syscall });
}
