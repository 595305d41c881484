import type { LinkPhase } from '../backend/link-phase';
import type { PoolKey, UserName } from '../ports/names';
import type { ReplicaServer } from '../topology/replica-servers';
import type { Database } from './database';
import type { Pool } from './pool';

/** Which pool it is. */
export interface PoolPlace {
  readonly database: Database;
  readonly user: UserName;
  readonly key: PoolKey;
  /** For reads that go to one replica, and the pool that their sessions belong to. */
  readonly replica?: ReplicaServer;
  readonly main?: Pool;
}

/** A link to the replica goes from one phase to another, or from one session to the next. */
export function countOutstanding(replica: ReplicaServer, from: LinkPhase, to: LinkPhase): void {
  if (from === 'leased') replica.outstanding--;
  if (to === 'leased') replica.outstanding++;
}

/** Its replica, if it has one, may not be where it was any more. */
export function mistrustReplica({ databaseState, replica }: Pool): void {
  if (replica !== undefined) databaseState.positions?.distrust(replica.endpoint);
}
