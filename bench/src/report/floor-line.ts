import { floorName } from '../contestants/floor';
import { PGBOUNCER } from '../contestants/pgbouncer';
import { ratioOf } from './compare';
import type { Measured } from './report';
import { decimals } from './text-table';

/** Where the targets ask for CPU per transaction. */
const MODES = ['simple', 'extended', 'prepared'];

/**
 * What the runtime and the kernel cost without any logic of ours, against PgBouncer: what a missed
 * target for CPU lies above that is ours.
 *
 * @returns nothing when no floor was measured together with PgBouncer
 */
export function floorLine(measured: Measured): string[] {
  const floors = (['bun', 'node'] as const).flatMap((runtime) => {
    const contestant = floorName(runtime);
    const ratios = MODES.flatMap((mode) => {
      const scenario = `${mode} c32`;
      const of = { scenario, contestant, baseline: PGBOUNCER };
      const value = ratioOf(measured, { ...of, figure: ({ cpuUs }) => cpuUs });
      return value === null ? [] : [`${mode} ${decimals(value, 2)}`];
    });
    return ratios.length === 0 ? [] : [`${contestant}: ${ratios.join(', ')}`];
  });
  if (floors.length === 0) return [];
  return [
    `Of the CPU per transaction, the runtime and the kernel alone (a bare relay on the same sockets) ` +
      `cost, × PgBouncer: ${floors.join('; ')}. What pgweir needs above that is its own.`,
  ];
}
