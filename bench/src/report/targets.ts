import { PGBOUNCER } from '../contestants/pgbouncer';
import { pgweirName } from '../contestants/pgweir';
import type { Round } from '../measure/round';
import { ratioOf } from './compare';
import type { Measured } from './report';

/** A goal and what became of it. */
export interface TargetRow {
  readonly what: string;
  /** The scenario, or where the figure comes from. */
  readonly where: string;
  readonly contestant: string;
  /** `≤ 1.0 ×` */
  readonly target: string;
  /** In the unit of the target. null: not measured in this run. */
  readonly measured: number | null;
  readonly verdict: 'met' | 'not met' | 'not measured';
}

/** A figure of pgweir divided by that of another in the same run. */
interface RatioTarget {
  readonly what: string;
  /** The first that was measured counts: a quick run has fewer. */
  readonly scenarios: readonly string[];
  readonly contestants: readonly string[];
  readonly limit: Limit;
  /** Default: PgBouncer. */
  readonly baseline?: string;
  readonly figure: (round: Round) => number | null;
}

type Limit = { readonly most: number } | { readonly least: number };

const [NODE, BUN] = [pgweirName('node'), pgweirName('bun')];
const WORKERS = 2;
const BYTES_PER_KB = 1000;
const IDLE_CLIENTS = 10_000;

const cpu = (round: Round): number | null => round.cpuUs;
const rate = (round: Round): number | null => round.perSecond;
const p99 = (round: Round): number | null => round.p99Us;

const CPU_ON = (on: string, mode: string, most: number): RatioTarget => ({
  what: `CPU per transaction, ${mode}`,
  scenarios: [`${mode} c32`],
  contestants: [on],
  limit: { most },
  figure: cpu,
});

/** What it costs to follow session state. */
const FOLLOWING = (runtime: 'node' | 'bun', scenario: string): RatioTarget => ({
  what: 'CPU per transaction, session state followed',
  scenarios: [scenario],
  contestants: [pgweirName(runtime)],
  limit: { most: 1.05 },
  baseline: pgweirName(runtime, 'leak'),
  figure: cpu,
});

const RATIO_TARGETS: readonly RatioTarget[] = [
  CPU_ON(BUN, 'simple', 1.0),
  CPU_ON(BUN, 'extended', 0.9),
  CPU_ON(BUN, 'prepared', 0.9),
  CPU_ON(NODE, 'simple', 1.4),
  CPU_ON(NODE, 'prepared', 1.15),
  {
    what: `transactions a second with ${WORKERS} workers`,
    scenarios: ['simple c128', 'simple c32'],
    contestants: [
      pgweirName('bun', { workers: WORKERS }),
      pgweirName('node', { workers: WORKERS }),
    ],
    limit: { least: 1.3 },
    figure: rate,
  },
  {
    what: 'p99 wait, 1,000 busy clients over 20 links',
    scenarios: ['queue c1000'],
    contestants: [BUN, NODE],
    limit: { most: 1.0 },
    figure: p99,
  },
  {
    what: 'p99 wait, the same, where CPU decides',
    scenarios: ['simple c1000'],
    contestants: [BUN, NODE],
    limit: { most: 1.0 },
    figure: p99,
  },
  {
    what: 'connections a second, SCRAM',
    scenarios: ['churn scram c16'],
    contestants: [BUN, NODE],
    limit: { least: 1.0 },
    figure: rate,
  },
  ...(['bun', 'node'] as const).flatMap((runtime) =>
    ['simple c32', 'extended c32', 'shared c32'].map((scenario) => FOLLOWING(runtime, scenario)),
  ),
];

const BASELINE_WORDS = new Map([[PGBOUNCER, 'PgBouncer']]);

const IDLE_TARGETS: readonly { readonly contestant: string; readonly mostKb: number }[] = [
  { contestant: BUN, mostKb: 2.5 },
  { contestant: NODE, mostKb: 7 },
];

/** What was aimed at, in the order of the plan, with what was measured. */
export function targetRows(measured: Measured): TargetRow[] {
  return [
    ...RATIO_TARGETS.flatMap((target) => ratioRows(measured, target)),
    ...IDLE_TARGETS.map((target) => idleRow(measured, target)),
    capsRow(measured),
  ];
}

function ratioRows(measured: Measured, target: RatioTarget): TargetRow[] {
  const { what, scenarios, limit, figure, baseline = PGBOUNCER } = target;
  return target.contestants.map((contestant) => {
    const found = scenarios
      .map((scenario) => {
        const value = ratioOf(measured, { scenario, contestant, baseline, figure });
        return { scenario, value };
      })
      .find(({ value }) => value !== null);
    const value = found?.value ?? null;
    const where = found?.scenario ?? scenarios[0] ?? '';
    return {
      what,
      where,
      contestant,
      ...verdictOn(value, limit, ` × ${BASELINE_WORDS.get(baseline) ?? baseline}`),
    };
  });
}

function idleRow(
  { idle }: Measured,
  { contestant, mostKb }: (typeof IDLE_TARGETS)[number],
): TargetRow {
  const cell = idle.find((it) => it.contestant === contestant && it.clients === IDLE_CLIENTS);
  const value = cell === undefined ? null : cell.bytesPerClient / BYTES_PER_KB;
  const where = '10,000 idle clients';
  return {
    ...{ what: 'memory per idle client', where, contestant },
    ...verdictOn(value, { most: mostKb }, ' kB'),
  };
}

/** Of all pgweirs together. */
function capsRow({ refusals, results }: Measured): TargetRow {
  const ours = Object.entries(refusals.byRole).filter(([role]) => role.startsWith('pgweir_'));
  const sum = ours.reduce((total, [, count]) => total + count, 0);
  const took = results.some(({ contestant }) => contestant.startsWith('pgweir-'));
  return {
    ...{ what: 'caps exceeded', where: 'any scenario', contestant: 'pgweir' },
    ...verdictOn(took ? sum : null, { most: 0 }, ''),
  };
}

function verdictOn(
  measured: number | null,
  limit: Limit,
  unit: string,
): Pick<TargetRow, 'target' | 'measured' | 'verdict'> {
  const isMost = 'most' in limit;
  const bound = isMost ? limit.most : limit.least;
  const target = `${isMost ? '≤' : '≥'} ${bound}${unit}`;
  if (measured === null) return { target, measured, verdict: 'not measured' };
  const isMet = isMost ? measured <= bound : measured >= bound;
  return { target, measured, verdict: isMet ? 'met' : 'not met' };
}
