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
  /** Opened by a service manager. */
  readonly given: boolean;
}

/** One descriptor that listens. */
export interface ListeningSocket {
  readonly address: Address;
  readonly descriptor: number;
  /** Opened by a service manager. */
  readonly given: boolean;
}

/** A listening descriptor that somebody else has opened. */
export interface GivenPort {
  readonly descriptor: number;
  /** By a daemon before this one: what there is to remove at the end is ours. */
  readonly isOurs: boolean;
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
   * @returns the address with its port
   * @throws Error with the system's `code`
   */
  open(address: Address, backlog: number, given?: GivenPort): Address {
    if (given !== undefined) {
      const descriptors = this.#sharedByAll(given.descriptor);
      // A path that was handed over is another one's to remove until that has stopped.
      this.#add({ address, backlog, descriptors, ownPath: undefined, given: !given.isOurs });
    } else if (address.kind === 'unix') {
      const descriptors = this.#sharedByAll(listenUnix(address.path, backlog));
      this.#add({ address, backlog, descriptors, ownPath: pathOf(address), given: false });
    } else {
      const { host } = address;
      const places = { backlog, count: this.#slots, instances: this.#instances };
      const { descriptors, port } = listenTcp({ host, port: address.port, ...places });
      const bound = { ...address, port };
      this.#add({ address: bound, backlog, descriptors, ownPath: undefined, given: false });
      return bound;
    }
    return address;
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

  /** Every descriptor, once, with its address. They stay where they are. */
  all(): readonly ListeningSocket[] {
    return this.#ports.flatMap(({ address, descriptors, given }) =>
      [...new Set(descriptors)].map((descriptor) => ({ address, descriptor, given })),
    );
  }

  /** All that was taken over is this one's alone from now on, the paths to be removed included. */
  own(): void {
    this.#ports = this.#ports.map((port) =>
      port.given ? port : { ...port, ownPath: pathOf(port.address) },
    );
  }

  /** Closes them here: somebody else has them as well. */
  letGo(): void {
    this.#ports = this.#ports.map((port) => ({ ...port, ownPath: undefined }));
    this.close();
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

/** What of a Unix socket is to be removed at the end; undefined: nothing. */
function pathOf(address: Address): string | undefined {
  return address.kind === 'unix' && !address.path.startsWith('@') ? address.path : undefined;
}

function remove(path: string): void {
  // Somebody else may have removed it.
  if (existsSync(path)) unlinkSync(path);
}
