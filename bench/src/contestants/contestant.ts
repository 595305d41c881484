import type { Server } from '@pgweir/testkit';
import type { Target } from '../load/target';
import type { Pooling } from '../scenarios';

/** Something between clients and PostgreSQL, or nothing (`direct`). */
export interface Contestant {
  readonly name: string;
  /** For the report: program and runtime with their versions. */
  readonly version: string;
  /** @throws Error with its output when it does not start */
  start(postgres: Server): Promise<Running>;
}

export interface Running {
  target(pooling: Pooling): Target;
  /** What to measure; undefined when nothing stands between. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}
