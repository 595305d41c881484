import type { DaemonView, DatabaseStatsView, Logger } from '@pgweir/pooler';
import type { DaemonConfig } from './config/daemon-config';
import { EmfWriter, type EmfWriterNeeds } from './metrics/emf-writer';

type Numbers = Omit<DatabaseStatsView, 'database'>;

interface StatsPeriodsNeeds {
  readonly view: DaemonView;
  readonly log: Logger;
  readonly topology: EmfWriterNeeds['topology'];
  readonly serverCaps: EmfWriterNeeds['serverCaps'];
  /** Is told every line, also when none is logged. */
  readonly service: { readonly status: (line: string) => void };
}

/**
 * The averages of the last whole `stats_period`, and one line of them in the log and for the service
 * manager. Counts are per second; times in microseconds per transaction, query and lease.
 */
export class StatsPeriods {
  /** By database; empty in the first period. */
  averages: readonly DatabaseStatsView[] = [];
  readonly #needs: StatsPeriodsNeeds;
  readonly #metrics: EmfWriter;
  #timer: NodeJS.Timeout | undefined;
  #periodMs = 0;
  #logs = true;
  #lastMs = performance.now();
  #last = new Map<string, Numbers>();

  constructor(needs: StatsPeriodsNeeds) {
    this.#needs = needs;
    this.#metrics = new EmfWriter(needs);
  }

  /** Goes on with the period of `config`; another one begins anew. */
  restart(config: DaemonConfig): void {
    this.#logs = config.log.stats;
    this.#metrics.configure(config);
    if (this.#timer !== undefined && config.statsPeriodMs === this.#periodMs) return;
    this.stop();
    this.#periodMs = config.statsPeriodMs;
    if (this.#periodMs <= 0) return;
    this.#timer = setInterval(() => void this.#ends(), this.#periodMs);
    this.#timer.unref();
  }

  /** Another process serves. */
  retire(): void {
    this.#metrics.retire();
  }

  /** For good. */
  close(): void {
    this.stop();
    this.#metrics.close();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #ends(): Promise<void> {
    const seen = await this.#needs.view.snapshot([]);
    const { stats } = seen;
    this.#metrics.periodEnds(seen);
    const nowMs = performance.now();
    const seconds = Math.max(1, nowMs - this.#lastMs) / 1000;
    this.#lastMs = nowMs;
    const period = stats.map((row) => difference(row, this.#last.get(row.database) ?? NOTHING));
    this.#last = new Map(stats.map((row) => [row.database, row]));
    this.averages = period.map((row) => average(row, seconds));
    const line = statsLine(average(period.reduce(sum, { database: '', ...NOTHING }), seconds));
    this.#needs.service.status(line);
    if (this.#logs) this.#needs.log.info(line);
  }
}

function statsLine(all: DatabaseStatsView): string {
  return (
    `stats: ${all.transactions} xacts/s, ${all.queries} queries/s, ` +
    `in ${all.receivedBytes} B/s, out ${all.sentBytes} B/s, ` +
    `xact ${all.transactionUs} us, query ${all.queryUs} us, wait ${all.waitUs} us`
  );
}

const NOTHING: Numbers = {
  transactions: 0,
  queries: 0,
  queriesTls: 0,
  leases: 0,
  receivedBytes: 0,
  sentBytes: 0,
  transactionUs: 0,
  queryUs: 0,
  waitUs: 0,
  logins: 0,
  clientParses: 0,
  serverParses: 0,
  binds: 0,
  moved: 0,
  retried: 0,
  failed: 0,
  replicaTransactions: 0,
  readsOnPrimary: 0,
  rerouted: 0,
};

function sum(a: DatabaseStatsView, b: DatabaseStatsView): DatabaseStatsView {
  return combined(a, b, (x, y) => x + y);
}

function difference(now: DatabaseStatsView, before: Numbers): DatabaseStatsView {
  return combined(now, before, (x, y) => x - y);
}

function combined(
  a: DatabaseStatsView,
  b: Numbers,
  of: (x: number, y: number) => number,
): DatabaseStatsView {
  const names = Object.keys(NOTHING) as (keyof Numbers)[];
  const numbers = Object.fromEntries(names.map((name) => [name, of(a[name], b[name])]));
  // The names are those of all numbers.
  return { database: a.database, ...(numbers as unknown as Numbers) };
}

function average(of: DatabaseStatsView, seconds: number): DatabaseStatsView {
  const each = (us: number, count: number) => (count === 0 ? 0 : Math.round(us / count));
  const perSecond = combined(of, NOTHING, (count) => Math.round(count / seconds));
  return {
    ...perSecond,
    transactionUs: each(of.transactionUs, of.transactions),
    queryUs: each(of.queryUs, of.queries),
    waitUs: each(of.waitUs, of.leases),
  };
}
