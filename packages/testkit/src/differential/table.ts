import type { Result } from './runner';
import { MODES } from './script';

const SHORT: Readonly<Record<Result['outcome']['kind'], string>> = {
  equal: 'equal',
  known: 'known',
  different: 'DIFF',
  broken: 'BROKEN',
};

/** One line a script: its outcome in each mode and major; then what is known, then what is wrong. */
export function resultTable(results: readonly Result[]): string {
  const names = [...new Set(results.map(({ script }) => script))];
  const width = Math.max(...names.map((name) => name.length), 6);
  const columns = [...new Set(results.map(({ major }) => major))].flatMap((major) =>
    MODES.filter((mode) => results.some((each) => each.major === major && each.mode === mode)).map(
      (mode) => ({ major, mode, title: `${major} ${mode}` }),
    ),
  );
  const line = (cells: readonly string[], first: string): string =>
    [first.padEnd(width), ...cells.map((cell, i) => cell.padEnd(columns[i]?.title.length ?? 0))]
      .join('  ')
      .trimEnd();
  const rows = names.map((name) =>
    line(
      columns.map(({ major, mode }) => {
        const found = results.find(
          (each) => each.script === name && each.major === major && each.mode === mode,
        );
        return found === undefined ? '-' : SHORT[found.outcome.kind];
      }),
      name,
    ),
  );
  const titles = columns.map(({ title }) => title);
  return [line(titles, 'script'), ...rows, '', ...knownLines(results), summary(results)].join('\n');
}

/** What is wrong, for a person to read. Empty: nothing. */
export function failures(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ script, mode, major, outcome }) =>
    outcome.kind === 'different' || outcome.kind === 'broken'
      ? [`${SHORT[outcome.kind]} "${script}" (${mode} mode, ${major})\n${outcome.detail}`]
      : [],
  );
}

function knownLines(results: readonly Result[]): readonly string[] {
  const known = results.flatMap(({ script, outcome }) =>
    outcome.kind === 'known' ? [`known: ${script}: ${outcome.reason}`] : [],
  );
  return known.length === 0 ? [] : [...new Set(known), ''];
}

function summary(results: readonly Result[]): string {
  const count = (kind: Result['outcome']['kind']): number =>
    results.filter(({ outcome }) => outcome.kind === kind).length;
  const scripts = new Set(results.map(({ script }) => script)).size;
  const counts = (['equal', 'known', 'different', 'broken'] as const)
    .map((kind) => `${count(kind)} ${kind}`)
    .join(', ');
  return `${scripts} scripts, ${results.length} comparisons: ${counts}`;
}
