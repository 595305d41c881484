import { numberOf, rowsOf, type Sample, textOf } from './sample';

/** What the head of the page says. */
export interface Totals {
  readonly clients: number;
  readonly waiting: number;
  readonly links: number;
  readonly busy: number;
  readonly maxWaitUs: number;
  /** Undefined: with one sample there is no rate. */
  readonly rates: Rates | undefined;
}

export interface Rates {
  readonly transactions: number;
  readonly queries: number;
  /** Parts of the time of all transactions, 0 to 1; undefined: nothing happened. */
  readonly shares:
    | { readonly application: number; readonly queue: number; readonly server: number }
    | undefined;
}

export const LINKS = [
  ...['sv_active', 'sv_active_cancel', 'sv_being_canceled', 'sv_idle', 'sv_used'],
  ...['sv_tested', 'sv_login'],
] as const;

export function totalsOf(before: Sample | undefined, now: Sample): Totals {
  const pools = rowsOf(now, 'POOLS').filter((row) => textOf(row, 'database') !== 'pgbouncer');
  const sum = (...columns: readonly string[]): number =>
    pools.reduce(
      (total, row) => total + columns.reduce((of, column) => of + numberOf(row, column), 0),
      0,
    );
  return {
    clients: sum('cl_active', 'cl_waiting'),
    waiting: sum('cl_waiting'),
    links: sum(...LINKS),
    busy: sum('sv_active'),
    maxWaitUs: Math.max(0, ...pools.map(waitUs)),
    rates: before === undefined ? undefined : ratesBetween(before, now),
  };
}

/** How long the first in the queue has waited. */
export function waitUs(row: Parameters<typeof numberOf>[0]): number {
  return numberOf(row, 'maxwait') * 1_000_000 + numberOf(row, 'maxwait_us');
}

const COUNTED = ['xact_count', 'query_count', 'xact_time', 'query_time', 'wait_time'] as const;

function ratesBetween(before: Sample, now: Sample): Rates | undefined {
  const seconds = (now.atMs - before.atMs) / 1000;
  if (seconds <= 0) return undefined;
  const old = new Map(rowsOf(before, 'STATS_TOTALS').map((row) => [row.database, row]));
  const deltas = COUNTED.map((column) =>
    rowsOf(now, 'STATS_TOTALS').reduce((total, row) => {
      if (row.database === 'pgbouncer') return total;
      const grown = numberOf(row, column) - numberOf(old.get(row.database ?? ''), column);
      // A restart begins to count anew.
      return total + Math.max(0, grown);
    }, 0),
  );
  const [transactions = 0, queries = 0, transactionUs = 0, queryUs = 0, queuedUs = 0] = deltas;
  const server = Math.min(queryUs, transactionUs);
  const whole = transactionUs + queuedUs;
  return {
    transactions: transactions / seconds,
    queries: queries / seconds,
    shares:
      whole === 0
        ? undefined
        : {
            application: (transactionUs - server) / whole,
            queue: queuedUs / whole,
            server: server / whole,
          },
  };
}
