import type { Omission } from '../benchmark';
import { chartsOf } from './charts';
import { floorLine } from './floor-line';
import type { Report } from './report';
import { sectionTables, titled } from './section-tables';
import { decimals, textTable } from './text-table';

const REASON_LENGTH_MAX = 300;
/** Of a core: above that, a load generator of one thread may have been the limit. */
const LOAD_CORES_MAX = 0.8;

/**
 * Tables of medians, with ratios to PgBouncer, or to PostgreSQL itself where that is absent.
 *
 * @param name of the files, for links to the charts
 */
export function markdown(report: Report, name: string): string {
  const parts = [
    heading(report),
    titled('Targets', targetTable(report)),
    ...floorLine(report),
    ...sectionTables(report),
  ];
  if (report.idle.length > 0) parts.push(titled('Idle clients', idleTable(report)));
  parts.push(...notes(report));
  const charts = chartsOf(report).map((chart) => `![${chart.title}](${name}-${chart.key}.svg)`);
  if (charts.length > 0) parts.push(charts.join('\n'));
  return `${parts.join('\n\n')}\n`;
}

function heading({ startedAt, commit, machine, versions, run }: Report): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const gigabytes = (machine.memoryBytes / 2 ** 30).toFixed(0);
  const { transaction, session, burst } = run.links;
  return [
    `${startedAt.slice(0, 10)}, commit ${commit}. ${programs.join('; ')}.`,
    `${machine.cpu}, ${machine.cores} cores, ${gigabytes} GiB, ${machine.system}; ` +
      `load ${machine.loadAverage.toFixed(2)} before the start.`,
    `Load: \`${run.load}\`. Medians over ${run.rounds} × ${run.secondsPerRound} s, contestants in ` +
      `turn. ${transaction} links in transaction mode; prepared in session mode, up to ${session} ` +
      `links; burst over ${burst}. CPU is that of all processes of the pooler alone.`,
  ].join('\n');
}

function targetTable({ targets }: Report): string {
  const words = ['target', 'contestant', 'where'].map((name) => ({ name, isWord: true }) as const);
  const columns = [...words, { name: 'wanted' }, { name: 'measured' }];
  const rows = targets.map(({ what, contestant, where, target, measured, verdict }) => [
    ...[what, contestant, where, target],
    ...[decimals(measured, what === CAPS ? 0 : 2), verdict],
  ]);
  return textTable([...columns, { name: 'result', isWord: true }], rows);
}

const CAPS = 'caps exceeded';

function idleTable(report: Report): string {
  const rows = report.idle.map((cell) => [
    ...[cell.contestant, String(cell.clients)],
    ...[decimals(cell.bytesPerClient / 1000, 2), decimals(cell.residentBytes / 1e6, 1)],
  ]);
  const names = ['idle clients', 'kB each', 'RSS MB'].map((name) => ({ name }));
  return textTable([{ name: 'contestant', isWord: true }, ...names], rows);
}

function notes(report: Report): string[] {
  const lines = [capsLine(report), ...loadLine(report)];
  const absent = report.absent.map(({ contestant, reason }) => `${contestant}: ${reason}`);
  return [
    lines.join('\n'),
    ...list('Not here:', absent),
    ...list('Left out:', omissions(report.skipped)),
    ...list('Failed:', omissions(report.failures)),
  ];
}

/** What PostgreSQL's log says: each role may have as many links as its pool, and no more. */
function capsLine({ refusals }: Report): string {
  const roles = Object.entries(refusals.byRole);
  const sum = roles.reduce((total, [, count]) => total + count, 0);
  const which = roles.map(([role, count]) => `${role} ${count}`).join(', ');
  const full = refusals.serverFull;
  const more = full === 0 ? '' : ` The server itself was full ${full} times.`;
  return `Caps exceeded (53300 in PostgreSQL's log): ${sum}${sum === 0 ? '' : ` (${which})`}.${more}`;
}

function loadLine({ results }: Report): string[] {
  const bound = results.filter(({ median }) => (median.loadCores ?? 0) > LOAD_CORES_MAX);
  if (bound.length === 0) return [];
  const names = bound.map(({ scenario, contestant, median }) => {
    return `${scenario} ${contestant} (${decimals(median.loadCores, 1)})`;
  });
  return [
    `The load generator used most of a core, and may have been the limit, in: ${names.join(', ')}.`,
  ];
}

function list(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[title, '', ...lines.map((line) => `- ${line}`)].join('\n')];
}

/** What has the same reason stands together. */
function omissions(all: readonly Omission[]): string[] {
  const groups = new Map<string, { readonly who: string; readonly during: string[] }>();
  for (const { contestant, during, reason } of all) {
    const who = contestant ?? 'everybody';
    const key = `${who} ${reason}`;
    const group = groups.get(key) ?? { who: `${who}: ${inOneLine(reason)}`, during: [] };
    group.during.push(during);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ who, during }) => `${who} (${during.join(', ')})`);
}

/** Of a long text, both ends: what was tried, and what came of it. */
function inOneLine(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  if (line.length <= REASON_LENGTH_MAX) return line;
  const half = REASON_LENGTH_MAX / 2;
  return `${line.slice(0, half)} … ${line.slice(-half)}`;
}
