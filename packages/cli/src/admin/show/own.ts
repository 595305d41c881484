import {
  countOf,
  databaseName,
  type HistogramView,
  type PoolView,
  quantileUs,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../../config/daemon-config';
import type { Row } from '../table';
import { byName, integers, numerics, type ShowItems, texts, timestamp, wholeSeconds } from './item';

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

/** What PgBouncer has not. */
export const OWN: ShowItems = {
  pins: {
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
    columns: [...texts('database', 'reason'), ['count', 'numeric']],
    rows: ({ picture }) =>
      [...picture.pinCounts]
        .sort((a, b) => byName(a.database, b.database) || byName(a.reason, b.reason))
        .map(({ database, reason, count }) => [database, reason, count]),
  },
  queue: {
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
  replicas: {
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
    columns: [...texts('database'), ...numerics('replica_xacts', 'reads_on_primary', 'rerouted')],
    rows: ({ picture, config }) =>
      [...picture.stats]
        .filter(({ database }) => isSplit(config, database))
        .sort((a, b) => byName(a.database, b.database))
        .map((row) => [row.database, row.replicaTransactions, row.readsOnPrimary, row.rerouted]),
  },
  server_limits: {
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
