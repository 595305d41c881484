import { nativeBytes } from './signatures';
import { readSocketAddress, type SocketAddress } from './socket-address';
import { type SystemCalls, systemCalls } from './system-calls';

const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const O_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const STREAM = 1;
/** The longest address that there is. */
const ADDRESS_BYTES = 128;
/** Lower ones may be those at which a child expects something else. */
const LOWEST_DESCRIPTOR = 64;

/**
 * Takes over a listening stream socket that somebody else has opened and left to this process. The
 * descriptor becomes another one, closed at exec, non-blocking, and the caller's.
 *
 * @throws Error with the system's `code`, or with a text for the operator; then it is as it was
 */
export function adoptListening(descriptor: number): {
  readonly descriptor: number;
  readonly address: SocketAddress;
} {
  const calls = systemCalls();
  const isStream = option(calls, descriptor, SO_TYPE) === STREAM;
  if (!isStream || option(calls, descriptor, SO_ACCEPTCONN) !== 1) {
    throw new Error(`descriptor ${descriptor} is no stream socket that listens`);
  }
  const address = boundTo(calls, descriptor);
  if (address === undefined) {
    throw new Error(`descriptor ${descriptor} listens neither on TCP nor on a Unix socket`);
  }
  const flags = calls.must('fcntl', descriptor, F_GETFL, 0);
  calls.must('fcntl', descriptor, F_SETFL, flags | O_NONBLOCK);
  const adopted = duplicate(descriptor);
  calls.close(descriptor);
  return { descriptor: adopted, address };
}

/** Another descriptor for the same socket, closed at exec. @throws Error with the system's `code` */
export function duplicate(descriptor: number): number {
  return systemCalls().must('fcntl', descriptor, F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR);
}

function option(calls: SystemCalls, descriptor: number, name: number): number {
  const value = nativeBytes(4);
  const length = nativeBytes(4);
  length.writeInt32LE(value.length);
  calls.must('getsockopt', descriptor, SOL_SOCKET, name, value, length);
  return value.readInt32LE(0);
}

function boundTo(calls: SystemCalls, descriptor: number): SocketAddress | undefined {
  const bytes = nativeBytes(ADDRESS_BYTES);
  const length = nativeBytes(4);
  length.writeInt32LE(bytes.length);
  calls.must('getsockname', descriptor, bytes, length);
  return readSocketAddress(bytes.subarray(0, length.readInt32LE(0)));
}
