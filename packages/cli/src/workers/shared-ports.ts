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
  readonly #instances: boolean;
  #ports: readonly SharedPort[] = [];

  /** `instances`: there may be others with the same TCP ports. */
  constructor(slots: number, { instances }: { readonly instances: boolean }) {
    this.#slots = slots;
    this.#instances = instances;
  }

  /**
   * Opens a port, or takes over `given`, a descriptor that listens there.
   *
   * @throws Error with the system's `code`
   */
  open(address: Address, backlog: number, given?: number): void {
    if (given !== undefined) {
      const descriptors = this.#sharedByAll(given);
      this.#add({ address, backlog, descriptors, ownPath: undefined });
    } else if (address.kind === 'unix') {
      const { path } = address;
      const descriptors = this.#sharedByAll(listenUnix(path, backlog));
      const ownPath = path.startsWith('@') ? undefined : path;
      this.#add({ address, backlog, descriptors, ownPath });
    } else {
      const { host } = address;
      const places = { backlog, count: this.#slots, instances: this.#instances };
      const { descriptors, port } = listenTcp({ host, port: address.port, ...places });
      this.#add({ address: { ...address, port }, backlog, descriptors, ownPath: undefined });
    }
  }

  #add(port: SharedPort): void {
    this.#ports = [...this.#ports, port];
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
    this.closePublic();
    for (const { descriptors, ownPath } of this.#ports) {
      for (const descriptor of new Set(descriptors)) systemCalls().close(descriptor);
      if (ownPath !== undefined) remove(ownPath);
    }
    this.#ports = [];
  }

  /** All but Unix sockets: where workers in a group drain, peers still bring cancel requests there. */
  closePublic(): void {
    for (const { address, descriptors } of this.#ports) {
      if (address.kind === 'unix') continue;
      for (const descriptor of new Set(descriptors)) systemCalls().close(descriptor);
    }
    this.#ports = this.#ports.filter(({ address }) => address.kind === 'unix');
  }
}

function remove(path: string): void {
  // Somebody else may have removed it.
  if (existsSync(path)) unlinkSync(path);
}
