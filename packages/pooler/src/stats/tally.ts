/** Where names are counted that come when there is no room for more. */
const OTHERS = 'other';

/** How often things have happened since start, by name. It does not grow beyond `namesMax` names. */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #namesMax: number;

  constructor(namesMax: number) {
    this.#namesMax = namesMax;
  }

  add(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined) this.#counts.set(name, count + 1);
    else if (this.#counts.size < this.#namesMax) this.#counts.set(name, 1);
    else this.#counts.set(OTHERS, (this.#counts.get(OTHERS) ?? 0) + 1);
  }

  get entries(): Iterable<readonly [string, number]> {
    return this.#counts;
  }
}
