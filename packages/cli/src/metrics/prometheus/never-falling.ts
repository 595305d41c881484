import { countOf, type HistogramView } from '@pgweir/pooler';

/**
 * A number that never falls, made of one that may: part of what it adds up may be forgotten, as a database
 * that nobody has used for long. What was counted stays.
 */
export class NeverFalling {
  #last = 0;
  #forgotten = 0;

  next(value: number): number {
    if (value < this.#last) this.#forgotten += this.#last - value;
    this.#last = value;
    return value + this.#forgotten;
  }
}

/** The same of a histogram. */
export class NeverFallingHistogram {
  #last: HistogramView | undefined;
  #forgotten: readonly number[] = [];
  readonly #sum = new NeverFalling();

  next(view: HistogramView): HistogramView {
    const last = this.#last;
    if (last !== undefined && countOf(view) < countOf(last)) {
      this.#forgotten = view.cumulative.map((count, at) => {
        const before = this.#forgotten[at] ?? 0;
        return before + Math.max(0, (last.cumulative[at] ?? 0) - count);
      });
    }
    this.#last = view;
    const sumUs = this.#sum.next(view.sumUs);
    if (this.#forgotten.length === 0) return { ...view, sumUs };
    let least = 0;
    const cumulative = view.cumulative.map((count, at) => {
      least = Math.max(least, count + (this.#forgotten[at] ?? 0));
      return least;
    });
    return { ...view, cumulative, sumUs };
  }
}
