import { nativeBytes } from './signatures';
import { FAMILY, unixSocketAddress } from './socket-address';
import { systemCalls } from './system-calls';

/** SOCK_DGRAM, and both flags at once: SOCK_NONBLOCK and SOCK_CLOEXEC. */
const DATAGRAM = 2;
const FLAGS = 0o4000 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/**
 * Sends datagrams to a Unix socket, without ever waiting. The path is looked up for each of them, so
 * a receiver that went away and came back is found again.
 */
export class DatagramSender {
  readonly #descriptor: number;
  readonly #address: Buffer;

  /**
   * Opens a socket; whether somebody receives at `path` is not asked yet. A leading `@` means the
   * abstract name space.
   *
   * @throws Error with the system's `code`, or with a text for the operator
   */
  constructor(path: string) {
    this.#address = unixSocketAddress(path);
    this.#descriptor = systemCalls().must('socket', FAMILY.unix, DATAGRAM | FLAGS, 0);
  }

  /**
   * Sends all of `text` or nothing.
   *
   * @throws Error with the system's `code`: `EAGAIN` when the receiver is behind, `ENOENT` and
   *   `ECONNREFUSED` when there is none
   */
  send(text: string): void {
    const length = Buffer.byteLength(text);
    // A pointer to no bytes is none.
    const bytes = nativeBytes(Math.max(length, 1));
    bytes.write(text);
    const address = this.#address;
    const where = [MSG_NOSIGNAL, address, address.length] as const;
    systemCalls().must('sendto', this.#descriptor, bytes, length, ...where);
  }

  close(): void {
    systemCalls().close(this.#descriptor);
  }
}
