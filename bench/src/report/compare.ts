import type { Round } from '../measure/round';
import type { Measured, ResultRow } from './report';

/** What the others are divided by, the first that took part. */
const BASELINES = ['pgbouncer', 'direct'];

/** Who the others are compared with: PgBouncer, or PostgreSQL itself where that is absent. */
export function baselineOf({ results }: Pick<Measured, 'results'>): string {
  const took = (name: string): boolean => results.some(({ contestant }) => contestant === name);
  return BASELINES.find(took) ?? 'nobody';
}

/** undefined: not measured. */
export function rowOf(
  { results }: Pick<Measured, 'results'>,
  scenario: string,
  contestant: string,
): ResultRow | undefined {
  return results.find((it) => it.scenario === scenario && it.contestant === contestant);
}

/** A figure of a contestant, divided by that of another in the same scenario. */
export function ratioOf(
  measured: Pick<Measured, 'results'>,
  what: {
    readonly scenario: string;
    readonly contestant: string;
    readonly baseline: string;
    readonly figure: (round: Round) => number | null;
  },
): number | null {
  const { scenario, contestant, baseline, figure } = what;
  const own = rowOf(measured, scenario, contestant);
  const base = rowOf(measured, scenario, baseline);
  return own && base ? ratio(figure(own.median), figure(base.median)) : null;
}

/** null where there is nothing to divide, or nothing to divide by. */
export function ratio(value: number | null, base: number | null): number | null {
  return value === null || base === null || base === 0 ? null : value / base;
}
