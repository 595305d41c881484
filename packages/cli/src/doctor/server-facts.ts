import type { PreparedStatement, TextRow } from '@pgweir/control';

/** What a server says about itself, to a role without any privilege. */
export interface ServerFacts {
  /** 180001 is 18.1. */
  readonly version: number;
  readonly versionText: string;
  readonly inRecovery: boolean;
  readonly readOnly: boolean;
  /** The same for all copies of one cluster; empty: not told. */
  readonly systemIdentifier: string;
  /** Two names of one server have these in common. */
  readonly startedAt: string;
  readonly connectionsMax: number;
  /** Of these, what ordinary roles may have. */
  readonly connectionsUsable: number;
  /** In use now, this question's left out. */
  readonly connectionsUsed: number;
  /** -1: none. */
  readonly roleLimit: number;
  readonly databaseLimit: number;
  readonly idleTransactionTimeoutMs: number;
  /** The server's clock, milliseconds since 1970. */
  readonly clockMs: number;
  /** Of a standby: how old the last commit is that it has replayed, while there is more. Else 0. */
  readonly lagMs: number;
  readonly feedback: boolean;
  readonly standbyDelayMs: number;
}

/** One row, on a primary or a standby. What counts as a connection is as the health check has it. */
export const FACTS: PreparedStatement = {
  name: 'facts',
  text: `
WITH server AS MATERIALIZED (SELECT pg_is_in_recovery() AS recovers)
SELECT current_setting('server_version_num'), current_setting('server_version'),
  recovers::int,
  (recovers OR current_setting('default_transaction_read_only')::bool)::int,
  (SELECT system_identifier FROM pg_control_system()),
  extract(epoch FROM pg_postmaster_start_time()),
  current_setting('max_connections')::int,
  current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0),
  (SELECT count(*) FROM pg_stat_get_activity(NULL) AS a
    WHERE a.pid <> pg_backend_pid()
      AND coalesce(a.backend_type = 'client backend',
                   a.datid IS NOT NULL AND a.usesysid IS NOT NULL)),
  (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
  (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
  (SELECT setting::int8 FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'),
  extract(epoch FROM clock_timestamp()) * 1000,
  CASE WHEN recovers AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
    THEN ceil(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::int8 END,
  current_setting('hot_standby_feedback')::bool::int,
  (SELECT setting::int8 FROM pg_settings WHERE name = 'max_standby_streaming_delay')
FROM server`,
};

const COLUMNS = 16;

/** @returns undefined when no PostgreSQL would answer so */
export function readFacts(row: TextRow | undefined): ServerFacts | undefined {
  if (row?.length !== COLUMNS) return undefined;
  const number = (at: number): number => {
    const text = row[at];
    return text === null || text === undefined || text === '' ? 0 : Number(text);
  };
  const facts: ServerFacts = {
    version: number(0),
    versionText: row[1] ?? '',
    inRecovery: row[2] === '1',
    readOnly: row[3] === '1',
    systemIdentifier: row[4] ?? '',
    startedAt: row[5] ?? '',
    connectionsMax: number(6),
    connectionsUsable: number(7),
    connectionsUsed: number(8),
    roleLimit: row[9] === null ? -1 : number(9),
    databaseLimit: row[10] === null ? -1 : number(10),
    idleTransactionTimeoutMs: number(11),
    clockMs: number(12),
    lagMs: number(13),
    feedback: row[14] === '1',
    standbyDelayMs: number(15),
  };
  const isPlausible = Object.values(facts).every((value) => !Number.isNaN(value));
  return isPlausible && facts.connectionsMax > 0 ? facts : undefined;
}
