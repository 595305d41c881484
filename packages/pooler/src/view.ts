import type { LinkPhase } from './backend/link-phase';
import type { Session } from './frontend/session';
import type { Pool } from './pool/pool';
import type { Pooler } from './pooler';
import type { ClientView, DaemonSnapshot, DatabaseStatsView, PoolView } from './ports/daemon-view';

/** A plain-data picture of the pooler at this moment. */
export function snapshotOf(pooler: Pooler): DaemonSnapshot {
  const clients: ClientView[] = [];
  const byPool = new Map<Pool, Record<string, number>>();
  for (const session of pooler.sessions.values()) {
    if (session.admission === undefined) continue;
    clients.push(clientView(pooler, session));
    const counts = byPool.get(session.admission.pool) ?? {};
    counts[session.phase] = (counts[session.phase] ?? 0) + 1;
    byPool.set(session.admission.pool, counts);
  }
  const pools = [...pooler.everyPool()].map((pool) => poolView(pooler, pool, byPool.get(pool)));
  return {
    state: pooler.state,
    clientsTotal: pooler.sessions.size,
    linksTotal: [...pooler.everyPool()].reduce((sum, pool) => sum + pool.links.size, 0),
    pools: pools.sort((a, b) => order(a.database, b.database) || order(a.user, b.user)),
    stats: [...pooler.databases.values()].map(
      (database): DatabaseStatsView => ({ database: database.name, ...database.counters }),
    ),
    clients,
    workers: [],
  };
}

function poolView(
  pooler: Pooler,
  pool: Pool,
  clients: Readonly<Record<string, number>> = {},
): PoolView {
  const links: Partial<Record<LinkPhase, number>> = {};
  let beingCanceled = 0;
  for (const link of pool.links) {
    links[link.phase] = (links[link.phase] ?? 0) + 1;
    if (link.cancelsInFlight > 0) beingCanceled++;
  }
  const head = pool.waiters.head;
  return {
    database: pool.database,
    user: pool.user,
    poolMode: pool.mode,
    clientsActive: (clients.active ?? 0) + (clients.draining ?? 0),
    clientsIdle: clients.idle ?? 0,
    clientsWaiting: (clients.waiting ?? 0) + (clients.login ?? 0),
    clientsCanceling: beingCanceled,
    linksActive: links.leased ?? 0,
    linksIdle: links.idle ?? 0,
    linksTested: links.resetting ?? 0,
    linksDialing: (links.dialing ?? 0) + (links.login ?? 0),
    linksClosing: links.closing ?? 0,
    linksBeingCanceled: links.canceling ?? 0,
    waitMaxMs: head === undefined ? 0 : pooler.clock.nowMs() - head.waitingSinceMs,
  };
}

function clientView(pooler: Pooler, session: Session): ClientView {
  const { admission, remote, wire } = session;
  return {
    id: session.id,
    database: admission?.database.name ?? '',
    user: admission?.user ?? '',
    state: session.phase,
    address: remote.kind === 'tcp' ? remote.host : 'unix',
    port: remote.kind === 'tcp' ? remote.port : 0,
    connectedAtMs: pooler.clock.wallMs() - (pooler.clock.nowMs() - session.connectedAtMs),
    tls: wire.tls === undefined ? '' : `${wire.tls.protocol}/${wire.tls.cipher}`,
    applicationName: session.applicationName,
    link: session.link?.id,
  };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
