import type { StatementView } from '../ports/statement-view';
import { mergeHistograms } from '../stats/histogram';

/** The row of what is not kept by itself. */
export const OTHERS = { database: '*', user: '*', fingerprint: 'others', statement: '(others)' };

const OTHERS_KEY = keyOf(OTHERS);

/**
 * One row for each statement of a database and user. Of more than `max` the less costly ones become a part
 * of the others.
 */
export function mergeStatements(
  rows: readonly StatementView[],
  max = Infinity,
): readonly StatementView[] {
  const byKey = new Map<string, StatementView[]>();
  for (const row of rows) {
    const same = byKey.get(keyOf(row));
    if (same === undefined) byKey.set(keyOf(row), [row]);
    else same.push(row);
  }
  const others = byKey.get(OTHERS_KEY) ?? [];
  byKey.delete(OTHERS_KEY);
  const all = [...byKey.values()].flatMap((same) => sumOf(same));
  if (all.length <= max) return [...all, ...sumOf(others)];
  all.sort((a, b) => b.times.sumUs - a.times.sumUs);
  const rest = all.slice(max).map((row) => ({ ...row, ...OTHERS }));
  return [...all.slice(0, max), ...sumOf([...others, ...rest])];
}

function keyOf(row: Pick<StatementView, 'database' | 'user' | 'fingerprint'>): string {
  return `${row.database}\0${row.user}\0${row.fingerprint}`;
}

/** One row for all of them, none for none. */
function sumOf(same: readonly StatementView[]): readonly StatementView[] {
  const [first] = same;
  if (first === undefined || same.length === 1) return same;
  const sum = (value: (row: StatementView) => number) =>
    same.reduce((total, row) => total + value(row), 0);
  return [
    {
      ...first,
      calls: sum(({ calls }) => calls),
      rows: sum(({ rows }) => rows),
      errors: sum(({ errors }) => errors),
      waitUs: sum(({ waitUs }) => waitUs),
      times: mergeHistograms(same.map(({ times }) => times)),
    },
  ];
}
