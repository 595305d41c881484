import type { Pooler } from '@pgweir/pooler';
import type { ListenSettings } from './config/daemon-config';
import type { OpenPort } from './listen';
import { duplicate, systemCalls } from './system-calls';
import { type ListeningSocket, SharedPorts } from './workers/shared-ports';

/** The ports of a daemon of one process. */
export class OwnPorts {
  readonly #pooler: Pooler;
  /**
   * The listening sockets, of which the pooler has duplicates: they can be shared with other instances,
   * and handed over to a daemon that takes over. Undefined where the system offers no way to that.
   */
  readonly #shared: SharedPorts | undefined;

  constructor(pooler: Pooler, { reusePort }: ListenSettings) {
    this.#pooler = pooler;
    this.#shared = hasSystemCalls() ? new SharedPorts(1, { instances: reusePort }) : undefined;
    if (reusePort) systemCalls();
  }

  readonly open: OpenPort = async (address, backlog, given) => {
    const shared = this.#shared;
    if (shared === undefined) return await this.#pooler.listen(address, backlog, given?.descriptor);
    const bound = shared.open(address, backlog, given);
    const [descriptor = -1] = shared.ofSlot(0).descriptors.slice(-1);
    const own = duplicate(descriptor);
    try {
      return await this.#pooler.listen(bound, backlog, own);
    } catch (error) {
      systemCalls().close(own);
      throw error;
    }
  };

  /** As `SharedPorts` has them. */
  all(): readonly ListeningSocket[] {
    return this.#shared?.all() ?? [];
  }

  closePublic(): void {
    this.#shared?.closePublic();
  }

  close(): void {
    this.#shared?.close();
  }

  own(): void {
    this.#shared?.own();
  }

  letGo(): void {
    this.#shared?.letGo();
  }
}

function hasSystemCalls(): boolean {
  try {
    systemCalls();
    return true;
  } catch {
    return false;
  }
}
