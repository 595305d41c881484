import type { Server } from '@pgweir/testkit';
import type { Target } from '../load/target';
import type { Caps, Door, Pool } from './doors';

/** Something between clients and PostgreSQL, or nothing (`direct`). */
export interface Contestant {
  readonly name: string;
  /** For the report: program and runtime with their versions. */
  readonly version: string;
  /** Most links, which PostgreSQL enforces; undefined when nothing stands between. */
  readonly caps: Caps | undefined;
  /** @throws Error with its output when it does not start */
  start(place: Place): Promise<Running>;
}

/** What a contestant finds. */
export interface Place {
  readonly postgres: Server;
  /** The role for the links of a pool, limited to its cap. It needs no password. */
  role(pool: Pool): string;
  /** The verifier of `PASSWORD`, as PostgreSQL stores it. */
  readonly scramSecret: string;
}

export interface Running {
  /**
   * Asks for the way in for so many clients at a time.
   *
   * @throws Error with the end of its output when it has ended by itself
   */
  enter(door: Door, clients: number): Entrance;
  stop(): Promise<void>;
}

export type Entrance =
  | {
      readonly kind: 'open';
      readonly target: Target;
      /** What to measure, with its descendants; undefined when nothing stands between. */
      readonly pid: number | undefined;
    }
  /** By what this contestant is. */
  | { readonly kind: 'closed'; readonly reason: string };
