import { WORKER_NUMBERS_APART } from './cancel/worker-bits';

const ID_MAX = 0x7fffffff;
const PER_WORKER = (ID_MAX + 1) / WORKER_NUMBERS_APART;

/**
 * Numbers for clients or links: four bytes, as consoles and their readers expect, and in their upper bits
 * the worker, so that no two that live at the same time are alike. They come round again.
 */
export class Ids {
  readonly #first: number;
  readonly #count: number;
  #next = 1;

  /** `worker` undefined: there are no others. */
  constructor(worker: number | undefined) {
    this.#first = worker === undefined ? 0 : (worker % WORKER_NUMBERS_APART) * PER_WORKER;
    this.#count = worker === undefined ? ID_MAX : PER_WORKER;
  }

  next(isTaken: (id: number) => boolean): number {
    for (;;) {
      const id = this.#first + this.#next;
      this.#next = this.#next + 1 < this.#count ? this.#next + 1 : 1;
      if (!isTaken(id)) return id;
    }
  }
}

/** Whether it was given out by this worker. */
export function isIdOfWorker(id: number, worker: number): boolean {
  return Math.floor(id / PER_WORKER) === worker % WORKER_NUMBERS_APART;
}
