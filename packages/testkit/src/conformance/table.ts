import type { ContenderName } from './contender';
import type { Result } from './runner';
import { WAYS } from './scenario';

type Kind = Result['outcome']['kind'];

const SHORT: Readonly<Record<Kind, string>> = {
  equal: 'equal',
  known: 'known',
  different: 'DIFF',
  broken: 'BROKEN',
};

const TITLES: Readonly<Record<ContenderName, string>> = {
  track: 'pgweir',
  leak: 'pgweir, session_state = leak',
  pgbouncer: 'PgBouncer',
  direct: 'PostgreSQL itself',
};

/** One line a scenario: its outcome for each contender, way and major. */
export function outcomeTable(results: readonly Result[]): string {
  const columns = columnsOf(results, ({ contender, way, major }) => `${contender} ${way} ${major}`);
  const names = [...new Set(results.map(({ scenario }) => scenario))];
  const cells = new Map(
    results.map((each) => [
      `${each.contender} ${each.way} ${each.major}\0${each.scenario}`,
      SHORT[each.outcome.kind],
    ]),
  );
  const rows = names.map((name) => [
    name,
    ...columns.map((column) => cells.get(`${column}\0${name}`) ?? '-'),
  ]);
  return padded([['scenario', ...columns], ...rows]);
}

/**
 * How many scenarios of each group are equal everywhere, as a table in Markdown. A scenario counts once
 * for all majors, and known differences do not count as equal.
 */
export function groupTable(results: readonly Result[], version: string | undefined): string {
  const columns = columnsOf(results, ({ contender, way }) => `${contender} ${way}`);
  const titles = columns.map((column) => {
    const found = results.find(({ contender, way }) => `${contender} ${way}` === column);
    if (found === undefined) return column;
    const name = TITLES[found.contender];
    const full = found.contender === 'pgbouncer' ? `${name} ${version ?? ''}`.trim() : name;
    return `${full}, ${found.way === 'alone' ? 'alone' : 'competing'}`;
  });
  const groups = [...new Set(results.map(({ group }) => group))];
  const row = (title: string, of: readonly Result[]): string => {
    const cells = columns.map((column) => {
      const mine = of.filter(({ contender, way }) => `${contender} ${way}` === column);
      const all = new Set(mine.map(({ scenario }) => scenario));
      for (const { scenario, outcome } of mine) if (outcome.kind !== 'equal') all.delete(scenario);
      return String(all.size);
    });
    return `| ${[title, new Set(of.map(({ scenario }) => scenario)).size, ...cells].join(' | ')} |`;
  };
  return [
    `| ${['scenarios', 'number', ...titles].join(' | ')} |`,
    `|${' --- |'.repeat(titles.length + 2)}`,
    ...groups.map((group) =>
      row(
        group,
        results.filter((each) => each.group === group),
      ),
    ),
    row('all', results),
  ].join('\n');
}

/** What is wrong, for a person to read. Empty: nothing. */
export function failures(results: readonly Result[]): readonly string[] {
  return results.flatMap(({ scenario, contender, way, major, outcome }) =>
    outcome.kind === 'different' || outcome.kind === 'broken'
      ? [`${SHORT[outcome.kind]} "${scenario}" (${contender}, ${way}, ${major})\n${outcome.detail}`]
      : [],
  );
}

/** Counts, known differences, and how often a step landed on another link than its session's last one. */
export function summary(results: readonly Result[]): string {
  const known = results.flatMap(({ scenario, outcome }) =>
    outcome.kind === 'known' ? [`known: ${scenario}: ${outcome.reason}`] : [],
  );
  const counts = (['equal', 'known', 'different', 'broken'] as const)
    .map((kind) => `${results.filter(({ outcome }) => outcome.kind === kind).length} ${kind}`)
    .join(', ');
  const names = new Set(results.map(({ scenario }) => scenario)).size;
  const chances = results.reduce((sum, { changes }) => sum + changes.chances, 0);
  const changes = results.reduce((sum, each) => sum + each.changes.changes, 0);
  const share = chances === 0 ? 'none' : `${changes} of ${chances} that could be`;
  return [
    ...new Set(known),
    `${names} scenarios, ${results.length} comparisons: ${counts}`,
    `steps on another link than the session's last: ${share}`,
  ].join('\n');
}

function columnsOf(results: readonly Result[], name: (result: Result) => string): string[] {
  const order = [...results].sort(
    (one, other) =>
      one.major - other.major ||
      WAYS.indexOf(one.way) - WAYS.indexOf(other.way) ||
      TITLE_ORDER.indexOf(one.contender) - TITLE_ORDER.indexOf(other.contender),
  );
  return [...new Set(order.map(name))];
}

const TITLE_ORDER = Object.keys(TITLES);

function padded(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
