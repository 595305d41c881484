import { existsSync, unlinkSync } from 'node:fs';
import type { Address } from '@pgweir/pooler';
import { listenTcp, listenUnix, systemCalls } from '../system-calls';
import { FIRST_PORT_DESCRIPTOR, type InheritedPort } from './messages';

interface SharedPort {
  readonly address: Address;
  readonly backlog: number;
  /** One for each slot. Those of a Unix socket, and of one that was given, are one and the same. */
  readonly descriptors: readonly number[];
  /** The path of a Unix socket that we have made, to be removed. */
  readonly ownPath: string | undefined;
}

/**
 * The listening sockets, which outlive every worker: connections wait in them while nobody accepts. TCP
 * has one for each slot, and the system spreads connections over them; with Unix sockets it does not, so
 * all slots share one. So they do where the service manager has opened the socket.
 */
export class SharedPorts {
  readonly #slots: number;
  readonly #ports: SharedPort[] = [];

  constructor(slots: number) {
    this.#slots = slots;
  }

  /**
   * Opens a port, or takes over `given`, a descriptor that listens there.
   *
   * @throws Error with the system's `code`
   */
  open(address: Address, backlog: number, given?: number): void {
    if (given !== undefined) {
      const descriptors = this.#sharedByAll(given);
      this.#ports.push({ address, backlog, descriptors, ownPath: undefined });
    } else if (address.kind === 'unix') {
      const { path } = address;
      const descriptors = this.#sharedByAll(listenUnix(path, backlog));
      const ownPath = path.startsWith('@') ? undefined : path;
      this.#ports.push({ address, backlog, descriptors, ownPath });
    } else {
      const { host } = address;
      const opened = listenTcp({ host, port: address.port, backlog, count: this.#slots });
      const { descriptors, port } = opened;
      this.#ports.push({ address: { ...address, port }, backlog, descriptors, ownPath: undefined });
    }
  }

  #sharedByAll(descriptor: number): readonly number[] {
    return Array.from({ length: this.#slots }, () => descriptor);
  }

  /** What a worker of a slot inherits: the descriptors, and what they are in the worker. */
  ofSlot(slot: number): { readonly ports: InheritedPort[]; readonly descriptors: number[] } {
    const descriptors = this.#ports.map((port) => port.descriptors[slot] ?? -1);
    const ports = this.#ports.map(({ address }, at) => ({
      address,
      descriptor: FIRST_PORT_DESCRIPTOR + at,
    }));
    return { ports, descriptors };
  }

  /** Runtimes set the queue of a socket that they begin to accept on to a length of their own. */
  restoreQueues(slot: number): void {
    for (const { backlog, descriptors } of this.#ports) {
      systemCalls().must('listen', descriptors[slot] ?? -1, backlog);
    }
  }

  /** Closes them here. They are gone when no worker has them any more. */
  close(): void {
    for (const { descriptors, ownPath } of this.#ports.splice(0)) {
      for (const descriptor of new Set(descriptors)) systemCalls().close(descriptor);
      if (ownPath !== undefined) remove(ownPath);
    }
  }
}

function remove(path: string): void {
  // Somebody else may have removed it.
  if (existsSync(path)) unlinkSync(path);
}
