/** The first column of each row. */
export type Row = string | null;

/** How a statement ended: all that is looked at of its replies. */
export type Outcome =
  | { readonly kind: 'done'; readonly tag: string; readonly rows: readonly Row[] }
  | { readonly kind: 'failed'; readonly code: string };

/** How it may end. A pattern stands for a value that nobody can foresee. */
export type Wanted =
  | { readonly kind: 'done'; readonly tag: string; readonly rows: readonly (Row | RegExp)[] }
  | { readonly kind: 'failed'; readonly code: string };

export function done(tag: string, ...rows: readonly (Row | RegExp)[]): Wanted {
  return { kind: 'done', tag, rows };
}

/** What a SELECT gives. */
export function selected(...rows: readonly (Row | RegExp)[]): Wanted {
  return done(`SELECT ${rows.length}`, ...rows);
}

export function failed(code: string): Wanted {
  return { kind: 'failed', code };
}

export function fits(outcome: Outcome, wanted: Wanted): boolean {
  if (outcome.kind === 'failed' || wanted.kind === 'failed') {
    return outcome.kind === 'failed' && wanted.kind === 'failed' && outcome.code === wanted.code;
  }
  if (outcome.tag !== wanted.tag || outcome.rows.length !== wanted.rows.length) return false;
  return wanted.rows.every((cell, at) => {
    const row = outcome.rows[at] ?? null;
    return cell instanceof RegExp ? row !== null && cell.test(row) : row === cell;
  });
}

export function describeOutcome(outcome: Outcome | Wanted): string {
  if (outcome.kind === 'failed') return `error ${outcome.code}`;
  const rows = outcome.rows.map((row) => (row === null ? 'NULL' : String(row)));
  return `${outcome.tag}${rows.length === 0 ? '' : ` [${rows.join(' | ')}]`}`;
}
