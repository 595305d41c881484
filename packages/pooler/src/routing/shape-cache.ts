import type { RouteHint } from './route-hint';

export interface ShapeCacheLimits {
  /** Rounded up to a power of two. */
  readonly shapesMax: number;
  /** How much all values may weigh together, in units of the caller's. */
  readonly weightMax: number;
}

/** A shape, or as much of it as counts. */
export interface ShapeKey {
  readonly first: number;
  readonly second: number;
  readonly hint: RouteHint;
}

interface Slot<T> extends ShapeKey {
  readonly value: T;
  readonly weight: number;
}

/** So many shapes that go to the same place are kept; of one more the least used goes. */
const WAYS = 4;

/** What is known of shapes used lately. A look-up is a few comparisons. */
export class ShapeCache<T> {
  readonly #slots: (Slot<T> | undefined)[];
  readonly #mask: number;
  readonly #weightMax: number;
  #weight = 0;
  #size = 0;

  constructor({ shapesMax, weightMax }: ShapeCacheLimits) {
    let places = 1;
    while (places * WAYS < shapesMax) places *= 2;
    this.#slots = new Array(places * WAYS).fill(undefined);
    this.#mask = places - 1;
    this.#weightMax = weightMax;
  }

  /** How many shapes it keeps. */
  get size(): number {
    return this.#size;
  }

  get weight(): number {
    return this.#weight;
  }

  get(shape: ShapeKey): T | undefined {
    const slots = this.#slots;
    const { first, second, hint } = shape;
    const place = (first & this.#mask) * WAYS;
    for (let at = place; at < place + WAYS; at++) {
      const slot = slots[at];
      if (slot === undefined) return undefined;
      if (slot.second !== second || slot.first !== first || slot.hint !== hint) continue;
      if (at > place) {
        // What is used moves forward, what is not falls behind.
        slots[at] = slots[at - 1];
        slots[at - 1] = slot;
      }
      return slot.value;
    }
    return undefined;
  }

  /** For a shape that `get` did not know. */
  add({ first, second, hint }: ShapeKey, value: T, weight: number): void {
    if (weight > this.#weightMax) return;
    if (this.#weight + weight > this.#weightMax) this.#clear();
    const slots = this.#slots;
    const place = (first & this.#mask) * WAYS;
    let at = place;
    while (at < place + WAYS - 1 && slots[at] !== undefined) at++;
    const gone = slots[at];
    if (gone === undefined) this.#size++;
    this.#weight += weight - (gone?.weight ?? 0);
    slots[at] = { first, second, hint, value, weight };
  }

  #clear(): void {
    this.#slots.fill(undefined);
    this.#weight = 0;
    this.#size = 0;
  }
}
