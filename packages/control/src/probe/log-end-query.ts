import { parseLsn } from '../lsn';
import type { LogEnd } from '../ports/switchover-server';
import type { PreparedStatement, TextRow } from './probe-connection';

/** Never fails because the server is promoted meanwhile: see `PROBE`. */
export const LOG_END: PreparedStatement = {
  name: 'log end',
  text: `
WITH server AS MATERIALIZED (SELECT pg_is_in_recovery() AS recovers),
ends AS MATERIALIZED (
  SELECT recovers,
    CASE WHEN recovers THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END AS reached,
    CASE WHEN recovers THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_insert_lsn() END AS written
  FROM server)
SELECT recovers::int, reached, greatest(written, reached),
  (SELECT count(*) FROM pg_stat_get_wal_receiver() WHERE pid IS NOT NULL)
FROM ends`,
};

/** Whether the role that asks may call it, and the call; it returns when PostgreSQL has been told. */
export const MAY_PROMOTE: PreparedStatement = {
  name: 'may promote',
  text: "SELECT has_function_privilege('pg_promote(boolean, integer)', 'execute')::int",
};
export const PROMOTE: PreparedStatement = {
  name: 'promote',
  text: 'SELECT pg_promote(false)::int',
};

/** Milliseconds by the clock of the server. */
export const SERVER_CLOCK: PreparedStatement = {
  name: 'clock',
  text: 'SELECT extract(epoch FROM clock_timestamp()) * 1000',
};

/** As `PROMOTE`; -1, and nothing else, where the clock of the server says that it is later. */
export function promoteBefore(serverMs: number): PreparedStatement {
  return {
    name: 'promote before',
    text: `
SELECT CASE WHEN extract(epoch FROM clock_timestamp()) * 1000 < $1::float8
  THEN pg_promote(false)::int ELSE -1 END`,
    values: [String(serverMs)],
  };
}

/** @returns undefined when no PostgreSQL would answer so */
export function readServerClock(row: TextRow | undefined): number | undefined {
  const [text] = row ?? [];
  if (typeof text !== 'string' || !/^\d{1,15}(\.\d{1,12})?$/.test(text)) return undefined;
  return Number(text);
}

/** @returns undefined when no PostgreSQL would answer so */
export function readLogEnd(row: TextRow | undefined): LogEnd | undefined {
  if (row?.length !== 4) return undefined;
  const [recovers, reachedText, writtenText, receivers] = row;
  const [reached, written] = [reachedText, writtenText].map((text) =>
    typeof text === 'string' ? parseLsn(text) : undefined,
  );
  if (reached === undefined || written === undefined) return undefined;
  if (recovers !== '0' && recovers !== '1') return undefined;
  return { inRecovery: recovers === '1', reached, written, receives: receivers === '1' };
}
