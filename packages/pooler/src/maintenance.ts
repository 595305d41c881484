import { noticeResponse } from '@pgweir/protocol';
import { HostWatch } from './backend/host-watch';
import type { Link } from './backend/link';
import { isOutdated } from './backend/outdated';
import { STATUS_IDLE } from './backend/server-status';
import { type ErrorKey, errorFields } from './errors';
import { restIfIdle } from './frontend/resting';
import type { Session } from './frontend/session';
import { splitsReads } from './frontend/session-limits';
import { HOLD_TIMEOUT_MS } from './pool/followed-servers';
import { closeIdleSurplus } from './pool/idle-surplus';
import type { Pool } from './pool/pool';
import { ShortageWatch } from './pool/shortage';
import { topologyChanged } from './pool/topology-change';
import type { PoolWaiter } from './pool/waiters';
import type { Pooler } from './pooler';
import type { Clock } from './ports/clock';
import type { Resolver } from './ports/resolver';

const QUEUED_NOTICE = noticeResponse({
  severity: 'NOTICE',
  code: '00000',
  message: 'No server connection available in postgres backend, client being queued',
});

/** How long a pool of an automatic database is kept when no login to its server ever worked. */
const UNKNOWN_MS = 60_000;

/** From this age on, a link that PostgreSQL does not let go of is worth a line in the log. */
const SLOW_CLOSE_MS = 10_000;

/**
 * What has to happen by and by: all timeouts, minimum sizes, ageing. One coarse timer for all of it,
 * so that traffic needs none.
 */
export class Maintenance {
  static readonly PERIOD_MS = 333;
  readonly #pooler: Pooler;
  readonly #hosts: HostWatch;
  readonly #shortages = new WeakMap<Pool, ShortageWatch>();

  constructor(pooler: Pooler, resolver: Resolver) {
    this.#pooler = pooler;
    this.#hosts = new HostWatch(resolver, () =>
      pooler.everyPool().flatMap(({ links }) => [...links]),
    );
  }

  /** Called once. @returns what ends it */
  begin(clock: Clock): () => void {
    const pooler = this.#pooler;
    const stopTicking = clock.every(Maintenance.PERIOD_MS, () => this.tick());
    const stopFollowing = pooler.topology.subscribe(() => {
      for (const pool of pooler.everyPool()) topologyChanged(pool, pooler.clock.nowMs());
    });
    return () => {
      stopTicking();
      stopFollowing();
    };
  }

  tick(): void {
    const nowMs = this.#pooler.clock.nowMs();
    for (const pool of this.#pooler.everyPool()) {
      this.#shortage(pool, nowMs);
      if (!this.#isSuspended) this.#waiters(pool, nowMs);
      for (const link of [...pool.links]) this.#link(pool, link, nowMs);
      if (pool.demand.reserveAllowed() && !pool.reserveInUse) {
        pool.reserveInUse = true;
        this.#pooler.log.warn('taking connection from reserve_pool', {
          database: pool.database,
          user: pool.user,
        });
        pool.supply.renew();
      } else if (!pool.demand.reserveAllowed()) {
        pool.reserveInUse = false;
      }
      pool.supply.fill();
      this.#forgetPool(pool, nowMs);
    }
    closeIdleSurplus(this.#pooler.everyPool(), this.#pooler, nowMs);
    this.#pooler.lookUps.tick(nowMs);
    this.#hosts.tick(nowMs);
    this.#listening(nowMs);
    this.#pooler.budget.relieve();
    if (!this.#isSuspended) {
      for (const session of [...this.#pooler.sessions.values()]) this.#session(session, nowMs);
    }
    for (const [wire, deadlineMs] of this.#pooler.lingering) {
      if (nowMs < deadlineMs) continue;
      this.#pooler.lingering.delete(wire);
      wire.destroy();
    }
    this.#forgetDatabases(nowMs);
    this.#pooler.traffic.tick();
    this.#pooler.conditions.check();
  }

  /** Nobody can do anything, and nobody's time runs. */
  get #isSuspended(): boolean {
    return this.#pooler.orders.suspended;
  }

  /** Those of databases that have been removed as well, until their links are gone. */
  #listening(nowMs: number): void {
    const databases = new Set(this.#pooler.everyPool().map((pool) => pool.databaseState));
    for (const database of databases) database.listening?.tick(nowMs);
  }

  #waiters(pool: Pool, nowMs: number): void {
    const wanted = pool.waiters.length > 0 || pool.paused;
    if (wanted || [...pool.links].some((link) => isOutdated(link))) pool.pins.giveUpSequences();
    for (const waiter of pool.waiters) this.#waiter(pool, waiter, nowMs);
    for (const waiter of pool.dedicatedWaiters) this.#waiter(pool, waiter, nowMs);
    for (const waiter of [...pool.readWaiters]) this.#readWaiter(pool, waiter, nowMs);
    for (const waiter of [...pool.proofWaiters]) {
      const maxMs = waiter.queryWaitTimeoutMs;
      if (maxMs === 0 || nowMs - waiter.waitingSinceMs <= maxMs) continue;
      pool.proofWaiters.remove(waiter);
      waiter.failed(errorFields('queryWaitTimeout'));
    }
    for (const waiter of pool.welcomeWaiters) {
      const maxMs = waiter.queryWaitTimeoutMs;
      const isOver = maxMs > 0 && nowMs - waiter.waitingSinceMs > maxMs;
      const isHeld = this.#isHeldTooLong(pool, waiter, nowMs);
      if (!isOver && !isHeld) continue;
      pool.welcomeWaiters.delete(waiter);
      waiter.refused(errorFields(waitError(pool)));
    }
  }

  /** While it is paused, or there is no server, other lines say so, and that time does not count. */
  #shortage(pool: Pool, nowMs: number): void {
    const [first] = pool.waiters;
    const watch = this.#shortages.get(pool) ?? new ShortageWatch();
    this.#shortages.set(pool, watch);
    if (pool.paused || pool.servers.held || this.#isSuspended) watch.excusedUntilMs = nowMs;
    const fromMs = Math.max(watch.excusedUntilMs, pool.servers.heldUntilMs);
    const waitedMs = first === undefined ? 0 : nowMs - Math.max(first.waitingSinceMs, fromMs);
    const news = watch.look(waitedMs, nowMs);
    if (news === undefined) return;
    const { database, user, waiters, links } = pool;
    const fields = { database, user, waited_ms: Math.round(news.waitedMs) };
    const { log } = this.#pooler;
    if (news.kind === 'begins') {
      const waiting = waiters.length;
      log.warn('clients wait for a link', { ...fields, waiting, links: links.size });
    } else {
      const lasted_ms = Math.round(news.lastedMs);
      log.info('clients do not wait for a link any more', { ...fields, lasted_ms });
    }
  }

  /** `failover_hold_timeout` is over: no server has taken over in that time. */
  #isHeldTooLong(
    pool: Pool,
    { waitingSinceMs }: { readonly waitingSinceMs: number },
    nowMs: number,
  ): boolean {
    if (!isHeld(pool)) return false;
    const { heldSinceMs } = pool.servers;
    const maxMs = this.#pooler.settings.failoverHoldTimeoutMs ?? HOLD_TIMEOUT_MS;
    return maxMs > 0 && nowMs - Math.max(heldSinceMs, waitingSinceMs) > maxMs;
  }

  #waiter(pool: Pool, waiter: PoolWaiter, nowMs: number): void {
    const session = this.#pooler.sessionOf(waiter);
    const limits = session?.limits;
    if (session === undefined) return;
    const { settings } = this.#pooler;
    const waitedMs = nowMs - waiter.waitingSinceMs;
    const waitMaxMs = limits?.queryWaitTimeoutMs ?? settings.queryWaitTimeoutMs;
    const queryMaxMs = limits?.queryTimeoutMs ?? 0;
    const isOver = waitMaxMs > 0 && waitedMs > waitMaxMs;
    if (isOver || this.#isHeldTooLong(pool, waiter, nowMs)) {
      session.fail(waitError(pool));
    } else if (queryMaxMs > 0 && waitedMs > queryMaxMs) {
      session.fail('queryTimeoutWaiting');
    } else if (
      settings.queryWaitNotifyMs > 0 &&
      waitedMs > settings.queryWaitNotifyMs &&
      !session.toldOfWait &&
      session.login === undefined
    ) {
      session.toldOfWait = true;
      session.wire.write(QUEUED_NOTICE);
    }
  }

  #readWaiter(pool: Pool, waiter: PoolWaiter, nowMs: number): void {
    this.#waiter(pool, waiter, nowMs);
    const session = this.#pooler.sessionOf(waiter);
    if (session?.phase === 'waiting') session.split?.wait.routeAgain();
  }

  #link(pool: Pool, link: Link, nowMs: number): void {
    const { settings } = this.#pooler;
    switch (link.phase) {
      case 'idle': {
        const reason = this.#pooler.reasonToRetire(pool, link);
        if (reason !== undefined) {
          link.close(reason);
          return;
        }
        const idleMaxMs = settings.serverIdleTimeoutMs;
        if (idleMaxMs === 0 || nowMs - link.idleSinceMs <= idleMaxMs) {
          pool.care.asksServer(link);
          return;
        }
        if (pool.liveCount() > pool.limits.minPoolSize) link.close('server idle timeout');
        return;
      }
      case 'leased':
      case 'resetting':
        if (link.deadlineMs > 0 && nowMs > link.deadlineMs) link.close('no answer in time');
        else if (link.session !== undefined && !this.#isSuspended) this.#lease(link, nowMs);
        return;
      case 'closing':
        if (link.deadlineMs === 0) link.deadlineMs = nowMs + SLOW_CLOSE_MS;
        else if (nowMs > link.deadlineMs) {
          link.deadlineMs = Number.POSITIVE_INFINITY;
          if (!link.heardFromServer) {
            // Nothing has ever come: whatever accepts there, it is no backend of PostgreSQL.
            link.wire?.destroy();
            return;
          }
          this.#pooler.log.warn('server has not closed its side yet; the connection still counts', {
            link: link.id,
            database: pool.database,
          });
        }
        return;
      default:
        return;
    }
  }

  #lease(link: Link, nowMs: number): void {
    const session = this.#pooler.sessionOf(link.session);
    const limits = session?.limits;
    if (session === undefined || limits === undefined || link.busyWithOwn) return;
    const { queryTimeoutMs, idleTransactionTimeoutMs, transactionTimeoutMs } = limits;
    const running = link.queryStartMs > 0;
    const quiet = link.owed.settled && link.status === STATUS_IDLE;
    const fastClose =
      this.#pooler.settings.serverFastClose && session.admission?.replication === undefined;
    if (fastClose && quiet && isOutdated(link)) {
      session.fail('configurationChanged');
      return;
    }
    if (queryTimeoutMs > 0 && running && nowMs - link.queryStartMs > queryTimeoutMs) {
      session.fail('queryTimeout');
      return;
    }
    const inTransaction = link.status !== STATUS_IDLE;
    if (!inTransaction && !running) return;
    const idleMs = running ? 0 : nowMs - link.readySinceMs;
    if (idleTransactionTimeoutMs > 0 && idleMs > idleTransactionTimeoutMs) {
      session.fail('idleTransactionTimeout');
    } else if (
      transactionTimeoutMs > 0 &&
      link.transactionStartMs > 0 &&
      nowMs - link.transactionStartMs > transactionTimeoutMs
    ) {
      session.fail('transactionTimeout');
    }
  }

  #session(session: Session, nowMs: number): void {
    const { settings } = this.#pooler;
    const loggingIn =
      session.phase === 'startup' ||
      session.phase === 'tls' ||
      session.phase === 'login' ||
      session.login !== undefined;
    if (loggingIn) {
      const maxMs = settings.clientLoginTimeoutMs;
      if (maxMs === 0 || nowMs - session.connectedAtMs <= maxMs) return;
      session.fail(session.admission === undefined ? 'loginTimeout' : 'loginTimeoutServerDown');
      return;
    }
    const waitMaxMs = session.limits?.queryWaitTimeoutMs ?? 0;
    const pinWaitSinceMs = session.state?.pinning.waitSinceMs ?? 0;
    if (pinWaitSinceMs > 0 && waitMaxMs > 0 && nowMs - pinWaitSinceMs > waitMaxMs) {
      session.fail('queryWaitTimeout');
      return;
    }
    if (session.phase === 'idle') refreshIfOutdated(session);
    restIfIdle(session, nowMs);
    const idleMaxMs = session.limits?.clientIdleTimeoutMs ?? 0;
    if (idleMaxMs === 0 || nowMs - session.activeAtMs <= idleMaxMs) return;
    const link = session.link;
    const quiet = link === undefined || (link.owed.settled && link.status === STATUS_IDLE);
    const between = session.phase === 'idle' || session.phase === 'active';
    if (
      between &&
      quiet &&
      !session.input.hasKept &&
      session.admission?.replication === undefined
    ) {
      session.fail('clientIdleTimeout');
    }
  }

  #forgetPool(pool: Pool, nowMs: number): void {
    const { settings } = this.#pooler;
    if (!pool.unused) return;
    const idleMs = nowMs - pool.usedAtMs;
    const gone = this.#pooler.retiredPools.has(pool);
    const idleMaxMs = settings.poolIdleTimeoutMs;
    // Nobody belongs to a replica's: it is made again when the next read comes.
    const ofReplica = pool.replica !== undefined && idleMs > UNKNOWN_MS;
    const old = ofReplica || (idleMaxMs > 0 && idleMs > idleMaxMs);
    const database = pool.databaseState;
    const autoOld =
      database.automatic &&
      settings.autodbIdleTimeoutMs > 0 &&
      idleMs > settings.autodbIdleTimeoutMs;
    // A name that somebody made up: the server has never let us in.
    const neverWorked =
      (database.automatic || this.#pooler.proofs.hasMade(pool)) &&
      (pool.welcomes.reported === undefined || database.counters.logins === 0) &&
      idleMs > UNKNOWN_MS;
    if (!gone && !old && !autoOld && !neverWorked) return;
    pool.dispose();
    if (!this.#pooler.retiredPools.delete(pool)) this.#pooler.pools.delete(pool.key);
  }

  #forgetDatabases(nowMs: number): void {
    const { autodbIdleTimeoutMs } = this.#pooler.settings;
    const used = new Set([...this.#pooler.pools.values()].map((pool) => pool.databaseState));
    for (const [name, database] of this.#pooler.databases) {
      if (!database.automatic || database.clients > 0 || used.has(database)) continue;
      // One that nobody has ever got into may be nothing but a name.
      const maxMs = database.counters.logins === 0 ? UNKNOWN_MS : autodbIdleTimeoutMs;
      if (maxMs === 0 || nowMs - database.usedAtMs <= maxMs) continue;
      database.forgetPositions();
      this.#pooler.databases.delete(name);
    }
  }
}

/** What ends a wait that has been too long. */
function waitError(pool: Pool): ErrorKey {
  return isHeld(pool) ? 'heldTooLong' : 'queryWaitTimeout';
}

/** Whoever waits, waits for a server, and not for others to finish. */
function isHeld(pool: Pool): boolean {
  const { held, heldSinceMs } = pool.servers;
  return heldSinceMs > 0 && (held || !pool.hasLiveLink());
}

/** A reload has changed whether its servers are followed while it had a link. */
function refreshIfOutdated(session: Session): void {
  const { admission } = session;
  if (admission === undefined) return;
  const splits = session.tellsAnswersApart && splitsReads(admission);
  const isOutdated =
    admission.database.followsRoles !== session.tellsAnswersApart ||
    splits !== (session.split !== undefined);
  if (isOutdated) session.refreshLimits();
}
