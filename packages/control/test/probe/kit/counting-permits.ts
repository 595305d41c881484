import type { PermitAnswer, ProbePermits } from '../../../src/probe/probe-permits';

/** Permits of a cap, and how many are out. */
export class CountingPermits implements ProbePermits {
  /** Those that are out. */
  held = 0;
  granted = 0;
  /** Wants that wait for room. */
  readonly #waiting = new Set<(answer: PermitAnswer) => void>();
  readonly #max: number;

  constructor(max = Number.POSITIVE_INFINITY) {
    this.#max = max;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  acquire(_address: unknown, answer: (answer: PermitAnswer) => void): () => void {
    if (this.held < this.#max) this.#grant(answer);
    else this.#waiting.add(answer);
    return () => void this.#waiting.delete(answer);
  }

  #grant(answer: (answer: PermitAnswer) => void): void {
    this.held++;
    this.granted++;
    let isHeld = true;
    answer({
      kind: 'granted',
      permit: {
        release: () => {
          if (!isHeld) throw new Error('a permit was given back twice');
          isHeld = false;
          this.held--;
          const [next] = this.#waiting;
          if (next === undefined) return;
          this.#waiting.delete(next);
          this.#grant(next);
        },
      },
    });
  }
}
