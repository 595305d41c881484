import type { Report, ResultRow } from './report';

/** What the others are divided by, the first that took part. */
const BASELINES = ['pgbouncer', 'direct'];

const REASON_LENGTH_MAX = 300;

/** Tables of medians, with ratios to PgBouncer, or to PostgreSQL itself where that is absent. */
export function markdown(report: Report): string {
  const parts = [heading(report), loadTable(report)];
  if (report.idle.length > 0) parts.push(idleTable(report));
  if (report.failures.length > 0) parts.push(failures(report));
  return `${parts.join('\n\n')}\n`;
}

function heading({ startedAt, commit, machine, versions, run }: Report): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const gigabytes = (machine.memoryBytes / 2 ** 30).toFixed(0);
  return [
    `${startedAt.slice(0, 10)}, commit ${commit}. ${programs.join('; ')}.`,
    `${machine.cpu}, ${machine.cores} cores, ${gigabytes} GiB, ${machine.system}; ` +
      `load ${machine.loadAverage.toFixed(2)} before the start.`,
    `Load: \`${run.load}\`, one row by its key (\`-S\`). Medians over ${run.rounds} × ` +
      `${run.secondsPerRound} s, contestants in turn. ${run.linksInTransactionMode} links in ` +
      `transaction mode; prepared in session mode, ${run.linksInSessionMode} links. ` +
      'CPU is the pooler process alone.',
  ].join('\n');
}

function loadTable(report: Report): string {
  const baseline = BASELINES.find((name) => report.results.some((it) => it.contestant === name));
  const header = [
    ...['scenario', 'contestant', 'CPU µs/tx', 'user', 'system'],
    ...['tx/s', 'p50 µs', 'p99 µs', `CPU ÷ ${baseline}`, `tx/s ÷ ${baseline}`],
  ];
  const rows = inScenarioOrder(report.results).map(({ scenario, contestant, median }) => {
    const base = report.results.find(
      (it) => it.scenario === scenario && it.contestant === baseline,
    );
    return [
      ...[scenario, contestant, decimals(median.cpuUs, 2)],
      ...[decimals(median.userUs, 2), decimals(median.systemUs, 2)],
      ...[median.perSecond, median.p50Us, median.p99Us].map((value) => decimals(value, 0)),
      ratio(median.cpuUs, base?.median.cpuUs ?? null),
      ratio(median.perSecond, base?.median.perSecond ?? null),
    ];
  });
  return table(header, rows);
}

function idleTable(report: Report): string {
  const rows = report.idle.map((cell) => [
    ...[cell.contestant, String(cell.clients)],
    ...[decimals(cell.bytesPerClient / 1000, 2), decimals(cell.residentBytes / 1e6, 1)],
  ]);
  return table(['contestant', 'idle clients', 'kB each', 'RSS MB'], rows);
}

function failures(report: Report): string {
  const lines = report.failures.map(
    ({ contestant, during, reason }) => `- ${contestant}, ${during}: ${inOneLine(reason)}`,
  );
  return ['Failed:', '', ...lines].join('\n');
}

function inOneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, REASON_LENGTH_MAX);
}

/** Rows came as they were measured first; scenarios that failed at first may come late. */
function inScenarioOrder(rows: readonly ResultRow[]): ResultRow[] {
  const scenarios = [...new Set(rows.map(({ scenario }) => scenario))];
  return scenarios.flatMap((name) => rows.filter(({ scenario }) => scenario === name));
}

function ratio(value: number | null, base: number | null): string {
  return value === null || base === null ? '–' : (value / base).toFixed(2);
}

function decimals(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits);
}

/** Words to the left, figures to the right. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const isWord = (at: number): boolean => ['scenario', 'contestant'].includes(header[at] ?? '');
  const widths = header.map((name, at) =>
    Math.max(3, name.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, at) =>
      isWord(at) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, at) => `${'-'.repeat(width - 1)}${isWord(at) ? '-' : ':'}`);
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}
