import type { Latencies } from '../measure/latencies';
import type { QueryMode } from '../scenarios';

/** Where clients connect to. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

export interface LoadOrder {
  readonly target: Target;
  readonly mode: QueryMode;
  readonly clients: number;
  readonly seconds: number;
}

export interface LoadResult {
  /** All that were answered, without error. */
  readonly transactions: number;
  /** Without the time that connecting took. */
  readonly perSecond: number;
  readonly latencies: Latencies;
}

/** Something that plays clients, in a process of its own. */
export interface LoadGenerator {
  readonly name: string;
  /** @throws Error when any client was refused, lost or answered with an error */
  run(order: LoadOrder): Promise<LoadResult>;
}
