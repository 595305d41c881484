import type { Listener, SocketOptions } from './ports/transport';

/** Where a pooler listens. */
export class OpenListeners {
  #listeners: readonly Listener[] = [];

  add(listener: Listener): void {
    this.#listeners = [...this.#listeners, listener];
  }

  tune(options: SocketOptions): void {
    for (const listener of this.#listeners) listener.tune(options);
  }

  /** Resolves when all ports are free. */
  async close(): Promise<void> {
    const closing = this.#listeners;
    this.#listeners = [];
    await Promise.all(closing.map((listener) => listener.close()));
  }

  /** All but Unix sockets: in a group, peers still bring cancel requests there. */
  async closePublic(): Promise<void> {
    const closing = this.#listeners.filter(({ address }) => address.kind === 'tcp');
    this.#listeners = this.#listeners.filter(({ address }) => address.kind === 'unix');
    await Promise.all(closing.map((listener) => listener.close()));
  }
}
