import type { DatabaseName, TargetSessionAttrs } from '@pgweir/pooler';
import type { ServerAddress } from './observation';
import type { MemberSource } from './ports/member-source';

/** What control has to know of one entry of `[databases]`; the `*` entry has the name `*`. */
export interface DatabaseEntry {
  readonly database: DatabaseName;
  readonly servers: readonly ServerAddress[];
  /** undefined: not set */
  readonly targetSessionAttrs: TargetSessionAttrs | undefined;
  readonly readWriteSplit: boolean;
  /** What finds the members of the cluster, which `servers` only lead to; undefined: they are all. */
  readonly source?: MemberSource | undefined;
}

/** Whether the roles of its servers matter. Without that its list means what it does in PgBouncer. */
export function followsRoles(entry: DatabaseEntry): boolean {
  return entry.targetSessionAttrs !== undefined || entry.readWriteSplit;
}

/** Whether its sessions write, so that a primary that refuses writes is of no use. */
export function writes({ targetSessionAttrs, readWriteSplit }: DatabaseEntry): boolean {
  return readWriteSplit || targetSessionAttrs === 'read-write';
}

/** Whether its work cannot go on without a primary. */
export function needsPrimary(entry: DatabaseEntry): boolean {
  return writes(entry) || entry.targetSessionAttrs === 'primary';
}

/** Whether only replicas are of use. */
export function needsReplica({ targetSessionAttrs, readWriteSplit }: DatabaseEntry): boolean {
  if (readWriteSplit) return false;
  return targetSessionAttrs === 'standby' || targetSessionAttrs === 'read-only';
}
