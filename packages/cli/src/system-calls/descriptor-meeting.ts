import { randomBytes } from 'node:crypto';
import { FLAGS, SEQPACKET } from './descriptor-passing';
import { peerUserId } from './peer-credentials';
import { nativeBytes } from './signatures';
import { FAMILY, unixSocketAddress } from './socket-address';
import { systemCalls } from './system-calls';

/** Others may come as well, and are turned away. */
const BACKLOG = 16;
const NAME_BYTES = 16;
const ADDRESS_BYTES = 128;

/**
 * Where two processes that do not descend from each other get the ends of a channel for descriptors, as
 * `descriptorChannel` makes them. One opens it and says its name, the other one joins, the first accepts.
 */
export class DescriptorMeeting {
  /** A name in the abstract name space of sockets. */
  readonly name = `@pgweir-${randomBytes(NAME_BYTES).toString('hex')}`;
  readonly #descriptor: number;

  /** @throws Error with the system's `code` */
  constructor() {
    const calls = systemCalls();
    this.#descriptor = calls.must('socket', FAMILY.unix, SEQPACKET | FLAGS, 0);
    try {
      const address = unixSocketAddress(this.name);
      calls.must('bind', this.#descriptor, address, address.length);
      calls.must('listen', this.#descriptor, BACKLOG);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * The end of the channel to the one that has joined; the caller's.
   *
   * @param isWelcome says by the number of the user whether it is the right one: the name is no secret
   * @returns undefined: nobody has joined
   */
  accept(isWelcome: (user: number) => boolean): number | undefined {
    const { native } = systemCalls();
    const address = nativeBytes(ADDRESS_BYTES);
    const length = nativeBytes(4);
    for (;;) {
      length.writeInt32LE(ADDRESS_BYTES);
      const end = native.call('accept4', this.#descriptor, address, length, FLAGS);
      if (end < 0) return undefined;
      if (isWelcome(peerUserId(end))) return end;
      systemCalls().close(end);
    }
  }

  close(): void {
    systemCalls().close(this.#descriptor);
  }
}

/** The end of the channel to who has opened the meeting; the caller's. @throws as `DescriptorMeeting` */
export function joinMeeting(name: string): number {
  const calls = systemCalls();
  const end = calls.must('socket', FAMILY.unix, SEQPACKET | FLAGS, 0);
  try {
    const address = unixSocketAddress(name);
    calls.must('connect', end, address, address.length);
    return end;
  } catch (error) {
    calls.close(end);
    throw error;
  }
}
