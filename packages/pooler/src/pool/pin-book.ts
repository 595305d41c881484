/** A session that keeps its link beyond its transactions, or waits until it may. */
export interface Pinned {
  /** It may be pinned now. */
  pinIsFree(): void;
  /** Others wait for links: what it keeps its own for may have become old enough to be given up. */
  giveUpSequence(): void;
}

/** The sessions of one pool that keep their links, and those that wait because there are too many. */
export class PinBook {
  readonly #pinned = new Set<Pinned>();
  readonly #waiters = new Set<Pinned>();
  readonly #soon: (run: () => void) => void;

  /** `soon` runs what it is given when the current work is over. */
  constructor(soon: (run: () => void) => void) {
    this.#soon = soon;
  }

  /** `pinnedMax`: 0 for no limit. */
  hasRoom(pinnedMax: number): boolean {
    return pinnedMax === 0 || this.#pinned.size < pinnedMax;
  }

  /** How many keep a link. */
  get count(): number {
    return this.#pinned.size;
  }

  wait(session: Pinned): void {
    this.#waiters.add(session);
  }

  /** @returns whether it waited */
  leave(session: Pinned): boolean {
    return this.#waiters.delete(session);
  }

  begin(session: Pinned): void {
    this.#pinned.add(session);
  }

  holds(session: Pinned): boolean {
    return this.#pinned.has(session);
  }

  /** One who waits may be pinned instead. */
  end(session: Pinned): void {
    this.#pinned.delete(session);
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      this.#soon(() => waiter.pinIsFree());
      return;
    }
  }

  /** Sessions wait for links. */
  giveUpSequences(): void {
    for (const session of this.#pinned) session.giveUpSequence();
  }
}
