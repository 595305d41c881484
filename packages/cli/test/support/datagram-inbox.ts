import { rmSync } from 'node:fs';
import { waitFor } from '@pgweir/testkit';
import { systemCalls } from '../../src/system-calls';
import { nativeBytes } from '../../src/system-calls/signatures';
import { unixSocketAddress } from '../../src/system-calls/socket-address';

const UNIX = 1;
const DATAGRAM = 2;
const FLAGS = 0o4000 | 0o2000000;
const MSG_DONTWAIT = 0x40;
const DATAGRAM_BYTES = 64 * 1024;

/** A Unix datagram socket at `path` (`@name`: abstract), as a service manager or a syslog has it. */
export class DatagramInbox {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #heard: string[] = [];

  constructor(path: string) {
    const address = unixSocketAddress(path);
    this.#path = path;
    this.#descriptor = systemCalls().must('socket', UNIX, DATAGRAM | FLAGS, 0);
    systemCalls().must('bind', this.#descriptor, address, address.length);
  }

  /** Takes what has arrived. @returns everything so far */
  heard(): readonly string[] {
    const bytes = nativeBytes(DATAGRAM_BYTES);
    for (;;) {
      const { native } = systemCalls();
      const length = native.call('recv', this.#descriptor, bytes, bytes.length, MSG_DONTWAIT);
      if (length < 0) return this.#heard;
      this.#heard.push(bytes.toString('utf8', 0, length));
    }
  }

  /** Waits until one message matches. @returns it */
  async until(pattern: RegExp): Promise<string> {
    return await waitFor(() => this.heard().find((message) => pattern.test(message)), {
      what: `a message like ${pattern} among ${JSON.stringify(this.#heard)}`,
    });
  }

  /** Nobody receives there any more. */
  close(): void {
    systemCalls().close(this.#descriptor);
    if (!this.#path.startsWith('@')) rmSync(this.#path, { force: true });
  }
}
