import type { Link } from './backend/link';
import { isOutdated } from './backend/outdated';
import { STATUS_IDLE } from './backend/server-status';
import type { Session } from './frontend/session';
import type { Pool } from './pool/pool';
import type { Pooler } from './pooler';
import type { ClientView, LinkView, SocketView, WaiterView } from './ports/socket-view';
import type { Address, TlsInfo, Wire } from './ports/transport';

type Place = Pick<SocketView, 'address' | 'port' | 'localAddress' | 'localPort'>;

/** A client that has been let in. */
export function clientView(pooler: Pooler, session: Session): ClientView {
  const { admission, link, wire } = session;
  const waits = session.phase === 'waiting' || session.phase === 'login';
  const since = session.login === undefined ? session.waitingSinceMs : session.connectedAtMs;
  return {
    id: session.id,
    database: admission?.database.name ?? session.virtual?.databaseName ?? '',
    user: admission?.user ?? session.virtual?.user ?? '',
    replication: admission?.replication ?? 'none',
    state: clientState(session),
    ...placesOf(session.remote, wire),
    connectedAtMs: wallMs(pooler, session.connectedAtMs),
    requestedAtMs: wallMs(pooler, session.activeAtMs),
    waitMs: waits ? Math.max(0, pooler.clock.nowMs() - since) : 0,
    closing: session.phase === 'draining',
    processId: 0,
    tls: tlsText(wire.tls),
    applicationName: session.applicationName,
    preparedStatements: session.state?.tracker.statements.own.count ?? 0,
    congested: wire.congested,
    link: link?.id,
  };
}

/** As PgBouncer, for which a client without a link is idle on its list of active ones. */
function clientState({ phase, link, cancelWanted }: Session): string {
  if (cancelWanted) return 'waiting_cancel_req';
  if (link !== undefined && link.cancelsInFlight > 0) return 'active_cancel_req';
  if (phase === 'waiting' || phase === 'login') return 'waiting';
  if (phase === 'virtual') return 'active';
  return link === undefined ? 'idle' : 'active';
}

export function linkView(pooler: Pooler, pool: Pool, link: Link): LinkView {
  const { wire, session: leasedTo } = link;
  const session = pooler.sessionOf(leasedTo);
  const since = link.phase === 'idle' ? link.idleSinceMs : link.readySinceMs;
  return {
    id: link.id,
    database: pool.database,
    user: pool.user,
    replication: session?.admission?.replication ?? 'none',
    state: linkState(link),
    ...placesOf(link.address, wire),
    connectedAtMs: wallMs(pooler, link.connectedAtMs),
    requestedAtMs: wallMs(pooler, link.queryStartMs > 0 ? link.queryStartMs : since),
    waitMs: 0,
    closing: isOutdated(link) || link.phase === 'closing',
    processId: link.identity?.processId ?? 0,
    tls: tlsText(wire?.tls),
    applicationName: link.identity?.parameters.current('application_name') ?? '',
    preparedStatements: link.statements.size,
    congested: wire?.congested === true,
    client: session?.id,
  };
}

function linkState(link: Link): string {
  switch (link.phase) {
    case 'dialing':
    case 'login':
      return 'new';
    case 'resetting':
      return 'tested';
    case 'canceling':
      return 'being_canceled';
    case 'leased':
      return 'active';
    case 'closing':
    case 'closed':
      // It still counts, until PostgreSQL has closed its side.
      return link.status === STATUS_IDLE ? 'used' : 'active';
    default:
      return 'idle';
  }
}

/** Everybody in the pool's queues, the oldest first. */
export function waiterViews(pooler: Pooler, pool: Pool): readonly WaiterView[] {
  const nowMs = pooler.clock.nowMs();
  return [...pool.waiters, ...pool.dedicatedWaiters].flatMap((waiter, at) => {
    const session = pooler.sessionOf(waiter);
    if (session === undefined) return [];
    return [
      {
        client: session.id,
        database: pool.database,
        user: pool.user,
        position: at + 1,
        waitedMs: Math.max(0, nowMs - waiter.waitingSinceMs),
        poolMode: pool.mode,
      },
    ];
  });
}

/** Where the other side is, and where we are. */
function placesOf(remote: Address | undefined, wire: Wire | undefined): Place {
  const local = placeOf(wire?.local);
  return { ...placeOf(remote), localAddress: local.address, localPort: local.port };
}

export function placeOf(address: Address | undefined): Pick<SocketView, 'address' | 'port'> {
  if (address === undefined) return { address: '', port: 0 };
  if (address.kind === 'tcp') return { address: address.host, port: address.port };
  return { address: 'unix', port: 0 };
}

function tlsText(tls: TlsInfo | undefined): string {
  return tls === undefined ? '' : `${tls.protocol}/${tls.cipher}`;
}

/** A moment of the clock in the time of the wall. */
export function wallMs(pooler: Pooler, clockMs: number): number {
  return pooler.clock.wallMs() - (pooler.clock.nowMs() - clockMs);
}
