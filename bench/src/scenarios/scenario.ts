import type { Door } from '../contestants/doors';
import type { LoadGenerator } from '../load/generator';
import type { LoadResult, Target } from '../load/target';

/** One of the report's tables. */
export type Section = 'queries' | 'bulk' | 'connections' | 'waiting';

/** What is done again and again, and how it is measured. */
export interface Scenario {
  /** Unique, as `simple c32`. */
  readonly name: string;
  /** Scenarios that differ in the number of clients only. */
  readonly group: string;
  readonly section: Section;
  readonly door: Door;
  /** Whether connecting is part of what is measured, or comes before it. */
  readonly counts: 'connections' | 'work';
  /** Connected at one time. */
  readonly clients: number;
  /** Whom it is for, where not for everybody. */
  readonly only?: 'poolers' | 'pgweir';
  /** Whether `--quick` has it. */
  readonly isQuick: boolean;
  /** @throws Error when a client was refused, lost or answered with an error */
  run(target: Target, how: How): Promise<LoadResult>;
}

export interface How {
  readonly load: LoadGenerator;
  readonly seconds: number;
}
