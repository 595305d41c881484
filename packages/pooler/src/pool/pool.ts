import type { ErrorFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { LinkOwner } from '../backend/link-owner';
import type { LinkPhase } from '../backend/link-phase';
import { CLIENT_LEFT, isOutdated } from '../backend/outdated';
import { RECOVERY_MAX_MS, recoverLink } from '../backend/recovery';
import type { PoolerContext } from '../pooler-context';
import type { StoredSecret } from '../ports/credential-source';
import type { DatabaseName, PoolKey, UserName } from '../ports/names';
import type { ReportedValues } from '../ports/welcome-exchange';
import { SettingDefaults } from '../session-state/setting-defaults';
import type { PoolMode } from '../settings/settings';
import { Histogram } from '../stats/histogram';
import type { ReplicaServer } from '../topology/replica-servers';
import type { Database } from './database';
import { FollowedServers } from './followed-servers';
import { IdleLinks } from './idle-links';
import { lend } from './lend';
import { LinkCare } from './link-care';
import { LinkDemand } from './link-demand';
import { LinkSupply } from './link-supply';
import { PinBook } from './pin-book';
import { type PoolLimits, poolLimits } from './pool-limits';
import { countOutstanding, mistrustReplica, type PoolPlace } from './pool-place';
import type { ProofWaiter } from './proof-waiter';
import { ServerKeys } from './server-keys';
import { WaitQueue } from './wait-queue';
import {
  type DedicatedWaiter,
  type PoolWaiter,
  refuseAll,
  type WelcomeWaiter,
  welcomeAll,
} from './waiters';
import { WelcomeBook } from './welcome';
import { Yielding } from './yielding';

/** The links for one database and pool user, and the sessions that wait for them. */
export class Pool implements LinkOwner {
  readonly key: PoolKey;
  readonly database: DatabaseName;
  readonly user: UserName;
  readonly databaseState: Database;
  readonly links = new Set<Link>();
  readonly waiters = new WaitQueue<PoolWaiter>();
  readonly dedicatedWaiters = new WaitQueue<DedicatedWaiter>();
  /** Passwords that wait for a login that proves them. */
  readonly proofWaiters = new WaitQueue<ProofWaiter>();
  /** Those whose reads wait for a replica that is fit, and not for a link of this pool. */
  readonly readWaiters = new WaitQueue<PoolWaiter>();
  readonly welcomeWaiters = new Set<WelcomeWaiter>();
  readonly supply: LinkSupply;
  readonly demand: LinkDemand;
  readonly yielding: Yielding;
  readonly welcomes = new WelcomeBook();
  readonly settingDefaults = new SettingDefaults();
  readonly servers: FollowedServers;
  readonly pins: PinBook;
  /** How long its leases were waited for. */
  readonly waits = new Histogram();
  /** Some client has asked for the last value of a sequence. */
  readsSequences = false;
  /** Sessions that belong to this pool, whatever they do. */
  clients = 0;
  limits: PoolLimits;
  /** Its links go to this replica, and it has no sessions of its own. Undefined: an ordinary pool. */
  readonly replica: ReplicaServer | undefined;
  /** The one that the sessions belong to whose statements come here. Undefined: this one. */
  main: Pool | undefined;
  /** Those for the reads of its sessions. */
  readonly replicaPools = new Map<ReplicaServer, Pool>();
  /** Last moment at which it had a client or a link, for its own removal. */
  usedAtMs: number;
  /** A waiter has waited long enough for the reserve to be opened. */
  reserveInUse = false;
  /** An operator has paused it: whoever wants a link waits, and links that come back are closed. */
  paused: boolean;
  /** When a link was last closed for its age. */
  lastAgedMs = 0;
  readonly #serverKeys = new ServerKeys();
  readonly #idle: IdleLinks;
  readonly care: LinkCare;
  readonly #context: PoolerContext;

  constructor(context: PoolerContext, { database, user, key, replica, main }: PoolPlace) {
    this.#context = context;
    this.key = key;
    this.database = database.name;
    this.databaseState = database;
    this.user = user;
    this.replica = replica;
    this.main = main;
    this.limits = this.#limitsNow();
    this.usedAtMs = context.clock.nowMs();
    this.paused = context.orders.isPaused(database.name);
    this.servers = new FollowedServers(context, database, replica);
    this.supply = new LinkSupply(context, this);
    this.welcomes.adopt(context.sharedWelcomes?.known(key));
    this.care = new LinkCare(context, this);
    this.#idle = new IdleLinks(context, this.servers, this.care);
    this.demand = new LinkDemand(context, this, this.care);
    this.pins = new PinBook((run) => context.soon(run));
    const { budget } = context;
    this.yielding = new Yielding({
      budget,
      pool: key,
      database: this.database,
      user,
      idle: this.#idle,
    });
  }

  /** Takes the limits of today's settings. */
  refreshLimits(): void {
    this.limits = this.#limitsNow();
  }

  #limitsNow(): PoolLimits {
    const { databaseState, user, replica } = this;
    const side = replica === undefined ? 'main' : 'replica';
    return poolLimits(this.#context.settings, databaseState.settings, user, side);
  }

  get mode(): PoolMode {
    return this.limits.mode;
  }

  get idleCount(): number {
    return this.#idle.all.length;
  }

  /** The idle links, the longest idle first. */
  get idleLinks(): readonly Link[] {
    return this.#idle.all;
  }

  /** A link now, or undefined: then `waiter` stands in the queue, or has been refused already. */
  lease(waiter: PoolWaiter): Link | undefined {
    if (this.waiters.length === 0 && !this.paused && !this.servers.held) {
      const link = this.#idle.take();
      if (link !== undefined) {
        this.waits.observeNone();
        this.#lend(link, waiter);
        return link;
      }
    }
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      waiter.refused(refusal);
      return undefined;
    }
    waiter.waitingSinceMs = this.#context.clock.nowMs();
    this.waiters.push(waiter);
    this.supply.fill();
    return undefined;
  }

  /** Waits for the pool's first login. */
  awaitWelcome(waiter: WelcomeWaiter): void {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      waiter.refused(refusal);
      return;
    }
    this.welcomeWaiters.add(waiter);
    this.supply.fill();
  }

  /** auth_query has found the secret of the pool's user: another one is worth another attempt. */
  learnSecret(secret: StoredSecret): void {
    if (!this.serverKeys.learnSecret(secret)) return;
    for (const pool of [this, ...this.replicaPools.values()])
      pool.supply.gate.reset(this.#context.clock.nowMs());
  }

  /** Logins are seen by the pool that sessions belong to, and open links to replicas, too. */
  get serverKeys(): ServerKeys {
    return (this.main ?? this).#serverKeys;
  }

  /** Queues for a link of its own. */
  leaseDedicated(waiter: DedicatedWaiter): void {
    waiter.waitingSinceMs = this.#context.clock.nowMs();
    this.dedicatedWaiters.push(waiter);
    this.supply.fill();
  }

  /** Queues until somebody knows of a replica that is fit: whoever waits looks for it himself. */
  awaitReplica(waiter: PoolWaiter, sinceMs: number): void {
    waiter.waitingSinceMs = sinceMs;
    this.readWaiters.push(waiter);
  }

  /** Leaves whichever queue it stands in. A dial that was begun goes on for whoever comes next. */
  leave(waiter: PoolWaiter): void {
    this.waiters.remove(waiter);
    this.dedicatedWaiters.remove(waiter);
    this.readWaiters.remove(waiter);
    this.supply.withdrawSurplus();
  }

  #refusal(): ErrorFields | undefined {
    if (this.paused || this.supply.gate.isOpen || this.hasLiveLink()) return undefined;
    return this.supply.gate.refusal(this.#context.clock.nowMs(), this.servers);
  }

  /** A link that has logged in and is still usable exists. */
  hasLiveLink(): boolean {
    for (const link of this.links) {
      if (link.phase !== 'dialing' && link.phase !== 'login' && link.phase !== 'closing')
        return true;
    }
    return false;
  }

  /** Links that are not on their way out. */
  liveCount(): number {
    let count = 0;
    for (const link of this.links) if (link.phase !== 'closing') count++;
    return count;
  }

  /** A new link has logged in. */
  opened(link: Link): void {
    this.servers.reached();
    if (link.retireReason !== undefined) {
      // Outdated while it logged in: what it says no longer holds, and those who wait get another.
      this.#keepOrLend(link);
      return;
    }
    if (link.identity !== undefined) {
      const { parameters } = link.identity;
      this.welcomes.refresh(parameters);
      if (this.replica === undefined)
        this.#context.sharedWelcomes?.reported(this.key, parameters.initialValues);
    }
    // First, so that whoever is welcomed and needs a link finds this one.
    this.#keepOrLend(link);
    welcomeAll(this.welcomeWaiters);
  }

  /** A pool like this one, in another process, has logged in. */
  welcomeKnown(values: ReportedValues): void {
    if (!this.welcomes.adopt(values)) return;
    welcomeAll(this.welcomeWaiters);
    this.supply.withdrawSurplus();
  }

  /** A new link has logged in for one session alone: it is not kept. */
  openedFor(waiter: DedicatedWaiter, link: Link): void {
    link.retireReason = CLIENT_LEFT;
    if (waiter.gone) link.close('client left');
    else this.#handOver(link, waiter);
  }

  /** Ends the wait of everybody who has waited since before `sinceMs` (or of everybody). */
  failWaiters(error: ErrorFields, sinceMs = Number.POSITIVE_INFINITY): void {
    refuseAll(this, error, sinceMs);
    this.supply.withdrawSurplus();
  }

  moved(link: Link, from: LinkPhase, to: LinkPhase): void {
    if (from === 'idle' && to !== 'leased') this.#idle.remove(link);
    if (this.replica !== undefined) countOutstanding(this.replica, from, to);
    if (from === 'login') this.databaseState.backendBegan(link);
    if (to === 'closing' || (to === 'closed' && from !== 'closing')) {
      if (link.endedByItself && this.servers.lost(link)) mistrustReplica(this);
      this.databaseState.backendEnds(link);
      this.#context.linkClosing(this, link);
    }
    if (to === 'closed') {
      this.links.delete(link);
      this.usedAtMs = this.#context.clock.nowMs();
      // After the permit has been given back by the link.
      this.#context.soon(() => this.supply.fill());
    }
  }

  released(link: Link): void {
    if (!link.reusable) {
      link.close(link.retireReason ?? 'link was not clean');
      return;
    }
    if (link.cancelsInFlight > 0) {
      if (link.phase !== 'canceling') link.enter('canceling');
      return;
    }
    link.statements.forgetExpected();
    if (link.needsCleaning) {
      this.care.clean(link);
      return;
    }
    const settings = this.#context.settings;
    const resets = this.mode === 'session' || settings.serverResetQueryAlways;
    if (link.usedSinceReset && resets && settings.serverResetQuery !== '') {
      link.usedSinceReset = false;
      link.forgetUnreportedSettings();
      link.statements.clear();
      this.care.reset(link, settings.serverResetQuery);
      return;
    }
    link.deadlineMs = 0;
    this.#keepOrLend(link);
  }

  abandoned(link: Link): void {
    recoverLink(link, {
      deadlineMs: this.#context.clock.nowMs() + RECOVERY_MAX_MS,
      recovered: () => this.released(link),
      cancel: () => this.cancel(link),
    });
  }

  /** As PgBouncer: an error of the connect query is logged, and the link is used. */
  connectQueryFailed(link: Link, reason: string): void {
    this.#context.log.warn('connect_query failed', {
      link: link.id,
      database: this.database,
      reason,
    });
  }

  cancel(link: Link): void {
    this.#context.cancelLink(this, link);
  }

  /** The last cancel request for a link has been answered. */
  cancelsOver(link: Link): void {
    if (link.phase === 'canceling') this.released(link);
    else if (link.phase === 'resetting') link.onProgress?.();
  }

  #keepOrLend(link: Link): void {
    const reason = this.paused ? 'database paused' : this.#context.reasonToRetire(this, link);
    if (reason !== undefined) {
      link.close(reason);
      return;
    }
    if (this.yielding.takes(link) || this.care.asksServer(link)) return;
    if (this.supply.proofGoesFirst()) {
      link.close('makes room for the proof of a password');
      return;
    }
    const waiter = this.servers.held ? undefined : this.waiters.shift();
    if (waiter !== undefined) {
      this.#handOver(link, waiter);
      return;
    }
    this.#idle.add(link);
    this.supply.makeRoom();
    this.yielding.hasIdle();
  }

  /** Nobody need wait any more for what is there. */
  lendIdle(): void {
    while (this.waiters.length > 0 && !this.paused && !this.servers.held) {
      const link = this.#idle.take();
      const waiter = link === undefined ? undefined : this.waiters.shift();
      if (link === undefined || waiter === undefined) return;
      this.#handOver(link, waiter);
    }
  }

  #handOver(link: Link, waiter: PoolWaiter): void {
    this.#lend(link, waiter);
    waiter.granted(link);
  }

  #lend(link: Link, waiter: PoolWaiter): void {
    lend(link, waiter);
    this.databaseState.counters.leases++;
  }

  /** Closes idle links at once and the others when they come back; forgets what their servers said. */
  retireAll(reason: string): void {
    for (const link of this.links) {
      if (!isOutdated(link)) link.retireReason = reason;
      if (link.phase === 'idle') link.close(reason);
    }
    this.welcomes.forget();
    this.settingDefaults.forget();
    this.supply.gate.reset(this.#context.clock.nowMs());
  }

  /** No client, no link, nobody waiting: may be forgotten. */
  get unused(): boolean {
    const { clients, links, waiters, welcomeWaiters, proofWaiters } = this;
    const waiting = waiters.length + welcomeWaiters.size + proofWaiters.length;
    return clients + links.size + waiting === 0;
  }

  /** Leaves the budget. Only when `unused`. */
  dispose(): void {
    this.supply.dispose();
    if (this.replica !== undefined) this.main?.replicaPools.delete(this.replica);
    this.yielding.leave();
    this.databaseState.counters.times.poolEnds(this.waits);
  }
}
