import type { HistogramView } from '../stats/histogram';

/**
 * A statement that clients of one database and user have run, since it has a row of its own; only with
 * `statement_stats`. Those that have none are one row, at `*` and `*`. Merged views add them up.
 */
export interface StatementView {
  readonly database: string;
  readonly user: string;
  /** 16 hexadecimal digits, the same in all processes; `others` for those without a row. */
  readonly fingerprint: string;
  /** One line, shortened, without literals and comments. */
  readonly statement: string;
  readonly calls: number;
  readonly rows: number;
  /** Time spent waiting for a link. */
  readonly waitUs: number;
  readonly errors: number;
  /** Of PostgreSQL, from when it could begin to the end of its answer. */
  readonly times: HistogramView;
}
