/**
 * The functions of the C library that we call: `i` an int, `p` a pointer to bytes, `l` a long; the last
 * letter is the result.
 */
export const SIGNATURES = {
  socket: 'iiii',
  bind: 'ipii',
  connect: 'ipii',
  listen: 'iii',
  accept4: 'ippii',
  setsockopt: 'iiipii',
  getsockopt: 'iiippi',
  getsockname: 'ippi',
  socketpair: 'iiipi',
  sendmsg: 'ipil',
  recvmsg: 'ipil',
  recv: 'iplil',
  sendto: 'iplipil',
  poll: 'plii',
  shutdown: 'iii',
  close: 'ii',
  fcntl: 'iiii',
  flock: 'iii',
  alarm: 'ii',
  clock_gettime: 'ipi',
} as const;

export type FunctionName = keyof typeof SIGNATURES;

/** The C library as one runtime lets us call it. Every call is synchronous. */
export interface NativeCalls {
  /** @returns what the function does; negative: it failed, see `errno` */
  call(name: FunctionName, ...values: readonly (number | Buffer)[]): number;
  /** The address of the first byte, which is good as long as `bytes` is kept. */
  address(bytes: Buffer): bigint;
  /** Why the last call failed. */
  errno(): number;
}

/**
 * Zeros at an address of their own: the bytes of a small Buffer may be moved by the runtime, or shared
 * with others.
 */
export function nativeBytes(length: number): Buffer {
  return Buffer.from(new ArrayBuffer(length));
}
