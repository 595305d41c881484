import type { Cluster } from '../cluster';
import type { Server } from '../postgres/server';
import { InstanceDoor } from './instance-door';
import { untilReplayed } from './until-replayed';

/** What Aurora says of a member, and how PostgreSQL's functions for its log do not work there. */
const INSTALL = `
SET allow_system_table_mods = on;
CREATE SCHEMA aurora;
CREATE TABLE aurora.members (
  name text PRIMARY KEY, is_writer bool NOT NULL, lag float8 DEFAULT 3, age interval DEFAULT '1 ms');
GRANT USAGE ON SCHEMA aurora TO PUBLIC;
GRANT SELECT ON aurora.members TO PUBLIC;
CREATE FUNCTION pg_catalog.aurora_db_instance_identifier() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT current_setting('aurora.name') $$;
CREATE FUNCTION pg_catalog.aurora_replica_status() RETURNS TABLE (
    server_id text, session_id text, durable_lsn bigint, highest_lsn_rcvd bigint,
    current_read_lsn bigint, cur_replay_latency_in_usec bigint, active_txns bigint,
    is_current bool, last_transport_error int, last_error_timestamp timestamptz,
    last_update_timestamp timestamptz, feedback_xmin bigint, feedback_epoch bigint,
    replica_lag_in_msec float8, log_stream_speed_in_kib_per_second float8,
    log_buffer_sequence_number int, oldest_read_view_trx_id bigint, oldest_read_view_lsn bigint,
    pending_read_ios bigint, read_ios bigint, iops bigint, cpu float8)
  LANGUAGE sql STABLE AS $$
  WITH own AS (SELECT current_setting('aurora.name') AS name, NOT pg_is_in_recovery() AS writes),
  listed AS (
    SELECT m.*, m.name = own.name AS is_own,
           CASE WHEN m.name = own.name THEN own.writes ELSE m.is_writer AND NOT own.writes END AS writes
      FROM aurora.members AS m, own)
  SELECT l.name, CASE WHEN l.writes THEN 'MASTER_SESSION_ID' ELSE md5(l.name)::uuid::text END,
    88492069::int8, CASE WHEN NOT l.writes THEN 88492069::int8 END,
    CASE WHEN NOT l.writes THEN 88492060::int8 END, NULL::int8, 0::int8, true, 0,
    NULL::timestamptz, CASE WHEN NOT l.is_own THEN clock_timestamp() - l.age END,
    NULL::int8, NULL::int8, CASE WHEN NOT l.writes THEN l.lag END,
    0::float8, 0, NULL::int8, NULL::int8, 0::int8, 0::int8, 0::int8, 0.5::float8
  FROM listed AS l $$;
REVOKE EXECUTE ON FUNCTION
  pg_current_wal_lsn(), pg_current_wal_flush_lsn(), pg_current_wal_insert_lsn(),
  pg_walfile_name(pg_lsn), pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn(),
  pg_last_xact_replay_timestamp(), pg_stat_get_wal_receiver(), pg_control_checkpoint(),
  pg_control_recovery(), pg_control_system() FROM PUBLIC`;

const ENDPOINT_HOST = '127.0.0.10';
/** The name of an instance is the last part of its address. */
const FIRST_NAME = 11;
const ATTEMPTS_MAX = 50;

export interface AuroraMember {
  readonly name: string;
  readonly server: Server;
  readonly door: InstanceDoor;
}

/**
 * A cluster of PostgreSQL that looks like one of Aurora: its members tell of each other, and nothing of
 * their log. The host of instance 11 is 127.0.0.11, and all have one port. That each has a copy of
 * the data of its own, by streaming, is not Aurora's way.
 */
export class AuroraStandIn {
  static readonly pattern = '127.0.0.?';
  readonly #cluster: Cluster;
  readonly #members: AuroraMember[] = [];
  /** Its cluster's endpoint, which follows the writer when DNS does. */
  readonly #endpoint: InstanceDoor;
  #endpointLeadsTo: Server;
  #nextName = FIRST_NAME;
  #writerName = String(FIRST_NAME);

  private constructor(cluster: Cluster, endpoint: InstanceDoor) {
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#endpointLeadsTo = cluster.primary;
  }

  /** Makes it of a cluster, whose primary is instance 11, and whose replicas are 12 and so on. */
  static async of(cluster: Cluster): Promise<AuroraStandIn> {
    await cluster.primary.query(INSTALL);
    const servers = [cluster.primary, ...cluster.replicas];
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const door = await InstanceDoor.open({ host: ENDPOINT_HOST, port: 0 }, () => {
        const server = aurora.#endpointLeadsTo;
        return server.isRunning ? server : undefined;
      });
      if (door === undefined) continue;
      const aurora: AuroraStandIn = new AuroraStandIn(cluster, door);
      if (await aurora.#openAll(servers)) return aurora;
      await aurora.close();
    }
    throw new Error('no port is free on all addresses of instances');
  }

  get endpoint(): { readonly host: string; readonly port: number } {
    return { host: ENDPOINT_HOST, port: this.#endpoint.port };
  }

  get members(): readonly AuroraMember[] {
    return this.#members;
  }

  member(name: string): AuroraMember {
    const found = this.#members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`there is no instance ${name}`);
    return found;
  }

  /** DNS has followed. */
  moveEndpoint({ server }: AuroraMember): void {
    this.#endpointLeadsTo = server;
    this.#endpoint.drop();
  }

  /** Who takes writes, or did last. */
  get writer(): AuroraMember {
    return this.member(this.#writerName);
  }

  async addReader(): Promise<AuroraMember> {
    const { writer } = this;
    const member = await this.#add(await this.#cluster.addReplica(writer.server));
    if (member === undefined) throw new Error('the port of the new instance is taken');
    await writer.server.query(list(member, { isWriter: false }));
    return member;
  }

  /** It is gone at once, and is not listed any more. */
  async removeReader(member: AuroraMember): Promise<void> {
    this.#members.splice(this.#members.indexOf(member), 1);
    await member.door.close();
    await member.server.stop('immediate');
    const { server } = this.writer;
    await server.query(`DELETE FROM aurora.members WHERE name = '${member.name}'`);
  }

  /** A reader becomes the writer, and lists itself as that. */
  async promote(member: AuroraMember): Promise<void> {
    await member.server.promote();
    this.#writerName = member.name;
    await member.server.query(`UPDATE aurora.members SET is_writer = (name = '${member.name}')`);
  }

  /** An instance comes back, or changes sides, as a reader of the writer. */
  async follow(member: AuroraMember): Promise<void> {
    await this.#cluster.rejoin(member.server, this.writer.server);
  }

  async close(): Promise<void> {
    const doors = [this.#endpoint, ...this.#members.map(({ door }) => door)];
    await Promise.all(doors.map((door) => door.close()));
  }

  /** @returns false when the port is taken at one of the addresses */
  async #openAll(servers: readonly Server[]): Promise<boolean> {
    for (const server of servers) {
      const member = await this.#add(server);
      if (member === undefined) return false;
    }
    const { writer } = this;
    for (const member of this.#members) {
      await writer.server.query(list(member, { isWriter: member === writer }));
    }
    await untilReplayed(this.#cluster);
    return true;
  }

  async #add(server: Server): Promise<AuroraMember | undefined> {
    const name = String(this.#nextName++);
    const place = { host: `127.0.0.${name}`, port: this.#endpoint.port };
    const door = await InstanceDoor.open(place, () => (server.isRunning ? server : undefined));
    if (door === undefined) return undefined;
    await server.configure({ 'aurora.name': name });
    const member = { name, server, door };
    this.#members.push(member);
    return member;
  }
}

function list({ name }: AuroraMember, { isWriter }: { readonly isWriter: boolean }): string {
  return `INSERT INTO aurora.members (name, is_writer) VALUES ('${name}', ${isWriter})`;
}
