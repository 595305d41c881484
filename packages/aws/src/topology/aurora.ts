import type { ListedMember, MemberSource, MemberView } from '@pgweir/control';
import { instanceHost } from './endpoint-names';
import { millisecondsOf, nameOf, readFields } from './member-values';

export interface AuroraNeeds {
  /** As `instancePattern` gives it. */
  readonly pattern: string;
  /** All instances of a cluster have the same. */
  readonly port: number;
}

/**
 * `session_id` is 'MASTER_SESSION_ID' for the writer and a UUID for readers. What a member says of itself
 * has no `last_update_timestamp` (from 13.9 on), and no lag on the writer. The function is not in
 * `pg_proc` of every version, so there is nothing to look it up by.
 */
const EXPRESSION = `SELECT json_build_object(
    'self', aurora_db_instance_identifier(),
    'members', (SELECT json_agg(json_build_object(
      'name', s.server_id,
      'writer', s.session_id = 'MASTER_SESSION_ID',
      'lag', s.replica_lag_in_msec,
      'age', extract(epoch FROM clock_timestamp() - s.last_update_timestamp) * 1000))
      FROM aurora_replica_status() AS s))::text`;

/**
 * The members of an Aurora PostgreSQL cluster, as each of them tells.
 *
 * Its LSNs (`durable_lsn`, `current_read_lsn`) are not used: they are those of the volume and of what a
 * reader has last taken from it, told every now and then, and nothing says that whoever finds a reader
 * at the durable LSN that the writer has told after a commit also finds that commit there.
 */
export function auroraSource({ pattern, port }: AuroraNeeds): MemberSource {
  return {
    key: JSON.stringify(['aurora', pattern, port]),
    expression: EXPRESSION,
    hasLog: false,
    whyNoSwitchover:
      'Aurora hands over by itself: aws rds failover-db-cluster, which is followed without SWITCHOVER',
    read: (text) => readAuroraView(text, { pattern, port }),
  };
}

function readAuroraView(text: string, { pattern, port }: AuroraNeeds): MemberView | undefined {
  const read = readFields(text);
  const self = nameOf(read?.fields.self);
  if (read === undefined || self === undefined) return undefined;
  const members = read.members.flatMap((member): ListedMember[] => {
    const name = nameOf(member.name);
    if (name === undefined) return [];
    return [
      {
        name,
        address: { host: instanceHost(pattern, name), port },
        isWriter: member.writer === true,
        lagMs: millisecondsOf(member.lag),
        ageMs: millisecondsOf(member.age),
      },
    ];
  });
  return { self, members };
}
