import type { StatementView } from '../ports/statement-view';
import { OTHERS } from './statement-rows';
import { type StatementRun, StatementSums } from './statement-sums';
import type { StatementText } from './statement-text';

/** Who runs statements: their rows are kept apart. */
export interface StatementPlace {
  readonly database: string;
  readonly user: string;
  readonly rows: Map<string, StatementRow>;
}

/** What is known of one statement of one place. */
interface StatementRow {
  readonly place: StatementPlace;
  readonly text: StatementText;
  readonly sums: StatementSums;
  /** How often it has run, lately more than before. */
  weight: number;
}

/** Of so many that are kept, the one of the least weight makes room for a new one. */
const LOOKED_AT = 16;

/**
 * How often statements have run, and how long they took, for a bounded number of them. One that is new
 * when the table is full takes the place of another, which counts among the others from then on: sums over
 * all rows never fall. To find that one costs the same however many there are: a hand goes around the
 * table, what it passes loses half of its weight, and the lightest of those that it has passed goes.
 */
export class StatementTable {
  readonly #rows: StatementRow[] = [];
  #hand = 0;
  #others = new StatementSums();
  #max: number;

  /** `max`: how many rows are kept, at least one. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** How many rows are kept from now on. */
  set max(max: number) {
    this.#max = max;
    while (this.#rows.length > max) {
      const last = this.#rows.pop();
      if (last !== undefined) this.#leave(last);
    }
    if (this.#hand >= this.#rows.length) this.#hand = 0;
  }

  /** `serverMs`: as in `StatementSums`. */
  count(place: StatementPlace, run: StatementRun, serverMs: number): void {
    const { text } = run;
    if (text === undefined) {
      this.#others.count(run, serverMs);
      return;
    }
    const row = place.rows.get(text.fingerprint) ?? this.#newRow(place, text);
    row.weight++;
    row.sums.count(run, serverMs);
  }

  #newRow(place: StatementPlace, { fingerprint, statement }: StatementText): StatementRow {
    const at = this.#rows.length < this.#max ? this.#rows.length : this.#lightest();
    const before = this.#rows[at];
    if (before !== undefined) this.#leave(before);
    // What holds the sums is the dearest part of a row.
    const sums = before?.sums.cleared() ?? new StatementSums();
    // Nothing else that is known of it: it may have literals.
    const row = { place, text: { fingerprint, statement }, sums, weight: 0 };
    this.#rows[at] = row;
    place.rows.set(fingerprint, row);
    return row;
  }

  #lightest(): number {
    const rows = this.#rows;
    let lightest = this.#hand;
    let least = Infinity;
    for (let left = Math.min(LOOKED_AT, rows.length); left > 0; left--) {
      const row = rows[this.#hand];
      if (row !== undefined) {
        row.weight /= 2;
        if (row.weight < least) {
          least = row.weight;
          lightest = this.#hand;
        }
      }
      this.#hand = (this.#hand + 1) % rows.length;
    }
    return lightest;
  }

  #leave(row: StatementRow): void {
    row.place.rows.delete(row.text.fingerprint);
    this.#others.add(row.sums);
  }

  /** Everything begins at nothing again: places that are known to others have no rows here any more. */
  reset(): void {
    for (const { place } of this.#rows) place.rows.clear();
    this.#rows.length = 0;
    this.#hand = 0;
    this.#others = new StatementSums();
  }

  views(): readonly StatementView[] {
    const rows = this.#rows.map(({ place, text, sums }) => ({
      database: place.database,
      user: place.user,
      ...text,
      ...sums.view(),
    }));
    return this.#others.calls === 0 ? rows : [...rows, { ...OTHERS, ...this.#others.view() }];
  }
}
