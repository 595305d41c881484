import {
  countOf,
  databaseName,
  type HistogramView,
  type PoolView,
  quantileUs,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../../config/daemon-config';
import type { Row } from '../table';
import {
  byName,
  integers,
  numerics,
  type Picture,
  type ShowItems,
  texts,
  timestamp,
  wholeSeconds,
} from './item';

function waits({ database, user, waits: histogram }: PoolView): Row {
  const leases = countOf(histogram);
  const waited = leases - (histogram.cumulative[0] ?? 0);
  return [database, user, leases, waited, ...quantiles(histogram)];
}

function quantiles(histogram: HistogramView): readonly number[] {
  return [0.5, 0.95, 0.99].map((share) => quantileUs(histogram, share));
}

function isSplit({ pooler }: DaemonConfig, database: string): boolean {
  const entry = pooler.databases.get(databaseName(database)) ?? pooler.fallbackDatabase;
  return entry?.readWriteSplit === true;
}

/** What takes most of PostgreSQL's time first. */
function statements({ statements: all }: Picture): readonly Row[] {
  return [...all]
    .sort((a, b) => b.times.sumUs - a.times.sumUs)
    .map(({ calls, times, ...row }) => [
      row.database,
      row.user,
      row.fingerprint,
      row.statement,
      calls,
      row.rows,
      row.errors,
      Math.round(times.sumUs),
      Math.round(times.sumUs / Math.max(1, calls)),
      quantileUs(times, 0.95),
      Math.round(times.maxUs),
      Math.round(row.waitUs),
    ]);
}

/** What PgBouncer has not. */
export const OWN: ShowItems = {
  pins: {
    help:
      'Who keeps a link beyond its transaction, since when, why and by which statement. See ' +
      'docs/session-state.md.',
    columns: [
      ...texts('database', 'user'),
      ['client', 'int8'],
      ...texts('addr'),
      ...integers('port'),
      ['link', 'int8'],
      ...texts('reason', 'statement', 'since'),
      ['seconds', 'int8'],
    ],
    parts: ['pins'],
    rows: ({ picture }) =>
      picture.pins.map((pin) => [
        pin.database,
        pin.user,
        pin.client,
        pin.address,
        pin.port,
        pin.link,
        pin.reasons.join(', '),
        pin.statement,
        timestamp(pin.sinceMs),
        wholeSeconds(Math.max(0, Date.now() - pin.sinceMs)),
      ]),
  },
  pin_counts: {
    help: 'How often each reason has pinned a client since start.',
    columns: [...texts('database', 'reason'), ['count', 'numeric']],
    rows: ({ picture }) =>
      [...picture.pinCounts]
        .sort((a, b) => byName(a.database, b.database) || byName(a.reason, b.reason))
        .map(({ database, reason, count }) => [database, reason, count]),
  },
  queue: {
    help: 'Who waits for a link: position, how long, in which pool mode.',
    columns: [
      ...texts('database', 'user'),
      ['client', 'int8'],
      ...integers('position'),
      ['waited_us', 'int8'],
      ...texts('pool_mode'),
    ],
    parts: ['waiters'],
    rows: ({ picture }) =>
      picture.waiters.map((waiter) => [
        waiter.database,
        waiter.user,
        waiter.client,
        waiter.position,
        Math.round(waiter.waitedMs * 1000),
        waiter.poolMode,
      ]),
  },
  waits: {
    help:
      'How long leases were waited for since start, by pool: how many leases, how many that ' +
      'waited, and the times in microseconds.',
    columns: [
      ...texts('database', 'user'),
      ['leases', 'int8'],
      ['waited', 'int8'],
      ['p50_us', 'int8'],
      ['p95_us', 'int8'],
      ['p99_us', 'int8'],
    ],
    rows: ({ picture }) => picture.pools.map(waits),
  },
  histograms: {
    help:
      'How long things took since start, by database, in microseconds: how often, the sum, and ' +
      'percentiles. What never happened has no line.',
    columns: [
      ...texts('database', 'what'),
      ...numerics('count', 'sum_us'),
      ['p50_us', 'int8'],
      ['p95_us', 'int8'],
      ['p99_us', 'int8'],
      ['max_us', 'int8'],
    ],
    rows: ({ picture }) =>
      [...picture.times]
        .filter((time) => countOf(time) > 0)
        .sort((a, b) => byName(a.database, b.database))
        .map((time) => [
          time.database,
          time.what,
          countOf(time),
          Math.round(time.sumUs),
          ...quantiles(time),
          Math.round(time.maxUs),
        ]),
  },
  traces: {
    help:
      'Spans of transactions since start: exported, dropped, and not made because of `trace_max_per_second`; ' +
      'no line where tracing was never on: docs/tracing.md.',
    columns: [...texts('what'), ['count', 'numeric']],
    rows: ({ picture }) => picture.traces.map(({ what, count }) => [what, count]),
  },
  statements: {
    help:
      'With `statement_stats`: how often each statement has run, how long PostgreSQL took, and how long it ' +
      'waited for a link, without literals: docs/statements.md.',
    columns: [
      ...texts('database', 'user', 'fingerprint', 'statement'),
      ...numerics('calls', 'rows', 'errors', 'total_us'),
      ['mean_us', 'int8'],
      ['p95_us', 'int8'],
      ['max_us', 'int8'],
      ...numerics('wait_us'),
    ],
    parts: ['statements'],
    rows: ({ picture }) => statements(picture),
  },
  replicas: {
    help:
      'With `read_write_split`: each standby that reads have gone to, its transactions since ' +
      'start, and its links and who waits for one, over all users.',
    columns: [
      ...texts('database', 'host'),
      ...integers('port'),
      ['transactions', 'numeric'],
      ...integers('sv_active', 'sv_idle', 'sv_login', 'cl_waiting'),
    ],
    rows: ({ picture }) =>
      picture.replicas.map((replica) => [
        replica.database,
        replica.host,
        Number(replica.port),
        replica.transactions,
        replica.linksActive,
        replica.linksIdle,
        replica.linksDialing,
        replica.clientsWaiting,
      ]),
  },
  routing: {
    help:
      'With `read_write_split`, by database since start: transactions that standbys have run ' +
      '(`replica_xacts`), reads that the primary has run because no standby could ' +
      '(`reads_on_primary`), and those that a standby has refused and the primary has run ' +
      '(`rerouted`).',
    columns: [...texts('database'), ...numerics('replica_xacts', 'reads_on_primary', 'rerouted')],
    rows: ({ picture, config }) =>
      [...picture.stats]
        .filter(({ database }) => isSplit(config, database))
        .sort((a, b) => byName(a.database, b.database))
        .map((row) => [row.database, row.replicaTransactions, row.readsOnPrimary, row.rerouted]),
  },
  server_limits: {
    help:
      'With `max_connections_percent`: each server, its own `max_connections` (0: not known ' +
      'yet), how many links that allows, and how many count now. See docs/from-rds-proxy.md.',
    columns: [
      ...texts('server'),
      ...integers('percent', 'max_connections', 'limit', 'connections'),
    ],
    rows: ({ picture }) =>
      [...picture.serverCaps]
        .sort((a, b) => byName(a.server, b.server))
        .map((one) => [one.server, one.percent, one.maxConnections, one.linksMax, one.links]),
  },
  workers: {
    help: 'The processes that carry traffic.',
    columns: [
      ...integers('slot', 'worker', 'pid'),
      ...texts('state'),
      ...integers('clients', 'links'),
      ['uptime', 'int8'],
      ...integers('restarts'),
    ],
    rows: ({ picture }) =>
      picture.workers.map((worker) => [
        worker.slot,
        worker.number,
        worker.pid,
        worker.state,
        worker.clients,
        worker.links,
        wholeSeconds(Math.max(0, Date.now() - worker.startedAtMs)),
        worker.restarts,
      ]),
  },
};
