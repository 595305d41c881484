import type { Round } from '../measure/round';
import type { Section } from '../scenarios/scenario';
import { barChart } from './bar-chart';
import type { Measured } from './report';

export interface Chart {
  /** Part of the file's name. */
  readonly key: string;
  readonly title: string;
  readonly svg: string;
}

interface Wish {
  readonly key: string;
  readonly title: string;
  readonly section: Section;
  readonly figure: (round: Round) => number | null;
}

const WISHES: readonly Wish[] = [
  {
    key: 'cpu',
    title: 'CPU of the pooler, µs per transaction',
    section: 'queries',
    figure: ({ cpuUs }) => cpuUs,
  },
  {
    key: 'throughput',
    title: 'Transactions a second',
    section: 'queries',
    figure: ({ perSecond }) => perSecond,
  },
  {
    key: 'bulk',
    title: 'CPU of the pooler, µs per megabyte',
    section: 'bulk',
    figure: ({ cpuUs }) => cpuUs,
  },
  {
    key: 'connections',
    title: 'Connections a second',
    section: 'connections',
    figure: ({ perSecond }) => perSecond,
  },
  {
    key: 'waiting',
    title: 'p99 wait with 1,000 busy clients over 20 links, ms',
    section: 'waiting',
    figure: ({ p99Us }) => (p99Us === null ? null : p99Us / 1000),
  },
];

/** A chart for each figure that was measured. */
export function chartsOf(measured: Measured): Chart[] {
  const series = Object.keys(measured.versions);
  const charts = WISHES.flatMap(({ key, title, section, figure }) => {
    const rows = measured.results
      .filter((row) => row.section === section)
      .map(({ scenario, contestant, median }) => {
        return { group: scenario, series: contestant, value: figure(median) };
      });
    return chart({ key, title, series, rows });
  });
  const idle = measured.idle.map(({ clients, contestant, bytesPerClient }) => {
    return { group: `${clients} clients`, series: contestant, value: bytesPerClient / 1000 };
  });
  const title = 'Memory per idle client, kB';
  return [...charts, ...chart({ key: 'idle', title, series, rows: idle })];
}

function chart(wish: {
  readonly key: string;
  readonly title: string;
  readonly series: readonly string[];
  readonly rows: readonly {
    readonly group: string;
    readonly series: string;
    readonly value: number | null;
  }[];
}): Chart[] {
  const { key, title, series } = wish;
  const bars = wish.rows.flatMap(({ value, ...rest }) =>
    value === null ? [] : [{ ...rest, value }],
  );
  return bars.length === 0 ? [] : [{ key, title, svg: barChart({ title, series, bars }) }];
}
