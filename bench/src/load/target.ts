import type { Latencies } from '../measure/latencies';

/** Where clients connect to, and as whom. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** For SCRAM; undefined: the server asks for none. */
  readonly password?: string;
  readonly tls: boolean;
  /** How many clients can log in within a second, at least: pgbench's clock runs meanwhile. */
  readonly loginsPerSecond: number;
}

export interface LoadResult {
  /** What the scenario counts, all answered without error. */
  readonly count: number;
  /** Without the time that connecting took, unless connecting is what is counted. */
  readonly perSecond: number;
  /** undefined where the load generator cannot tell. */
  readonly latencies: Latencies | undefined;
}
