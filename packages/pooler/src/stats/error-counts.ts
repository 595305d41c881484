import type { ErrorCountView } from '../ports/daemon-view';

type Source = ErrorCountView['source'];

/** SQLSTATEs of one source, of all entries together: a function may raise any. */
const SQLSTATES_MAX = 40;
/** Of several processes together: each has its own 40, and others come after them. */
const MERGED_MAX = 100;
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** What others count at. */
const OTHER = 'other';
const SOURCES = ['pgweir', 'server'] as const;

/** The first SQLSTATEs of each source have their names; those that come later are `other`. */
class Names {
  readonly #bySource = { pgweir: new Set<string>(), server: new Set<string>() };
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  of(source: Source, sqlstate: string): string {
    const names = this.#bySource[source];
    if (names.has(sqlstate)) return sqlstate;
    if (names.size >= this.#max) return OTHER;
    names.add(sqlstate);
    return sqlstate;
  }
}

/** Errors that clients have been sent since start, by the entry of `[databases]` that they use. */
export class ErrorCounts {
  readonly #names = new Names(SQLSTATES_MAX);
  readonly #bySource = {
    pgweir: new Map<string, Map<string, number>>(),
    server: new Map<string, Map<string, number>>(),
  };

  count(source: Source, entry: string, sqlstate: string): void {
    const byEntry = this.#bySource[source];
    let counts = byEntry.get(entry);
    if (counts === undefined) {
      counts = new Map();
      byEntry.set(entry, counts);
    }
    const name = SQLSTATE.test(sqlstate) ? this.#names.of(source, sqlstate) : OTHER;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }

  view(): readonly ErrorCountView[] {
    return SOURCES.flatMap((source) =>
      [...this.#bySource[source]].flatMap(([entry, counts]) =>
        [...counts].map(([sqlstate, count]) => ({ entry, source, sqlstate, count })),
      ),
    );
  }
}

/**
 * With no more SQLSTATEs than there may be, the first ones. Rows of one entry, source and SQLSTATE may be
 * there more than once.
 */
export function boundErrors(rows: readonly ErrorCountView[]): readonly ErrorCountView[] {
  const names = new Names(MERGED_MAX);
  return rows.map((row) => {
    const { source, sqlstate } = row;
    const name = sqlstate === OTHER ? OTHER : names.of(source, sqlstate);
    return name === sqlstate ? row : { ...row, sqlstate: name };
  });
}
