import type { Cluster } from '../cluster';
import type { Server } from '../postgres/server';
import { untilReplayed } from './until-replayed';

/** What the extension `rds_tools` has for a Multi-AZ DB cluster. */
const INSTALL = `
CREATE SCHEMA rds_tools;
CREATE TABLE rds_tools.listed (id text PRIMARY KEY, endpoint text, port int, is_writer bool);
GRANT USAGE ON SCHEMA rds_tools TO PUBLIC;
GRANT SELECT ON rds_tools.listed TO PUBLIC;
CREATE FUNCTION rds_tools.dbi_resource_id() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT current_setting('rds.resource') $$;
CREATE FUNCTION rds_tools.multi_az_db_cluster_source_dbi_resource_id() RETURNS text
  LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN pg_is_in_recovery() THEN (SELECT id FROM rds_tools.listed WHERE is_writer)
              ELSE current_setting('rds.resource') END $$;
CREATE FUNCTION rds_tools.show_topology(whose text DEFAULT '')
  RETURNS TABLE (id text, endpoint text, port int) LANGUAGE sql STABLE
  AS $$ SELECT l.id, l.endpoint, l.port FROM rds_tools.listed AS l $$`;

/** Makes a cluster look like an RDS Multi-AZ DB cluster: its members tell of each other. */
export async function makeRdsCluster(cluster: Cluster): Promise<void> {
  await cluster.primary.query(INSTALL);
  const servers = [cluster.primary, ...cluster.replicas];
  for (const server of servers) {
    const id = resourceId(server);
    await server.configure({ 'rds.resource': id });
    await cluster.primary.query(
      `INSERT INTO rds_tools.listed VALUES ('${id}', '${server.host}', ${server.port}, ${server === cluster.primary})`,
    );
  }
  await untilReplayed(cluster);
}

/** Promotes one of them, as RDS does when the writer is lost. */
export async function promoteInRdsCluster(server: Server): Promise<void> {
  await server.promote();
  await server.query(`UPDATE rds_tools.listed SET is_writer = (id = '${resourceId(server)}')`);
}

export function resourceId({ name }: Server): string {
  return `db-${name.toUpperCase().replace(/[^A-Z0-9]/g, '')}`;
}
