/** A place in a wait queue. Intrusive, so that leaving costs nothing and allocates nothing. */
export interface Waiter {
  /** Clock time at which it began to wait, milliseconds. */
  waitingSinceMs: number;
  queueNext: Waiter | undefined;
  queuePrevious: Waiter | undefined;
  /** The queue it stands in. */
  queue: unknown;
}

/** First come, first served; leaving from the middle is O(1). */
export class WaitQueue<W extends Waiter> {
  length = 0;
  #head: W | undefined;
  #tail: W | undefined;

  /** The oldest waiter. */
  get head(): W | undefined {
    return this.#head;
  }

  push(waiter: W): void {
    waiter.queue = this;
    waiter.queuePrevious = this.#tail;
    waiter.queueNext = undefined;
    if (this.#tail === undefined) this.#head = waiter;
    else this.#tail.queueNext = waiter;
    this.#tail = waiter;
    this.length++;
  }

  /** Takes the oldest waiter out. */
  shift(): W | undefined {
    const head = this.#head;
    if (head !== undefined) this.remove(head);
    return head;
  }

  /** Takes a waiter out, wherever it stands. Nothing happens when it stands elsewhere. */
  remove(waiter: Waiter): void {
    if (waiter.queue !== this) return;
    const previous = waiter.queuePrevious as W | undefined;
    const next = waiter.queueNext as W | undefined;
    if (previous === undefined) this.#head = next;
    else previous.queueNext = next;
    if (next === undefined) this.#tail = previous;
    else next.queuePrevious = previous;
    waiter.queue = undefined;
    waiter.queueNext = undefined;
    waiter.queuePrevious = undefined;
    this.length--;
  }

  *[Symbol.iterator](): IterableIterator<W> {
    let at = this.#head;
    while (at !== undefined) {
      const next = at.queueNext as W | undefined;
      yield at;
      at = next;
    }
  }
}
