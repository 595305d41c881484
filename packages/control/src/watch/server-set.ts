import type { ServerAddress } from '../observation';
import { type ServerKey, serverKey } from '../server-key';
import type { ServerKnowledge } from '../topology/knowledge';
import type { ServerMemory, ServerWatch } from './server-watch';

/** Begins to watch a server; `memory`: what is known of it already. */
export type OpenWatch = (address: ServerAddress, memory: ServerMemory | undefined) => ServerWatch;

const NO_MEMORY: ReadonlyMap<ServerKey, ServerMemory> = new Map();

/** The watches of the servers of one list, in its order. */
export class ServerSet {
  readonly #open: OpenWatch;
  #watches = new Map<ServerKey, ServerWatch>();

  constructor(open: OpenWatch) {
    this.#open = open;
  }

  get all(): readonly ServerWatch[] {
    return [...this.#watches.values()];
  }

  get knowledge(): readonly ServerKnowledge[] {
    return this.all.map(({ knowledge }) => knowledge);
  }

  get memory(): ReadonlyMap<ServerKey, ServerMemory> {
    return new Map(this.all.map(({ key, memory }) => [key, memory]));
  }

  find(key: ServerKey): ServerWatch | undefined {
    return this.#watches.get(key);
  }

  /** Another list. Those that stay are watched on; `memory` may know those that are new. */
  set(addresses: readonly ServerAddress[], memory = NO_MEMORY): void {
    const before = this.#watches;
    const wanted = new Map(addresses.map((address) => [serverKey(address), address]));
    for (const [key, server] of before) if (!wanted.has(key)) server.close();
    const entries = [...wanted].map(
      ([key, address]) => [key, before.get(key) ?? this.#open(address, memory.get(key))] as const,
    );
    this.#watches = new Map(entries);
  }

  close(): void {
    for (const server of this.all) server.close();
  }
}
