import type { QueryMode, ScriptName } from './scripts';
import type { LoadResult, Target } from './target';

/** Clients that connect, run one script again and again, and leave when time is up. */
export interface QueryOrder {
  readonly target: Target;
  readonly script: ScriptName;
  readonly mode: QueryMode;
  readonly clients: number;
  readonly seconds: number;
  /** Whether no latency may be missing: the longest one matters. */
  readonly allLatencies: boolean;
}

/** Clients that connect, read one row, leave, and come again. What is counted: connections. */
export interface ChurnOrder {
  readonly target: Target;
  /** At one time. */
  readonly clients: number;
  readonly seconds: number;
}

/** Something that plays clients, in a process of its own. */
export interface LoadGenerator {
  readonly name: string;
  /** @throws Error when any client was refused, lost or answered with an error */
  queries(order: QueryOrder): Promise<LoadResult>;
  /** @throws Error as `queries` */
  churn(order: ChurnOrder): Promise<LoadResult>;
}
