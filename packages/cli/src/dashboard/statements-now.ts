import type { Statements } from '@pgweir/dashboard';
import { quantileUs } from '@pgweir/pooler';
import type { Scene } from '../admin/show/item';

const P95 = 0.95;

/** The statements that take most of the time. */
export function statementsNow({ picture, config }: Scene, rowsMax: number): Statements {
  const { statements } = picture;
  if (!config.values.statement_stats) return { kind: 'off' };
  const rows = [...statements]
    .sort((a, b) => b.times.sumUs - a.times.sumUs)
    .slice(0, rowsMax)
    .map(({ database, user, fingerprint, statement, calls, times, ...row }) => ({
      ...{ database, user, fingerprint, statement, calls, rows: row.rows, errors: row.errors },
      totalMs: times.sumUs / 1000,
      meanMs: times.sumUs / 1000 / Math.max(1, calls),
      p95Ms: quantileUs(times, P95) / 1000,
      waitMs: row.waitUs / 1000,
    }));
  return { kind: 'on', total: statements.length, rows };
}
