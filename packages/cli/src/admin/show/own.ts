import { databaseName, type PoolView, waitPercentileUs } from '@pgweir/pooler';
import type { DaemonConfig } from '../../config/daemon-config';
import type { Row } from '../table';
import { byName, integers, numerics, type ShowItems, texts, timestamp, wholeSeconds } from './item';

function waits(pool: PoolView): Row {
  const leases = pool.waits.reduce((sum, count) => sum + count, 0);
  const at = (share: number): number => waitPercentileUs(pool.waits, share);
  const waited = leases - (pool.waits[0] ?? 0);
  return [pool.database, pool.user, leases, waited, at(0.5), at(0.95), at(0.99)];
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
