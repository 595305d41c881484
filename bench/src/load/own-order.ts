import type { ChurnOrder, QueryOrder } from './generator';
import type { Target } from './target';

/** Clients that all connect at the same moment, read one row and leave; and the same again. */
export interface BurstOrder {
  readonly target: Target;
  readonly clients: number;
  readonly seconds: number;
}

/** One client that copies `bytes` again and again. What is counted: megabytes. */
export interface CopyOrder {
  readonly target: Target;
  readonly direction: 'in' | 'out';
  readonly bytes: number;
  readonly seconds: number;
}

/** What our own program of raw clients can be told to do. */
export type OwnOrder =
  | ({ readonly kind: 'queries' } & QueryOrder)
  | ({ readonly kind: 'churn' } & ChurnOrder)
  | ({ readonly kind: 'burst' } & BurstOrder)
  | ({ readonly kind: 'copy' } & CopyOrder);

/** What it prints, as JSON. */
export interface OwnReport {
  readonly count: number;
  readonly perSecond: number;
  /** Pairs of latency and how often it came. */
  readonly latencies: readonly (readonly [us: number, count: number])[];
}
