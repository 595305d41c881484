import { parseLsn } from '../lsn';
import type { Lsn } from '../observation';
import type { PreparedStatement, TextRow } from './probe-connection';

/**
 * Which position of a primary is looked at. What is flushed covers every commit that was acknowledged
 * with `synchronous_commit` on; where it may be off, only what is inserted does.
 */
export type PrimaryPosition = 'flushed' | 'inserted';

/** What a server's log had come to at one moment. */
export interface Position {
  readonly inRecovery: boolean;
  /** Of a primary; a replica tells it to probes. */
  readonly timeline: number | undefined;
  /** A primary's as asked for; a replica's is what is replayed. */
  readonly position: Lsn;
}

export function positionStatement(which: PrimaryPosition): PreparedStatement {
  const current = which === 'flushed' ? 'pg_current_wal_flush_lsn' : 'pg_current_wal_insert_lsn';
  return {
    name: `position ${which}`,
    text: `
WITH server AS MATERIALIZED (SELECT pg_is_in_recovery() AS recovers)
SELECT recovers::int,
  CASE WHEN NOT recovers THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
  CASE WHEN recovers THEN pg_last_wal_replay_lsn() ELSE ${current}() END
FROM server`,
  };
}

/** @returns undefined when no PostgreSQL would answer so */
export function readPosition(row: TextRow | undefined): Position | undefined {
  if (row?.length !== 3) return undefined;
  const [recovers, file, text] = row;
  const position = typeof text === 'string' ? parseLsn(text) : undefined;
  if (position === undefined || (recovers !== '0' && recovers !== '1')) return undefined;
  if (recovers === '1') return { inRecovery: true, timeline: undefined, position };
  if (typeof file !== 'string' || !/^[0-9A-F]{8}$/i.test(file)) return undefined;
  return { inRecovery: false, timeline: Number.parseInt(file, 16), position };
}
