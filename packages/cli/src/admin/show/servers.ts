import type { Row, Value } from '../table';
import { byName, integers, type ShowItems, texts, timestamp } from './item';

/** What is known of servers whose roles are followed, and what became of them. */
export const SERVERS: ShowItems = {
  topology: {
    help:
      'For entries with `target_session_attrs`: each server, its role, health, positions and ' +
      'lag, what an operator has to decide, with `failover_mode = promote` who may promote ' +
      '(`promoter`) and what happens (`promotion`), and what its cluster calls it (`member`). ' +
      'See docs/failover.md.',
    columns: [
      ...texts('database', 'host'),
      ...integers('port'),
      ...texts('role', 'health', 'out_of_service'),
      ...integers('timeline'),
      ...texts('flush_lsn', 'receive_lsn', 'replay_lsn'),
      ['lag_bytes', 'int8'],
      ['lag_ms', 'int8'],
      ...integers('connections', 'max_connections'),
      ['probe_us', 'int8'],
      ['probe_age_ms', 'int8'],
      ...texts('failover', 'alarm', 'promoter', 'promotion', 'member'),
    ],
    rows: ({ picture }) =>
      picture.clusters
        .flatMap((cluster) =>
          cluster.databases.flatMap((database) =>
            cluster.servers.map((server) => ({ ...cluster, database, server })),
          ),
        )
        .sort((a, b) => byName(a.database, b.database))
        .map(({ database, server, failover, alarms, promoter, promotion }) => [
          database,
          server.host,
          server.port,
          server.role,
          server.health,
          server.outOfService,
          server.timeline,
          server.flushed,
          server.received,
          server.replayed,
          server.lagBytes,
          rounded(server.lagMs),
          server.connections,
          server.connectionsMax,
          rounded(server.probeMs === undefined ? undefined : server.probeMs * 1000),
          rounded(server.probeAgeMs),
          failover,
          alarms.length === 0 ? null : alarms.map(({ text }) => text).join('; '),
          promoter,
          promotion,
          server.member,
        ])
        .map(withNulls),
  },
  failovers: {
    help:
      'The last failovers of each cluster: when, what was seen, whether it was planned, how ' +
      'long work waited, what became of sessions, and `pgweir` in `promoted_by` if this one has ' +
      'promoted.',
    columns: [
      ...texts('databases', 'began', 'seen', 'old_primary', 'new_primary', 'outcome'),
      ...integers('planned'),
      ['held_ms', 'int8'],
      ['moved', 'int8'],
      ['retried', 'int8'],
      ['failed', 'int8'],
      ...texts('promoted_by'),
    ],
    rows: ({ picture }) =>
      picture.failovers
        .map((failover) => [
          [...failover.databases].sort(byName).join(', '),
          timestamp(failover.startedAtWallMs),
          failover.seen,
          failover.oldPrimary,
          failover.newPrimary,
          failover.outcome,
          failover.isPlanned ? 1 : 0,
          Math.round(failover.heldMs),
          failover.sessions.moved,
          failover.sessions.retried,
          failover.sessions.failed,
          failover.isOurs ? 'pgweir' : null,
        ])
        .map(withNulls),
  },
};

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value);
}

/** What is not known is NULL. */
function withNulls(row: readonly (Value | undefined)[]): Row {
  return row.map((value) => value ?? null);
}
