import { nativeBytes } from './signatures';
import { FAMILY } from './socket-address';
import { type SystemCalls, systemCalls } from './system-calls';

/** SOCK_SEQPACKET keeps messages apart; SOCK_NONBLOCK, SOCK_CLOEXEC. */
export const SEQPACKET = 5;
export const FLAGS = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_CTRUNC = 0x8;

/** What goes with each descriptor: one number. */
const NUMBER_BYTES = 8;
/** `msghdr`, `iovec` and a `cmsghdr` with one descriptor, where Linux has their fields. */
const HEADER_BYTES = 56;
const HEADER = { vector: 16, vectorCount: 24, control: 32, controlLength: 40, flags: 48 } as const;
const VECTOR_BYTES = 16;
const CONTROL_BYTES = 24;
const CONTROL = { length: 0, level: 8, type: 12, descriptor: 16, used: 20 } as const;

/** Two connected ends over which descriptors can be passed. The caller owns both. */
export function descriptorChannel(): readonly [number, number] {
  const ends = nativeBytes(8);
  systemCalls().must('socketpair', FAMILY.unix, SEQPACKET | FLAGS, 0, ends);
  return [ends.readInt32LE(0), ends.readInt32LE(4)];
}

/**
 * One message with room for one descriptor. There is only one, used again and again: calls are
 * synchronous, and what they point at must not be collected while they run.
 */
class Message {
  static #shared: Message | undefined;
  readonly number = nativeBytes(NUMBER_BYTES);
  readonly control = nativeBytes(CONTROL_BYTES);
  readonly header = nativeBytes(HEADER_BYTES);
  readonly #vector = nativeBytes(VECTOR_BYTES);

  constructor({ native }: SystemCalls) {
    this.#vector.writeBigUInt64LE(native.address(this.number), 0);
    this.#vector.writeBigUInt64LE(BigInt(NUMBER_BYTES), 8);
    this.header.writeBigUInt64LE(native.address(this.#vector), HEADER.vector);
    this.header.writeBigUInt64LE(1n, HEADER.vectorCount);
    this.header.writeBigUInt64LE(native.address(this.control), HEADER.control);
  }

  static empty(calls: SystemCalls): Message {
    Message.#shared ??= new Message(calls);
    const message = Message.#shared;
    message.control.fill(0);
    // The system writes how much it has used.
    message.header.writeBigUInt64LE(BigInt(CONTROL_BYTES), HEADER.controlLength);
    message.header.writeInt32LE(0, HEADER.flags);
    return message;
  }
}

/**
 * Passes a duplicate of `descriptor`, with a number that says what it is. It has arrived when this
 * returns, whatever becomes of this process after that.
 *
 * @throws Error with the system's `code`: `EAGAIN` when too many are waiting to be taken
 */
export function passDescriptor(end: number, descriptor: number, number: number): void {
  const calls = systemCalls();
  const message = Message.empty(calls);
  message.number.writeDoubleLE(number);
  message.control.writeBigUInt64LE(BigInt(CONTROL.used), CONTROL.length);
  message.control.writeInt32LE(SOL_SOCKET, CONTROL.level);
  message.control.writeInt32LE(SCM_RIGHTS, CONTROL.type);
  message.control.writeInt32LE(descriptor, CONTROL.descriptor);
  calls.must('sendmsg', end, message.header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

interface Taken {
  readonly number: number;
  /** The caller's from here on. Undefined: lost, as this process may not open any more files. */
  readonly descriptor: number | undefined;
}

/** Takes what has been passed, if anything has. */
export function takeDescriptor(end: number): Taken | undefined {
  const calls = systemCalls();
  const message = Message.empty(calls);
  const taken = calls.native.call('recvmsg', end, message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (taken !== NUMBER_BYTES) return undefined;
  const flags = message.header.readInt32LE(HEADER.flags);
  const used = Number(message.control.readBigUInt64LE(CONTROL.length));
  const lost = used !== CONTROL.used || (flags & MSG_CTRUNC) !== 0;
  const descriptor = lost ? undefined : message.control.readInt32LE(CONTROL.descriptor);
  return { number: message.number.readDoubleLE(), descriptor };
}
