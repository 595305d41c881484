import type { ClusterNow, FailoverNow, Now, OrderNow, PoolNow, ServerNow } from '@pgweir/dashboard';
import { type DatabaseName, type PoolView, userName } from '@pgweir/pooler';
import type { Picture, Scene } from '../admin/show/item';
import { VERSION } from '../version';
import { linksOther } from './samples';
import { statementsNow } from './statements-now';

/** Of anything that there may be very many of. */
const ROWS_MAX = 500;
const FAILOVERS_MAX = 100;

export interface Moment {
  readonly scene: Scene;
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly orders: readonly OrderNow[];
  /** What was asked for of what can be large. */
  readonly parts: readonly string[];
}

/** What the page is told. */
export function nowOf({ scene, atMs, startedAtMs, orders, parts }: Moment): Now {
  const { picture } = scene;
  const { pools, workers, secrets, serverCaps, pinCounts, waiters, pins } = picture;
  const { paused, suspended, pausedDatabases, disabledDatabases } = picture.holds;
  return {
    ...{ atMs, startedAtMs, orders, version: VERSION, state: picture.state },
    clients: picture.clientsTotal,
    links: picture.linksTotal,
    holds: { paused, suspended, pausedDatabases, disabledDatabases },
    pools: busiest(pools).map((pool) => poolNow(scene, pool)),
    poolsLeftOut: Math.max(0, pools.length - ROWS_MAX),
    clusters: clustersNow(picture),
    failovers: failoversNow(picture),
    workers: workers.map((worker) => ({ ...worker })),
    secrets: secrets.slice(0, ROWS_MAX).map((secret) => ({
      place: secret.place,
      databases: secret.databases,
      users: secret.users,
      version: secret.version,
      versionAgeMs: secret.versionAgeMs,
      isPending: secret.isPending,
      readAgeMs: secret.readAgeMs,
      fault: secret.fault,
    })),
    serverCaps: serverCaps
      .slice(0, ROWS_MAX)
      .map(({ server, links, linksMax, maxConnections }) => ({
        ...{ server, links, linksMax, maxConnections },
      })),
    pinCounts: pinCounts.slice(0, ROWS_MAX),
    ...(parts.includes('waiters') ? { waiters: part(waiters, waiterNow) } : {}),
    ...(parts.includes('pins') ? { pins: part(pins, pinNow) } : {}),
    ...(parts.includes('statements') ? { statements: statementsNow(scene, ROWS_MAX) } : {}),
  };
}

/** Of too many those where something happens. */
function busiest(pools: readonly PoolView[]): readonly PoolView[] {
  if (pools.length <= ROWS_MAX) return pools;
  const work = (pool: PoolView): number => pool.clientsWaiting * 1000 + pool.linksActive;
  return [...pools].sort((a, b) => work(b) - work(a)).slice(0, ROWS_MAX);
}

function poolNow({ config }: Scene, pool: PoolView): PoolNow {
  const { databases, fallbackDatabase, poolSize, users } = config.pooler;
  const entry = databases.get(pool.database as DatabaseName) ?? fallbackDatabase;
  return {
    database: pool.database,
    user: pool.user,
    mode: pool.poolMode,
    size: users.get(userName(pool.user))?.poolSize ?? entry?.poolSize ?? poolSize,
    clients: pool.clientsActive + pool.clientsIdle + pool.clientsWaiting,
    waiting: pool.clientsWaiting,
    waitMaxMs: pool.waitMaxMs,
    linksActive: pool.linksActive,
    linksIdle: pool.linksIdle,
    linksOther: linksOther(pool),
    pinned: pool.linksPinned,
  };
}

function part<View, Row>(views: readonly View[], rowOf: (view: View) => Row) {
  return { total: views.length, rows: views.slice(0, ROWS_MAX).map(rowOf) };
}

function waiterNow({ client, database, user, position, waitedMs }: Picture['waiters'][number]) {
  return { client, database, user, position, waitedMs };
}

function pinNow(pin: Picture['pins'][number]) {
  const { client, database, user, address, reasons, statement, sinceMs } = pin;
  return { client, database, user, address, reasons, statement, sinceMs };
}

function clustersNow({ clusters }: Picture): readonly ClusterNow[] {
  return clusters.slice(0, ROWS_MAX).map((cluster) => ({
    databases: cluster.databases,
    failover: cluster.failover,
    primary: cluster.primary,
    alarms: cluster.alarms.map(({ text }) => text),
    promotion: cluster.promotion,
    servers: cluster.servers.map((server): ServerNow => {
      const { host, port, role, health, outOfService, isBanned, timeline } = server;
      const { lagBytes, lagMs, connections, connectionsMax, probeMs, probeAgeMs } = server;
      return {
        ...{ host, port, role, health, outOfService, isBanned, timeline },
        ...{ lagBytes, lagMs, connections, connectionsMax, probeMs, probeAgeMs },
        position: role === 'primary' ? server.flushed : server.replayed,
      };
    }),
  }));
}

function failoversNow({ failovers }: Picture): readonly FailoverNow[] {
  return [...failovers]
    .sort((a, b) => b.startedAtWallMs - a.startedAtWallMs)
    .slice(0, FAILOVERS_MAX)
    .map(({ sessions: { moved, retried, failed }, ...failover }) => ({
      databases: failover.databases,
      beganAtMs: failover.startedAtWallMs,
      seen: failover.seen,
      oldPrimary: failover.oldPrimary,
      newPrimary: failover.newPrimary,
      outcome: failover.outcome,
      isPlanned: failover.isPlanned,
      heldMs: failover.heldMs,
      ...{ moved, retried, failed },
    }));
}
