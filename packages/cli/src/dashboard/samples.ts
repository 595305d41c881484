import type { PoolColumn, TimeColumn } from '@pgweir/dashboard';
import {
  type DatabaseStatsView,
  type HistogramView,
  mergeHistograms,
  type PoolView,
  quantileUs,
} from '@pgweir/pooler';
import type { Picture } from '../admin/show/item';

/** Of all pools, and of all databases. No name can be so. */
export const ALL = '\0';

export type PoolRow = Readonly<Record<PoolColumn, number>>;
export type TimeRow = Readonly<Record<TimeColumn, number>>;

/**
 * What one sample says, by pool and by database, and of all of them together at `ALL`: that first, so that
 * it has a place where there are too many.
 */
export interface Sample {
  readonly pools: ReadonlyMap<string, PoolRow>;
  readonly time: ReadonlyMap<string, TimeRow>;
}

/** What the next sample is compared with. */
export interface Before {
  readonly atMs: number;
  readonly waits: ReadonlyMap<string, HistogramView>;
  readonly spent: ReadonlyMap<string, Spent>;
}

/** Totals since start, with what is going on and has not ended. Milliseconds and counts. */
interface Spent {
  readonly waitMs: number;
  readonly queryMs: number;
  readonly transactionMs: number;
  readonly transactions: number;
  readonly queries: number;
}

const NOTHING_SPENT: Spent = {
  ...{ waitMs: 0, queryMs: 0, transactionMs: 0 },
  ...{ transactions: 0, queries: 0 },
};

export const poolKey = ({ database, user }: Pick<PoolView, 'database' | 'user'>): string =>
  `${database}\0${user}`;

/** What there is now for the next sample to be compared with. */
export function takenAt(picture: Picture, atMs: number): Before {
  const waits = new Map(picture.pools.map((pool) => [poolKey(pool), pool.waits]));
  waits.set(ALL, mergeHistograms(picture.pools.map((pool) => pool.waits)));
  const running = new Map<string, PoolView[]>();
  for (const pool of picture.pools) {
    const others = running.get(pool.database);
    if (others === undefined) running.set(pool.database, [pool]);
    else others.push(pool);
  }
  const spent = new Map(
    picture.stats.map((row) => [row.database, spentBy(row, running.get(row.database) ?? [])]),
  );
  return { atMs, waits, spent };
}

function spentBy(stats: DatabaseStatsView, pools: readonly PoolView[]): Spent {
  const sum = (of: (pool: PoolView) => number): number =>
    pools.reduce((total, pool) => total + of(pool), 0);
  return {
    waitMs: stats.waitUs / 1000 + sum((pool) => pool.waitingMs),
    queryMs: stats.queryUs / 1000 + sum((pool) => pool.inQueryMs),
    transactionMs: stats.transactionUs / 1000 + sum((pool) => pool.inTransactionMs),
    transactions: stats.transactions,
    queries: stats.queries,
  };
}

/** The sample of the time from `before` to `now`. */
export function sampleOf(picture: Picture, before: Before, now: Before): Sample {
  const pools = new Map([
    [ALL, poolRow(picture.pools, ALL, before, now)] as const,
    ...picture.pools.map(
      (pool) => [poolKey(pool), poolRow([pool], poolKey(pool), before, now)] as const,
    ),
  ]);
  const passedMs = Math.max(1, now.atMs - before.atMs);
  const each = [...now.spent].map(
    ([database, spent]) =>
      [database, timeRow(before.spent.get(database) ?? NOTHING_SPENT, spent, passedMs)] as const,
  );
  const time = new Map([[ALL, summed(each.map(([, row]) => row))] as const, ...each]);
  return { pools, time };
}

const P95 = 0.95;

function poolRow(pools: readonly PoolView[], key: string, before: Before, now: Before): PoolRow {
  const sum = (of: (pool: PoolView) => number): number =>
    pools.reduce((total, pool) => total + of(pool), 0);
  return {
    clients: sum((pool) => pool.clientsActive + pool.clientsIdle + pool.clientsWaiting),
    waiting: sum((pool) => pool.clientsWaiting),
    linksActive: sum((pool) => pool.linksActive),
    linksIdle: sum((pool) => pool.linksIdle),
    linksOther: sum(linksOther),
    pinned: sum((pool) => pool.linksPinned),
    waitP95Us: quantileUs(difference(now.waits.get(key), before.waits.get(key)), P95),
  };
}

export function linksOther(pool: PoolView): number {
  const { linksTested, linksDialing, linksClosing, linksBeingCanceled } = pool;
  return linksTested + linksDialing + linksClosing + linksBeingCanceled;
}

/** What has been observed since `before`. How long the longest of that was is not known. */
function difference(
  now: HistogramView | undefined,
  before: HistogramView | undefined,
): HistogramView {
  if (now === undefined) return mergeHistograms([]);
  if (before === undefined) return now;
  return {
    cumulative: now.cumulative.map((count, at) =>
      Math.max(0, count - (before.cumulative[at] ?? 0)),
    ),
    sumUs: Math.max(0, now.sumUs - before.sumUs),
    maxUs: now.maxUs,
  };
}

/** Something that gave up before it ended is in no total: then a time seems to go back. */
const since = (now: number, before: number): number => Math.max(0, now - before);

function timeRow(before: Spent, now: Spent, passedMs: number): TimeRow {
  const postgres = since(now.queryMs, before.queryMs);
  const open = since(now.transactionMs, before.transactionMs);
  const seconds = passedMs / 1000;
  return {
    queue: since(now.waitMs, before.waitMs) / passedMs,
    postgres: postgres / passedMs,
    application: since(open, postgres) / passedMs,
    transactions: since(now.transactions, before.transactions) / seconds,
    queries: since(now.queries, before.queries) / seconds,
  };
}

function summed(rows: readonly TimeRow[]): TimeRow {
  const sum = (name: TimeColumn): number => rows.reduce((total, row) => total + row[name], 0);
  return {
    queue: sum('queue'),
    postgres: sum('postgres'),
    application: sum('application'),
    transactions: sum('transactions'),
    queries: sum('queries'),
  };
}
