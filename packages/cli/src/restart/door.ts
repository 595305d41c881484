import { chmodSync, rmSync } from 'node:fs';
import type { Listener, Logger, Transport, Wire } from '@pgweir/pooler';
import type { ListenSettings } from '../config/daemon-config';
import { listenOn } from '../runtime/listen-on';
import { listenUnix, peerUserId } from '../system-calls';
import { reasonOf } from '../system-error';
import { type Estate, isOwnUser, Successor } from './successor';

/** Few come, and not at the same time. */
const BACKLOG = 8;
/** How both ends open it. The other side is on this machine: its end is seen without probes. */
export const LOCAL_SOCKET = { backlog: BACKLOG, keepAlive: false, keepIdleSeconds: 0 } as const;

/** Where a process that is to take over finds the one that runs; undefined: nowhere. */
export function doorPath({ unixSocketDir, port }: ListenSettings): string | undefined {
  return unixSocketDir === undefined ? undefined : `${unixSocketDir}/.s.PGSQL.${port}.restart`;
}

interface DoorNeeds {
  readonly transport: Transport;
  readonly log: Logger;
  readonly estate: Estate;
}

/** A private socket on which a new process asks this one to hand over to it (`-R`). */
export class RestartDoor {
  readonly #needs: DoorNeeds;
  #listener: Listener | undefined;
  /** Where it is, as long as that is ours to remove. */
  #path: string | undefined;
  #successor: Successor | undefined;
  #handedOver = false;

  constructor(needs: DoorNeeds) {
    this.#needs = needs;
  }

  /** Opens it. Where that is impossible this process works as well, but for `-R`. */
  async open(path: string | undefined): Promise<void> {
    const { log, transport } = this.#needs;
    if (path === undefined) return;
    try {
      const isFile = !path.startsWith('@');
      // Whoever has the ports has the door: what is there has been left behind.
      if (isFile) rmSync(path, { force: true });
      // Runtimes remove the path of a socket that they have opened, also when it is another's by then.
      const opened = listenUnix(path, BACKLOG);
      if (isFile) this.#path = path;
      const came = (wire: Wire): void => this.#came(wire);
      this.#listener = await listenOn(opened, async (descriptor) => {
        if (isFile) chmodSync(path, 0o600);
        const options = { ...LOCAL_SOCKET, descriptor };
        return await transport.listen({ kind: 'unix', path }, options, came);
      });
    } catch (error) {
      // Nobody is behind it.
      this.#removePath();
      log.warn('no other process can take over from this one (-R)', { reason: reasonOf(error) });
    }
  }

  #came(wire: Wire): void {
    const { log, estate } = this.#needs;
    if (!isFromOwnUser(wire)) {
      log.warn('another user has asked to take over, and was turned away');
      wire.destroy();
      return;
    }
    const successor: Successor = new Successor({
      wire,
      estate,
      obstacle: () => {
        if (this.#successor !== undefined) return 'another process is taking over already';
        const obstacle = estate.obstacle();
        if (obstacle === undefined) this.#successor = successor;
        return obstacle;
      },
      tookOver: () => {
        log.info('another process takes over: waiting until the clients are gone');
        this.#handedOver = true;
        // The other one has its own there now.
        this.#path = undefined;
        void this.#shut();
      },
      gone: () => {
        if (this.#successor === successor && !this.#handedOver) this.#successor = undefined;
      },
    });
  }

  async #shut(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#removePath();
    await listener?.close();
  }

  #removePath(): void {
    if (this.#path !== undefined) rmSync(this.#path, { force: true });
    this.#path = undefined;
  }

  async close(): Promise<void> {
    this.#successor?.close();
    await this.#shut();
  }
}

function isFromOwnUser({ descriptor }: Wire): boolean {
  try {
    return descriptor !== undefined && isOwnUser(peerUserId(descriptor));
  } catch {
    // It has left already.
    return false;
  }
}
