import type { Section } from '../scenarios/scenario';
import { baselineOf, ratio, rowOf } from './compare';
import type { Measured, ResultRow } from './report';
import { type Column, decimals, textTable } from './text-table';

interface Look {
  readonly title: string;
  /** What is counted, as in "CPU µs/tx". */
  readonly unit: string;
  /** Whether latencies are far above a millisecond. */
  readonly inMilliseconds: boolean;
}

const LOOKS: Readonly<Record<Exclude<Section, 'waiting'>, Look>> = {
  queries: { title: 'Queries', unit: 'tx', inMilliseconds: false },
  bulk: { title: 'Large rows and COPY', unit: 'MB', inMilliseconds: true },
  connections: { title: 'Connections', unit: 'conn', inMilliseconds: true },
};

/** From so many clients on, a scenario shows how long one waits for a link. */
const CROWD = 1000;
const WORDS: readonly Column[] = [
  { name: 'scenario', isWord: true },
  { name: 'contestant', isWord: true },
];

/** A titled table for each section that was measured. */
export function sectionTables(measured: Measured): string[] {
  const sections = ['queries', 'bulk', 'connections'] as const;
  const tables = sections.flatMap((section) => {
    const rows = measured.results.filter((row) => row.section === section);
    return rows.length === 0 ? [] : [costTable(measured, rows, LOOKS[section])];
  });
  const crowds = measured.results.filter(
    ({ section, clients }) => section === 'waiting' || (section === 'queries' && clients >= CROWD),
  );
  return crowds.length === 0 ? tables : [...tables, waitTable(measured, crowds)];
}

function costTable(measured: Measured, rows: readonly ResultRow[], look: Look): string {
  const { title, unit, inMilliseconds } = look;
  const baseline = baselineOf(measured);
  const [per, time] = inMilliseconds ? [1000, 'ms'] : [1, 'µs'];
  const names = [
    ...[`CPU µs/${unit}`, 'user', 'system', `${unit}/s`, `p50 ${time}`, `p99 ${time}`],
    ...['RSS MB', `CPU ÷ ${baseline}`, `${unit}/s ÷ ${baseline}`],
  ];
  const cells = rows.map(({ scenario, contestant, median }) => {
    const base = rowOf(measured, scenario, baseline)?.median;
    const digits = inMilliseconds ? 1 : 0;
    return [
      ...[scenario, contestant, decimals(median.cpuUs, 2)],
      ...[decimals(median.userUs, 2), decimals(median.systemUs, 2)],
      decimals(median.perSecond, 0),
      ...[median.p50Us, median.p99Us].map((us) => decimals(ratio(us, per), digits)),
      decimals(ratio(median.residentBytes, 1e6), 0),
      decimals(ratio(median.cpuUs, base?.cpuUs ?? null), 2),
      decimals(ratio(median.perSecond, base?.perSecond ?? null), 2),
    ];
  });
  return titled(title, textTable([...WORDS, ...names.map((name) => ({ name }))], cells));
}

function waitTable(measured: Measured, rows: readonly ResultRow[]): string {
  const baseline = baselineOf(measured);
  const names = ['tx/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'max ms', 'max ÷ p50'];
  const columns = [...names, `p99 ÷ ${baseline}`].map((name) => ({ name }));
  const cells = rows.map(({ scenario, contestant, median }) => {
    const base = rowOf(measured, scenario, baseline)?.median;
    const { p50Us, p99Us, p999Us, maxUs } = median;
    return [
      ...[scenario, contestant, decimals(median.perSecond, 0)],
      ...[p50Us, p99Us, p999Us, maxUs].map((us) => decimals(ratio(us, 1000), 1)),
      decimals(ratio(maxUs, p50Us), 2),
      decimals(ratio(p99Us, base?.p99Us ?? null), 2),
    ];
  });
  return titled('Waiting', textTable([...WORDS, ...columns], cells));
}

export function titled(title: string, text: string): string {
  return `### ${title}\n\n${text}`;
}
