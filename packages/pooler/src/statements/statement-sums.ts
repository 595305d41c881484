import { Histogram, type HistogramView } from '../stats/histogram';
import type { SentStatement, StatementText } from './statement-text';

/** A statement that has run. */
export interface StatementRun {
  /** Undefined: it is not known by itself. */
  readonly text: StatementText | SentStatement | undefined;
  /** How long a link was waited for before. */
  readonly waitMs: number;
  readonly rows: number;
  readonly failed: boolean;
}

/** What many runs of statements come to. */
export class StatementSums {
  calls = 0;
  #rows = 0;
  #errors = 0;
  #waitUs = 0;
  readonly #times = new Histogram();

  /** `serverMs`: from when PostgreSQL could begin with it to the end of its answer. */
  count({ failed, rows, waitMs }: StatementRun, serverMs: number): void {
    this.calls++;
    this.#rows += rows;
    if (failed) this.#errors++;
    if (waitMs > 0) this.#waitUs += waitMs * 1000;
    this.#times.observe(serverMs * 1000);
  }

  /** The same object with nothing in it. */
  cleared(): this {
    this.calls = 0;
    this.#rows = 0;
    this.#errors = 0;
    this.#waitUs = 0;
    this.#times.clear();
    return this;
  }

  add(other: StatementSums): void {
    this.calls += other.calls;
    this.#rows += other.#rows;
    this.#errors += other.#errors;
    this.#waitUs += other.#waitUs;
    this.#times.add(other.#times);
  }

  view(): {
    readonly calls: number;
    readonly rows: number;
    readonly errors: number;
    readonly waitUs: number;
    readonly times: HistogramView;
  } {
    return {
      calls: this.calls,
      rows: this.#rows,
      errors: this.#errors,
      waitUs: this.#waitUs,
      times: this.#times.view(),
    };
  }
}
