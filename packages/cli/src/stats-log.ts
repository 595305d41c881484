import type { DaemonView, DatabaseStatsView, Logger } from '@pgweir/pooler';
import type { DaemonConfig } from './config/daemon-config';

interface Totals {
  transactions: number;
  queries: number;
  receivedBytes: number;
  sentBytes: number;
  transactionUs: number;
  queryUs: number;
  waitUs: number;
}

/** One line of averages each `stats_period`, as PgBouncer's. */
export class StatsLog {
  readonly #view: DaemonView;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #last: Totals = sum([]);

  constructor(view: DaemonView, log: Logger) {
    this.#view = view;
    this.#log = log;
  }

  /** Begins (again) with the period of `config`. */
  restart(config: DaemonConfig): void {
    this.stop();
    if (!config.log.stats || config.statsPeriodMs <= 0) return;
    const seconds = config.statsPeriodMs / 1000;
    this.#timer = setInterval(() => void this.#line(seconds), config.statsPeriodMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #line(seconds: number): Promise<void> {
    const { stats } = await this.#view.snapshot();
    const now = sum(stats);
    const last = this.#last;
    this.#last = now;
    const transactions = now.transactions - last.transactions;
    const queries = now.queries - last.queries;
    const each = (us: number, count: number) => (count === 0 ? 0 : Math.round(us / count));
    this.#log.info(
      `stats: ${Math.round(transactions / seconds)} xacts/s, ` +
        `${Math.round(queries / seconds)} queries/s, ` +
        `in ${Math.round((now.receivedBytes - last.receivedBytes) / seconds)} B/s, ` +
        `out ${Math.round((now.sentBytes - last.sentBytes) / seconds)} B/s, ` +
        `xact ${each(now.transactionUs - last.transactionUs, transactions)} us, ` +
        `query ${each(now.queryUs - last.queryUs, queries)} us, ` +
        `wait ${each(now.waitUs - last.waitUs, transactions)} us`,
    );
  }
}

function sum(stats: readonly DatabaseStatsView[]): Totals {
  const totals: Totals = {
    transactions: 0,
    queries: 0,
    receivedBytes: 0,
    sentBytes: 0,
    transactionUs: 0,
    queryUs: 0,
    waitUs: 0,
  };
  for (const one of stats) {
    totals.transactions += one.transactions;
    totals.queries += one.queries;
    totals.receivedBytes += one.receivedBytes;
    totals.sentBytes += one.sentBytes;
    totals.transactionUs += one.transactionUs;
    totals.queryUs += one.queryUs;
    totals.waitUs += one.waitUs;
  }
  return totals;
}
