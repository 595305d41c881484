import type { HeardView } from '../discovery/members';
import type { ServerKey } from '../server-key';

/** What members of one cluster, which share their storage, say of each other. */
export interface Listings {
  readonly nameOf: (key: ServerKey) => string | undefined;
  /** When they are read. */
  readonly nowMs: number;
  /** Of those whose word counts. */
  readonly views: readonly HeardView[];
}
