import { parseLsn } from '../lsn';
import type { Lsn, Observation } from '../observation';
import type { MemberSource, MemberView } from '../ports/member-source';
import type { PreparedStatement, TextRow } from './probe-connection';

/** How full it is, and since when it runs. */
const USE = `
  (SELECT count(*) FROM pg_stat_get_activity(NULL) AS a
    WHERE coalesce(a.backend_type = 'client backend',
                   a.datid IS NOT NULL AND a.usesysid IS NOT NULL)),
  current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0),
  extract(epoch FROM pg_postmaster_start_time())`;

/**
 * Everything a probe wants to know, in one row and one round trip, for a role without any privilege.
 * Works on 14 to 18, primary or standby, and never fails because the server is promoted meanwhile:
 * whether it is in recovery is asked once, and what only works on one side is asked on that side.
 *
 * **Timeline.** A primary: the one that it writes. A standby: the one that its receiver follows, which
 * only a member of `pg_read_all_stats` (so also of `pg_monitor`) may see, and only while it streams;
 * and that of the control file, which everybody may see. The control file is late (until dirty pages
 * are written or the next restartpoint), but never ahead: a standby that is asked by an ordinary role
 * may look as if it had not followed to a new timeline yet, never the other way round. IDENTIFY_SYSTEM
 * would need REPLICATION, and `pg_walfile_name` does not work on a standby. `ServerMemory` keeps what
 * the receiver told once it is gone.
 *
 * **Connections.** What counts against `max_connections` is what has the type `client backend`. An
 * ordinary role sees neither the type of others' connections nor that a parallel worker is one: it
 * counts who has a role and a database, which includes parallel workers and logical replication.
 */
const WITH_LOG = `
WITH server AS MATERIALIZED (SELECT pg_is_in_recovery() AS recovers),
standby AS MATERIALIZED (
  SELECT pg_last_wal_replay_lsn() AS replayed, pg_last_wal_receive_lsn() AS received,
         pg_last_xact_replay_timestamp() AS committed_at
    FROM server WHERE recovers)
SELECT (SELECT system_identifier FROM pg_control_system()),
  recovers::int,
  CASE WHEN recovers THEN
    greatest((SELECT received_tli FROM pg_stat_get_wal_receiver()),
             (SELECT timeline_id FROM pg_control_checkpoint()),
             (SELECT min_recovery_end_timeline FROM pg_control_recovery()))::text
  ELSE 'x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
  (recovers OR current_setting('default_transaction_read_only')::bool)::int,
  CASE WHEN NOT recovers THEN pg_current_wal_flush_lsn() END,
  CASE WHEN NOT recovers THEN pg_current_wal_insert_lsn() END,
  (SELECT greatest(received, replayed) FROM standby),
  (SELECT replayed FROM standby),
  (SELECT ceil(extract(epoch FROM clock_timestamp() - committed_at) * 1000)::int8 FROM standby),
  (SELECT count(*) FROM pg_stat_get_wal_receiver() WHERE pid IS NOT NULL),
${USE}`;

/**
 * The same columns, without anything that has to do with the log. Aurora says of these functions that
 * they are "currently not supported for Aurora" (0A000), or want `wal_level = logical` (55000). All its
 * members write and read one volume, so there is one history, and its number does not matter.
 */
const WITHOUT_LOG = `
WITH server AS MATERIALIZED (SELECT pg_is_in_recovery() AS recovers)
SELECT 0, recovers::int, 1::text,
  (recovers OR current_setting('default_transaction_read_only')::bool)::int,
  NULL, NULL, NULL, NULL, NULL, 0,
${USE}`;

const FROM = '\nFROM server';

/** Of servers that the configuration lists. */
export const PROBE: PreparedStatement = { name: 'probe', text: WITH_LOG + FROM };

/** What a server is asked that may also have to tell who the members of its cluster are. */
export function probeFor(source: MemberSource | undefined): PreparedStatement {
  if (source === undefined) return PROBE;
  const { hasLog, expression } = source;
  const text = `${hasLog ? WITH_LOG : WITHOUT_LOG},\n  (${expression})${FROM}`;
  return { name: 'probe', text };
}

const COLUMNS = 13;

/** What an observation has of the answer. */
export type ProbeFacts = Omit<Observation, 'askedAtMs' | 'answeredAtMs' | 'replayLagMs'>;

/** What the row says, before anything is made of it. */
export interface ProbeAnswer {
  readonly facts: ProbeFacts;
  /** How long ago the last commit that was replayed was made, by the standby's clock. */
  readonly replayedCommitAgeMs: number | undefined;
  /** A standby that receives from another server at the moment. */
  readonly isStreaming: boolean;
  /** When PostgreSQL was started: only to be compared. */
  readonly startedAt: string;
}

/** @returns undefined when no PostgreSQL would answer so */
export function readProbeAnswer(
  row: TextRow | undefined,
  source?: MemberSource,
): ProbeAnswer | undefined {
  if (row?.length !== COLUMNS + (source === undefined ? 0 : 1)) return undefined;
  const view = source && viewOf(row.at(-1), source);
  if (source !== undefined && view === undefined) return undefined;
  const [systemIdentifier, recovers, timelineText, isReadOnly, ...rest] = row;
  const [flushed, inserted, received, replayed, age, receivers, used, most, startedAt] = rest;
  if (typeof systemIdentifier !== 'string' || !/^\d{1,20}$/.test(systemIdentifier)) {
    return undefined;
  }
  const [inRecovery, readOnly] = [flagOf(recovers), flagOf(isReadOnly)];
  const [connections, connectionsMax] = [countOf(used), countOf(most)];
  const isStreaming = flagOf(receivers);
  if (inRecovery === undefined || readOnly === undefined || isStreaming === undefined) {
    return undefined;
  }
  if (connections === undefined || connectionsMax === undefined) return undefined;
  if (typeof startedAt !== 'string') return undefined;
  const facts: ProbeFacts = {
    ...{ systemIdentifier, inRecovery, readOnly, connections, connectionsMax },
    timeline: timelineOf(timelineText),
    flushed: lsnOf(flushed),
    inserted: lsnOf(inserted),
    received: lsnOf(received),
    replayed: lsnOf(replayed),
    ...(view && { view }),
  };
  const tells = facts.timeline !== undefined && facts.flushed !== undefined;
  if (!inRecovery && !tells && source?.hasLog !== false) return undefined;
  return { facts, isStreaming, replayedCommitAgeMs: ageOf(age), startedAt };
}

function viewOf(text: Field, source: MemberSource): MemberView | undefined {
  return typeof text === 'string' ? source.read(text) : undefined;
}

type Field = string | null | undefined;

function flagOf(field: Field): boolean | undefined {
  if (field === '0') return false;
  return field === '1' ? true : undefined;
}

function countOf(field: Field): number | undefined {
  return typeof field === 'string' && /^\d{1,9}$/.test(field) ? Number(field) : undefined;
}

/** Decimal, or `x` and eight hexadecimal digits of a file's name. 0: none yet. */
function timelineOf(field: Field): number | undefined {
  if (typeof field !== 'string') return undefined;
  const isFileName = /^x[0-9A-F]{8}$/i.test(field);
  const timeline = isFileName ? Number.parseInt(field.slice(1), 16) : countOf(field);
  return timeline === 0 ? undefined : timeline;
}

function lsnOf(field: Field): Lsn | undefined {
  return typeof field === 'string' ? parseLsn(field) : undefined;
}

/** The two clocks may differ: what seems to come from the future has just been made. */
function ageOf(field: Field): number | undefined {
  return typeof field === 'string' && /^-?\d{1,15}$/.test(field)
    ? Math.max(0, Number(field))
    : undefined;
}
