import type { LinkPhase } from './backend/link-phase';
import type { Session } from './frontend/session';
import { mergePools, mergeReplicas, mergeTargets } from './merged-view';
import type { Pool } from './pool/pool';
import type { Pooler } from './pooler';
import type {
  DaemonSnapshot,
  PinView,
  PoolView,
  ReplicaView,
  SnapshotPart,
  TotalsView,
} from './ports/daemon-view';
import type { ClientView } from './ports/socket-view';
import type { ServerEndpoint } from './ports/topology-source';
import type { SessionPin } from './stats/session-pin';
import { gauges } from './view-gauges';
import { clientView, linkView, placeOf, waiterViews, wallMs } from './view-sockets';

/** How many sessions of a pool are in each phase, and pinned. */
interface SessionCounts {
  readonly phases: Partial<Record<string, number>>;
  pinned: number;
}

/** A plain-data picture of the pooler at this moment. */
export function snapshotOf(pooler: Pooler, parts: readonly SnapshotPart[]): DaemonSnapshot {
  const wants = (part: SnapshotPart) => parts.includes(part);
  const clients: ClientView[] = [];
  const pins: PinView[] = [];
  let logins = 0;
  let consoleClients = 0;
  const byPool = new Map<Pool, SessionCounts>();
  for (const session of pooler.sessions.values()) {
    if (session.admission === undefined) {
      if (session.virtual === undefined) logins++;
      else if (wants('clients')) clients.push(clientView(pooler, session));
      if (session.virtual !== undefined) consoleClients++;
      continue;
    }
    if (wants('clients')) clients.push(clientView(pooler, session));
    const counts = byPool.get(session.admission.pool) ?? { phases: {}, pinned: 0 };
    counts.phases[session.phase] = (counts.phases[session.phase] ?? 0) + 1;
    byPool.set(session.admission.pool, counts);
    if (session.pin !== undefined) counts.pinned++;
    const pin = wants('pins') ? pinView(pooler, session) : undefined;
    if (pin !== undefined) pins.push(pin);
  }
  const every = pooler.everyPool();
  const pools = every.map((pool) => poolView(pooler, pool, byPool.get(pool)));
  const links = wants('links') ? every : [];
  const queues = wants('waiters') ? every : [];
  return {
    state: pooler.state,
    clientsTotal: pooler.sessions.size,
    linksTotal: every.reduce((sum, pool) => sum + pool.links.size, 0),
    pools: mergePools(pools),
    ...gauges(pooler),
    replicas: replicaViews(pooler, every),
    peerPools: pooler.cancels.peerPools(),
    ...totals(pooler, every),
    consoleClients,
    loginsTotal: logins,
    clients,
    links: links.flatMap((pool) => [...pool.links].map((link) => linkView(pooler, pool, link))),
    waiters: queues.flatMap((pool) => waiterViews(pooler, pool)),
    // The process around knows these.
    processes: [],
    resolvedHosts: [],
    resolvedZones: [],
    pins,
    statements: wants('statements') ? pooler.statements.views() : [],
    workers: [],
  };
}

function totals(pooler: Pooler, pools: readonly Pool[]): TotalsView {
  const databases = [...pooler.databases.values()];
  return {
    stats: databases.map(({ name, counters }) => {
      const { pins: _, times: __, ...numbers } = counters;
      return { database: name, ...numbers };
    }),
    clientTraffic: pooler.counts.traffic.view(),
    targetTraffic: mergeTargets(
      databases.flatMap(({ entry, targets }) =>
        [...targets].map(([server, counters]) => ({ entry, server, ...counters })),
      ),
    ),
    pinCounts: databases.flatMap(({ name, counters }) =>
      [...counters.pins].map(([reason, count]) => ({ database: name, reason, count })),
    ),
    errors: pooler.counts.errors.view(),
    auths: pooler.counts.auths.view(),
    cancels: pooler.cancels.counts(),
    times: databases.flatMap((database) => {
      const waits = pools.flatMap((pool) => (pool.databaseState === database ? [pool.waits] : []));
      return database.counters.times.views(database.name, waits);
    }),
    traces: pooler.tracing?.counts() ?? [],
  };
}

function poolView(
  pooler: Pooler,
  pool: Pool,
  { phases: clients, pinned }: SessionCounts = { phases: {}, pinned: 0 },
): PoolView {
  const links: Partial<Record<LinkPhase, number>> = {};
  const nowMs = pooler.clock.nowMs();
  let beingCanceled = 0;
  let inQueryMs = 0;
  let inTransactionMs = 0;
  for (const link of pool.links) {
    links[link.phase] = (links[link.phase] ?? 0) + 1;
    if (link.cancelsInFlight > 0) beingCanceled++;
    if (link.phase !== 'leased') continue;
    if (link.queryStartMs > 0) inQueryMs += nowMs - link.queryStartMs;
    if (link.transactionStartMs > 0) inTransactionMs += nowMs - link.transactionStartMs;
  }
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
    linksPinned: pinned,
    linksInUseOnReplicas:
      pool.replica === undefined
        ? 0
        : (links.leased ?? 0) + (links.resetting ?? 0) + (links.canceling ?? 0),
    ...waitsNow(pool, nowMs),
    ...{ inQueryMs, inTransactionMs },
    waits: pool.waits.view(),
  };
}

/** Of each server that reads of a database have gone to. */
function replicaViews(pooler: Pooler, pools: readonly Pool[]): readonly ReplicaView[] {
  const counts = [...pooler.databases.values()].flatMap(({ name, replicas }) =>
    replicas.known.map(({ endpoint, transactions }) => ({
      ...placeOfReplica(name, endpoint),
      transactions,
    })),
  );
  return mergeReplicas([...counts, ...pools.flatMap(replicaPoolView)]);
}

function placeOfReplica(database: string, { host, port }: ServerEndpoint): ReplicaView {
  const nothing = { transactions: 0, linksActive: 0, linksIdle: 0, linksDialing: 0 };
  return { database, host, port: String(port), ...nothing, clientsWaiting: 0 };
}

function replicaPoolView({ database, idleCount, links, replica, supply, waiters }: Pool) {
  if (replica === undefined) return [];
  return [
    {
      ...placeOfReplica(database, replica.endpoint),
      linksActive: [...links].filter(({ phase }) => phase === 'leased').length,
      linksIdle: idleCount,
      linksDialing: supply.dialing,
      clientsWaiting: waiters.length,
    },
  ];
}

/** undefined: the session gives its link back when its transaction ends. */
function pinView(
  pooler: Pooler,
  session: Session & { readonly pin?: SessionPin | undefined },
): PinView | undefined {
  const { admission, link, pin } = session;
  if (admission === undefined || link === undefined || pin === undefined) return undefined;
  return {
    client: session.id,
    database: admission.database.name,
    user: admission.user,
    ...placeOf(session.remote),
    link: link.id,
    reasons: pin.reasons,
    statement: pin.statement,
    sinceMs: wallMs(pooler, pin.sinceMs),
  };
}

/** Of whoever waits for anything of the pool. */
function waitsNow(pool: Pool, nowMs: number): Pick<PoolView, 'waitMaxMs' | 'waitingMs'> {
  let waitMaxMs = 0;
  let waitingMs = 0;
  for (const waiters of [pool.waiters, pool.dedicatedWaiters, pool.welcomeWaiters]) {
    for (const { waitingSinceMs } of waiters) {
      waitMaxMs = Math.max(waitMaxMs, nowMs - waitingSinceMs);
      waitingMs += nowMs - waitingSinceMs;
    }
  }
  return { waitMaxMs, waitingMs };
}
