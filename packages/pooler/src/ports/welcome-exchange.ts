import type { PoolKey } from './names';

/** What PostgreSQL reported at a login: names of parameters with their values. Plain data. */
export type ReportedValues = readonly (readonly [name: string, value: string])[];

/**
 * What pools of several processes tell each other, so that a client can be welcomed without a link of
 * its own process. Pools of the same key lead to the same place.
 */
export interface WelcomeExchange {
  /** What another process has learned; undefined: nothing yet, or nothing that still holds. */
  known(pool: PoolKey): ReportedValues | undefined;
  /** A link of this process has logged in. Called for every link: do little. */
  reported(pool: PoolKey, values: ReadonlyMap<string, string>): void;
}
