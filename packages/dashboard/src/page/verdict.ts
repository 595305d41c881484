import type { Columns, TimeColumn } from '../api';
import { average, percent } from './format';

/** Where the time of sessions went: how many of them were there, on average. */
export interface TimeShares {
  readonly queue: number;
  readonly postgres: number;
  readonly application: number;
  readonly total: number;
  readonly transactions: number;
  readonly queries: number;
}

export type Place = 'queue' | 'postgres' | 'application';

export interface Verdict {
  /** Undefined: hardly anybody does anything. */
  readonly where: Place | undefined;
  readonly headline: string;
  readonly advice: string;
}

const LAST_MINUTE_MS = 60_000;
/** Less than that many sessions on average are no load. */
const QUIET = 0.02;
/** A queue with that part of the time is worth saying, whatever else takes more. */
const NOTABLE_QUEUE = 0.25;

/** Of the last minute, or of what there is of it. */
export function lastMinute(time: Columns<TimeColumn>, intervalMs: number): TimeShares {
  const samples = Math.max(1, Math.round(LAST_MINUTE_MS / intervalMs));
  const mean = (name: TimeColumn): number => {
    const values = time[name].slice(-samples).filter((value) => value !== null);
    return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const [queue, postgres, application] = [mean('queue'), mean('postgres'), mean('application')];
  const total = queue + postgres + application;
  const [transactions, queries] = [mean('transactions'), mean('queries')];
  return { queue, postgres, application, total, transactions, queries };
}

const HEADLINES: Readonly<Record<Place, string>> = {
  queue: 'in our queue',
  postgres: 'in PostgreSQL',
  application: 'in the application',
};

const ADVICE: Readonly<Record<Place, string>> = {
  queue:
    'Sessions wait for a link. Either transactions hold links for too long, which the other two shares show, or the pool is too small for the load.',
  postgres:
    'PostgreSQL is at work for sessions that have a link. Look at the statements that take most of the time, and at locks in pg_stat_activity.',
  application:
    'Transactions are open while nothing is asked: clients do something else between BEGIN and COMMIT, and keep a link from others.',
};

/** What an operator should know first. */
export function verdict(shares: TimeShares): Verdict {
  const { total } = shares;
  if (total < QUIET) {
    const headline = 'Quiet: hardly any session works or waits.';
    return { where: undefined, headline, advice: 'Nothing to look for here.' };
  }
  const places: readonly Place[] = ['queue', 'postgres', 'application'];
  const most = places.reduce((a, b) => (shares[b] > shares[a] ? b : a));
  const isQueueNotable = most !== 'queue' && shares.queue / total >= NOTABLE_QUEUE;
  const behind = isQueueNotable
    ? ` Besides, ${percent(shares.queue / total)} of it is waiting in our queue.`
    : '';
  return {
    where: most,
    headline: `${percent(shares[most] / total)} of the time is spent ${HEADLINES[most]}.`,
    advice: `${ADVICE[most]}${behind}`,
  };
}

/** For those who do not see the bar. */
export function sharesText({ total, queue, postgres, application }: TimeShares): string {
  if (total === 0) return 'no time was spent';
  const of = (value: number): string => `${percent(value / total)} (${average(value)} sessions)`;
  return `queue ${of(queue)}, PostgreSQL ${of(postgres)}, application ${of(application)}`;
}
