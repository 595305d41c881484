import { type Expected, textColumn } from './expected';

/** What is known about a row that a client has inserted. */
type Fate = 'committed' | 'never' | 'maybe';

const DETAILS_MAX = 30;

export interface Counts {
  queries: number;
  bytes: number;
  connections: number;
  cancels: number;
  /** Of those, how many met a statement that ran or waited. */
  canceled: number;
  timeouts: number;
  aborted: number;
  slowReads: number;
}

/** What all clients have seen, and what must be in the table at the end. */
export class Ledger {
  readonly counts: Counts = {
    queries: 0,
    bytes: 0,
    connections: 0,
    cancels: 0,
    canceled: 0,
    timeouts: 0,
    aborted: 0,
    slowReads: 0,
  };
  violations = 0;
  /** Rows at the end. */
  rowsFound = 0;
  /** Description of the column that rows are read from; known once the table is there. */
  tagColumn: Expected = textColumn('v');
  /** The first ones. */
  readonly details: string[] = [];
  readonly #fates = new Map<string, Fate>();

  violated(what: string): void {
    this.violations += 1;
    if (this.details.length < DETAILS_MAX) this.details.push(what);
  }

  /** Until something else is said, the row must never be seen by anybody. */
  inserted(tag: string): void {
    this.#fates.set(tag, 'never');
  }

  /** COMMIT goes out: until its answer is there, nobody knows. */
  committing(tag: string): void {
    this.#fates.set(tag, 'maybe');
  }

  committed(tag: string): void {
    this.#fates.set(tag, 'committed');
  }

  /** Compares with what is really there. */
  settle(found: readonly string[]): void {
    const seen = new Set<string>();
    this.rowsFound = found.length;
    for (const tag of found) {
      const fate = this.#fates.get(tag);
      if (seen.has(tag)) this.violated(`row ${tag} is there twice`);
      seen.add(tag);
      if (fate === undefined) this.violated(`row ${tag} is there, which nobody has inserted`);
      if (fate === 'never') this.violated(`row ${tag} was committed, but not by its owner`);
    }
    for (const [tag, fate] of this.#fates) {
      if (fate === 'committed' && !seen.has(tag)) this.violated(`committed row ${tag} is missing`);
    }
  }
}
