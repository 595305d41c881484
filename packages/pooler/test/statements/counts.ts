import type { StatementView } from '../../src/ports/statement-view';
import type { PoolerSettings } from '../../src/settings/settings';
import type { Rig } from '../kit/rig';

export const ON: Partial<PoolerSettings> = {
  statementStats: true,
  poolMode: 'transaction',
  poolSize: 1,
};

export async function views(rig: Rig): Promise<readonly StatementView[]> {
  return (await rig.pooler.snapshot(['statements'])).statements;
}

/** What is known of each statement: calls, rows, errors, and milliseconds of PostgreSQL and of waiting. */
export async function counts(rig: Rig): Promise<Readonly<Record<string, readonly number[]>>> {
  const rows = await views(rig);
  return Object.fromEntries(
    rows.map(({ statement, calls, rows: count, errors, times, waitUs }) => [
      statement,
      [calls, count, errors, Math.round(times.sumUs / 1000), Math.round(waitUs / 1000)],
    ]),
  );
}
