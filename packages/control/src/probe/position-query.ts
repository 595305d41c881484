import { parseLsn } from '../lsn';
import type { Lsn } from '../observation';
import type { PreparedStatement, TextRow } from './probe-connection';

/** What a server's log had come to at one moment. */
export type Position =
  | {
      readonly kind: 'primary';
      readonly systemIdentifier: string;
      readonly timeline: number;
      readonly flushed: Lsn;
      readonly inserted: Lsn;
      /** Some commits may be acknowledged and seen before they are flushed. */
      readonly commitsUnflushed: boolean;
    }
  | { readonly kind: 'replica'; readonly systemIdentifier: string; readonly replayed: Lsn };

/**
 * How far a server is, for a role without any privilege.
 *
 * **Which position of a primary.** With `synchronous_commit` on (or local, remote_write, remote_apply) a
 * commit is flushed before it is acknowledged, and before anybody can see it: the flushed position
 * covers it. The inserted one would as well, but an open transaction that has written and is idle keeps
 * it ahead of what is sent to replicas for as long as nobody else commits, up to the next snapshot of the
 * background writer (15 seconds or more), and reads would stay on the primary for that time. The
 * written position (`pg_current_wal_lsn`) covers nothing more than the flushed one.
 *
 * With `synchronous_commit` off a commit is acknowledged and seen by everybody before it is flushed:
 * only the inserted position covers it, and not only for the session that made it. So both are asked for,
 * and whether anybody may have it off: by what this session was given, or by what is set for a role or a
 * database. What is set for the role that asks hides what the server has, and counts as well.
 */
export const POSITION: PreparedStatement = {
  name: 'position',
  text: `
WITH server AS MATERIALIZED (SELECT pg_is_in_recovery() AS recovers)
SELECT (SELECT system_identifier FROM pg_control_system()),
  recovers::int,
  CASE WHEN recovers THEN pg_last_wal_replay_lsn() END,
  CASE WHEN NOT recovers THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
  CASE WHEN NOT recovers THEN pg_current_wal_flush_lsn() END,
  CASE WHEN NOT recovers THEN pg_current_wal_insert_lsn() END,
  CASE WHEN NOT recovers THEN
    (current_setting('synchronous_commit') = 'off' OR EXISTS (
      SELECT FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c
       WHERE c LIKE 'synchronous\\_commit=%'
         AND (lower(split_part(c, '=', 2)) IN ('off', 'false', 'no', '0')
              OR (s.setdatabase = 0
                  OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
             AND (s.setrole = 0 OR s.setrole = current_user::regrole))))::int END
FROM server`,
};

const COLUMNS = 7;

/** @returns undefined when no PostgreSQL would answer so */
export function readPosition(row: TextRow | undefined): Position | undefined {
  if (row?.length !== COLUMNS) return undefined;
  const [systemIdentifier, recovers, replayedText, file, flushedText, insertedText, unflushed] =
    row;
  if (typeof systemIdentifier !== 'string' || !/^\d{1,20}$/.test(systemIdentifier)) {
    return undefined;
  }
  if (recovers === '1') {
    const replayed = lsnOf(replayedText);
    return replayed === undefined ? undefined : { kind: 'replica', systemIdentifier, replayed };
  }
  if (recovers !== '0' || typeof file !== 'string' || !/^[0-9A-F]{8}$/i.test(file))
    return undefined;
  const [flushed, inserted] = [lsnOf(flushedText), lsnOf(insertedText)];
  if (flushed === undefined || inserted === undefined) return undefined;
  if (unflushed !== '0' && unflushed !== '1') return undefined;
  const timeline = Number.parseInt(file, 16);
  const commitsUnflushed = unflushed === '1';
  return {
    kind: 'primary',
    ...{ systemIdentifier, timeline, flushed, inserted, commitsUnflushed },
  };
}

function lsnOf(text: string | null | undefined): Lsn | undefined {
  return typeof text === 'string' ? parseLsn(text) : undefined;
}
