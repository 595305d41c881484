import { getSystemErrorName } from 'node:util';

/** An error like Node's own for a failed system call: `code` is its name, `errno` is negative. */
export function systemError(errno: number, syscall: string): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall });
}
