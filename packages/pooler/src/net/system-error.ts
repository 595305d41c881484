import { getSystemErrorName } from 'node:util';

/** An error like Node's own for a failed system call: `code` is its name, `errno` is negative. */
export function systemError(errno: number, syscall: string): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall });
}

/** The same by its name, without the number; `where` is the address that it is about. */
export function systemErrorOf(code: string, syscall: string, where?: string): Error {
  const message = where === undefined ? `${syscall} ${code}` : `${syscall} ${code} ${where}`;
  return Object.assign(new Error(message), { code, syscall });
}
