import type { ListedMember, MemberSource, MemberView } from '@pgweir/control';
import { hostOf, nameOf, portOf, readFields } from './member-values';

/**
 * `rds_tools` is an extension of RDS for PostgreSQL, which somebody has to create in the database that is
 * asked; its functions want to be told who asks. On the writer the source is itself, or there is none.
 */
const EXPRESSION = `SELECT json_build_object(
    'self', (SELECT own.id FROM rds_tools.dbi_resource_id() AS own(id)),
    'source', (SELECT source.id
      FROM rds_tools.multi_az_db_cluster_source_dbi_resource_id() AS source(id)),
    'members', (SELECT json_agg(json_build_object(
      'name', t.id, 'host', t.endpoint, 'port', t.port::int))
      FROM rds_tools.show_topology('pgweir') AS t))::text`;

/**
 * The members of an RDS Multi-AZ DB cluster (one writer and two readable standbys), as each of them tells.
 * They are PostgreSQL with streaming replication, so everything else is asked for as anywhere.
 */
export function rdsClusterSource(): MemberSource {
  return {
    key: 'rds-cluster',
    expression: EXPRESSION,
    hasLog: true,
    whyNoSwitchover:
      'RDS hands over by itself: aws rds failover-db-cluster, which is followed without SWITCHOVER',
    read: readRdsView,
  };
}

function readRdsView(text: string): MemberView | undefined {
  const read = readFields(text);
  const self = nameOf(read?.fields.self);
  if (read === undefined || self === undefined) return undefined;
  const writer = nameOf(read.fields.source) ?? self;
  const members = read.members.flatMap((member): ListedMember[] => {
    const [name, host] = [nameOf(member.name), hostOf(member.host)];
    const port = portOf(member.port);
    if (name === undefined || host === undefined || port === undefined) return [];
    const isWriter = name === writer;
    return [{ name, address: { host, port }, isWriter, lagMs: undefined, ageMs: undefined }];
  });
  return { self, members };
}
