import { FAMILY, unixSocketAddress } from './socket-address';
import { systemCalls } from './system-calls';

/** SOCK_STREAM, SOCK_NONBLOCK and SOCK_CLOEXEC. */
const STREAM = 1 | 0o4000 | 0o2000000;

/** Connects to a Unix socket. The descriptor is the caller's. @throws Error with the system's `code` */
export function connectUnix(path: string): number {
  const calls = systemCalls();
  const address = unixSocketAddress(path);
  const descriptor = calls.must('socket', FAMILY.unix, STREAM, 0);
  try {
    calls.must('connect', descriptor, address, address.length);
    return descriptor;
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
}
