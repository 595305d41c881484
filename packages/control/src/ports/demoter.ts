import type { ServerAddress } from '../observation';
import type { SwitchoverAnswer } from './topology-claims';

/** What is to be handed over, and to whom. */
export interface Handover {
  /** The entry of the configuration for which it was ordered. */
  readonly database: string;
  readonly primary: ServerAddress;
  readonly target: ServerAddress;
}

/** Makes a primary take no more writes, for good. */
export interface Demoter {
  /** It promotes the target as well. */
  readonly promotes: boolean;
  /** Why it would not do that, as far as can be told before anything is held. */
  obstacle(handover: Handover): string | undefined;
  /**
   * Does it. `done`: the primary takes no writes any more (`promotes`: and the target leads). `refused`:
   * nothing has happened. `unknown`: only the servers can tell. Never rejects, and ends in `deadlineMs`.
   */
  demote(handover: Handover, deadlineMs: number): Promise<SwitchoverAnswer>;
}
