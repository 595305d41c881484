import type { Clock, Logger } from '@pgweir/pooler';
import type { Member } from '../discovery/members';
import {
  FAILOVER_START,
  type Failover,
  type FailoverEvent,
  isHolding,
  nextFailover,
  primaryOf,
} from '../failover/failover';
import { FailoverLog } from '../failover/failover-log';
import type { Evidence, Health } from '../health/health';
import { whyOutOfService } from '../health/standing';
import type { ServerAddress } from '../observation';
import type { FoundCluster } from '../ports/member-source';
import type { Prober } from '../ports/prober';
import type { ClaimPlan, TopologyClaims } from '../ports/topology-claims';
import { mayMove } from '../probe/host-name';
import type { PromotionView } from '../promotion/promotion-view';
import { type ServerKey, serverKey } from '../server-key';
import { CLAIM_FRESH_MS, type ControlSettings, FAST_FOR_MS } from '../settings';
import type { Alarm } from '../topology/alarms';
import { type Decision, decide } from '../topology/decide';
import { NOTHING_SETTLED, type ServerKnowledge, type Settled } from '../topology/knowledge';
import { ClusterReport } from './cluster-report';
import { type ClusterList, ClusterServers } from './cluster-servers';
import { ScheduledHold } from './scheduled-hold';
import type { OpenWatch } from './server-set';
import { type ServerMemory, ServerWatch } from './server-watch';

export interface ClusterWatchNeeds {
  readonly settings: () => ControlSettings;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly log: Logger;
  /** From 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** The decision or the state of the failover may be another one. */
  readonly changed: () => void;
}

/** What is kept of a cluster, for a list that shares servers with this one. */
export interface ClusterMemory {
  readonly settled: Settled;
  readonly servers: ReadonlyMap<ServerKey, ServerMemory>;
  /** Those that were found. */
  readonly members?: readonly Member[] | undefined;
}

/** Watches the servers of one cluster and decides what they are. */
export class ClusterWatch {
  readonly #needs: ClusterWatchNeeds;
  readonly #report: ClusterReport;
  readonly #failovers = new FailoverLog();
  readonly #scheduled: ScheduledHold;
  readonly #servers: ClusterServers;
  #settled: Settled;
  #decision: Decision;
  #failover: Failover = FAILOVER_START;
  #cancelDeadline: () => void = () => undefined;
  /** What is wrong, as one text, and since when it is that. */
  #trouble = { what: '', sinceMs: 0 };
  /** Somebody who knows the cluster from elsewhere. */
  #claims: { readonly key: string; readonly source: TopologyClaims } | undefined;
  #promotion: PromotionView | undefined;
  #isClosed = false;

  constructor(
    list: ClusterList,
    needs: ClusterWatchNeeds,
    memory: ClusterMemory = { settled: NOTHING_SETTLED, servers: new Map() },
  ) {
    this.#needs = needs;
    this.#report = new ClusterReport(needs.log);
    const { settings, clock, log } = needs;
    this.#scheduled = new ScheduledHold({
      ...{ settings, clock, log },
      hold: (target, withinMs) => this.#holdForScheduled(target, withinMs),
      callOff: () => this.#callOff(),
      ask: () => this.#claims?.source.recheck(),
      review: () => this.#review(),
    });
    this.#settled = memory.settled;
    const open: OpenWatch = (address, known) => this.#open(address, known);
    this.#servers = new ClusterServers(list, open, memory.members);
    this.#setServers(list, memory.servers);
    this.#decision = this.#decide();
    this.#step();
  }

  get decision(): Decision {
    return this.#decision;
  }

  get failover(): Failover {
    return this.#failover;
  }

  /** Of the decision, and of a promotion. */
  get alarms(): readonly Alarm[] {
    const { alarms } = this.#decision;
    const text = this.#promotion?.alarm;
    return text === undefined ? alarms : [...alarms, { kind: 'promotion', servers: [], text }];
  }

  /** What becomes of promoting somebody here; undefined: nobody here promotes. */
  get promotion(): PromotionView | undefined {
    return this.#promotion;
  }

  showPromotion(view: PromotionView | undefined): void {
    const before = this.#promotion?.alarm;
    this.#promotion = view;
    if (view?.alarm !== before) this.#report.alarms(this.alarms);
  }

  get failovers(): FailoverLog {
    return this.#failovers;
  }

  /** Those of the list. Of a cluster that finds its members: these, or the seeds until one is known. */
  get servers(): readonly ServerKnowledge[] {
    return this.#servers.knowledge;
  }

  /** Where its members are found; undefined: the configuration lists them. */
  get found(): FoundCluster | undefined {
    return this.#servers.cluster;
  }

  /** How far a server is behind, where members tell that of each other; otherwise their logs tell. */
  get lagTold(): ((key: ServerKey) => number | undefined) | undefined {
    if (this.found === undefined || this.found.source.hasLog) return undefined;
    return (key) => this.#servers.lagMs(key, this.#decision.primary);
  }

  find(key: ServerKey): ServerWatch | undefined {
    return this.#servers.find(key);
  }

  /** Whether work that needs the primary waits: it is being looked for, or expected. */
  get isHolding(): boolean {
    return this.#decision.isLooking || isHolding(this.#failover);
  }

  /** Whether the primary hands over, as planned. */
  get isSwitching(): boolean {
    return this.#failover.kind === 'switching';
  }

  /** Whether another server may become primary, or another machine under the same name. */
  get mayFailOver(): boolean {
    if (this.found !== undefined || this.#claims !== undefined || this.#servers.all.length > 1)
      return true;
    return this.#servers.all.some(({ address }) => mayMove(address.host));
  }

  get memory(): ClusterMemory {
    const { memory: servers, members } = this.#servers;
    return { settled: this.#settled, servers, members };
  }

  /**
   * Another list for the same cluster. What is known of servers that stay is kept; `memory` may know
   * those that are new.
   */
  reconfigure(list: ClusterList, memory: ReadonlyMap<ServerKey, ServerMemory>): void {
    this.#setServers(list, memory);
    this.#review();
  }

  /** Who else is asked about the cluster from now on. It is closed together with the watch. */
  setClaims(plan: ClaimPlan | undefined): void {
    if (plan?.key === this.#claims?.key) return;
    this.#claims?.source.close();
    this.#claims = plan && { key: plan.key, source: plan.open() };
    this.#claims?.source.start(() => this.#review());
    this.#review();
  }

  get claims(): TopologyClaims | undefined {
    return this.#claims?.source;
  }

  /** Asks everybody at once. */
  look(): void {
    if (this.#isClosed) return;
    this.#claims?.source.recheck();
    for (const server of this.#servers.asked) server.askNow();
  }

  /** Something was met outside of probes. A server that is not of this cluster is passed over. */
  heed(key: ServerKey, evidence: Evidence): void {
    this.#servers.find(key)?.heed(evidence);
  }

  /** An operator's order. @returns whether it changed anything */
  setBanned(key: ServerKey, banned: boolean): boolean {
    if (this.#servers.find(key)?.setBanned(banned) !== true) return false;
    this.#needs.log.warn(banned ? 'server banned' : 'server not banned any more', { server: key });
    this.#servers.find(key)?.askNow();
    this.#discover();
    this.#review();
    return true;
  }

  /**
   * Work waits from now on, because the primary is about to hand over to `target`. Ends when another
   * server is primary, or is called off: by `callOffSwitchover`, or when `withinMs` have passed.
   *
   * @returns why it cannot begin, for people
   */
  beginSwitchover(
    target: ServerKey,
    { withinMs }: { readonly withinMs: number },
  ): string | undefined {
    const obstacle = this.switchoverObstacle(target);
    if (obstacle !== undefined) return obstacle;
    this.#switch(target, withinMs, `switchover to ${target}`);
    this.#needs.changed();
    return undefined;
  }

  /** Why the primary cannot hand over to `target` now. */
  switchoverObstacle(target: ServerKey): string | undefined {
    const { primary, verdicts } = this.#decision;
    const verdict = verdicts.get(target);
    if (verdict === undefined) return `${target} is no server of this cluster`;
    if (this.found !== undefined) return this.found.source.whyNoSwitchover;
    if (primary === target) return `${target} is primary already`;
    if (primary === undefined) return 'there is no primary that could hand over';
    if (verdict.outOfService !== undefined) return `${target} is ${verdict.outOfService}`;
    if (verdict.role !== 'replica') return `${target} is not a replica`;
    return isHolding(this.#failover) ? 'a switchover is under way' : undefined;
  }

  /** @returns false if none is under way */
  callOffSwitchover(): boolean {
    if (this.#failover.kind !== 'switching') return false;
    this.#callOff();
    this.#review();
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelDeadline();
    this.#scheduled.close();
    this.#claims?.source.close();
    this.#servers.close();
  }

  #switch(target: ServerKey | undefined, withinMs: number, seen: string): void {
    const { clock } = this.#needs;
    this.#move({ kind: 'switchover', target, untilMs: clock.nowMs() + withinMs }, seen);
    this.#cancelDeadline = clock.after(withinMs, () => this.#review());
  }

  /** Somebody else makes the switchover, so it does not matter what is known of the target. */
  #holdForScheduled(target: ServerKey | undefined, withinMs: number): boolean {
    const { primary } = this.#decision;
    if (isHolding(this.#failover) || primary === undefined || primary === target) return false;
    const to = target === undefined ? '' : ` to ${target}`;
    this.#switch(target, withinMs, `scheduled switchover${to}`);
    return this.isSwitching;
  }

  /** What follows from that, the next step says. */
  #callOff(): void {
    this.#move({ kind: 'called-off' }, 'called off');
  }

  /** Whoever has left a list that is found, what was settled stands. */
  #setServers(list: ClusterList, memory: ReadonlyMap<ServerKey, ServerMemory>): void {
    this.#servers.set(list, memory);
    if (list.kind === 'listed') this.#forgetPrimaryThatLeft();
  }

  #open(address: ServerAddress, memory: ServerMemory | undefined): ServerWatch {
    const { settings, prober, clock, random } = this.#needs;
    const learned = (server: ServerWatch, before: Health) => this.#learned(server, before);
    const cluster = () => this.#servers.cluster;
    const needs = { settings, prober, clock, random, learned, cluster };
    return new ServerWatch(address, needs, memory);
  }

  /**
   * An operator who takes the accepted primary out of the list says that the cluster is another one
   * now: its identifier and its timeline do not bind any more. The epoch still only grows.
   */
  #forgetPrimaryThatLeft(): void {
    const { primary, epoch } = this.#settled;
    if (primary === undefined || this.#servers.find(primary.key) !== undefined) return;
    this.#settled = { ...NOTHING_SETTLED, epoch };
  }

  #learned(server: ServerWatch, before: Health): void {
    if (this.#isClosed) return;
    this.#report.health(server.knowledge, before);
    this.#discover();
    this.#review();
  }

  /** Takes in who the members are now. */
  #discover(): void {
    if (!this.#servers.learn(this.#needs.clock.nowMs())) return;
    const members = this.#servers.members.map(({ key }) => key);
    this.#needs.log.info('members of the cluster', { members: members.join(' ') });
  }

  #decide(): Decision {
    const decision = decide({
      servers: this.servers,
      settled: this.#settled,
      confirmedLeader: this.#confirmedLeader(),
      listings: this.#servers.listings(this.#needs.clock.nowMs()),
    });
    this.#settled = decision.settled;
    return decision;
  }

  #confirmedLeader(): ServerKey | undefined {
    if (this.found !== undefined) return this.#servers.onlyWriter();
    const claim = this.#claims?.source.current;
    if (claim?.leader === undefined) return undefined;
    const ageMs = this.#needs.clock.nowMs() - claim.confirmedAtMs;
    return ageMs <= CLAIM_FRESH_MS ? serverKey(claim.leader) : undefined;
  }

  /** Decides anew, and does what follows. */
  #review(): void {
    if (this.#isClosed) return;
    this.#decision = this.#decide();
    const before = this.#failover;
    this.#step();
    const { primary } = this.#decision;
    this.#scheduled.review(this.claims?.current, { primary, isHeld: this.isSwitching });
    // If it has called off what work waits for.
    this.#step();
    if (this.#failover !== before && this.#failover.kind !== 'steady') this.look();
    this.#report.alarms(this.alarms);
    this.#setPace();
    this.#needs.changed();
  }

  /** What the decision means for work that needs the primary. */
  #step(): void {
    const { primary, isLooking } = this.#decision;
    if (isLooking) return;
    const isPrimarySuspect =
      primary !== undefined && this.#servers.find(primary)?.health.kind === 'suspect';
    const mayFailOver = this.mayFailOver;
    const event = { kind: 'decided', primary, isPrimarySuspect, mayFailOver } as const;
    this.#move(event, this.#whatWasSeen());
  }

  #move(event: FailoverEvent, seen: string): void {
    const { clock } = this.#needs;
    const before = this.#failover;
    this.#failover = nextFailover(before, event, clock.nowMs());
    if (this.#failover === before) return;
    if (this.#failover.kind !== 'switching') this.#cancelDeadline();
    const at = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
    this.#failovers.note(before, this.#failover, seen, at);
    this.#report.failover(before, this.#failover, seen);
  }

  /** Why there is not the primary that there was. */
  #whatWasSeen(): string {
    const primary = this.#settled.primary?.key ?? primaryOf(this.#failover);
    const server = primary === undefined ? undefined : this.#servers.find(primary)?.knowledge;
    if (server === undefined) return 'no server is primary';
    const [alarm] = this.#decision.alarms;
    const why = whyOutOfService(server) ?? this.#decision.verdicts.get(server.key)?.outOfService;
    if (why !== undefined) return `${server.key}: ${why}`;
    if (server.seen?.inRecovery === true) return `${server.key} is a replica now`;
    return alarm?.text ?? `${server.key} is primary`;
  }

  /** Fast while something is wrong, but not for ever. */
  #setPace(): void {
    const servers = this.#servers.all;
    const suspects = servers.filter(({ health }) => health.kind === 'suspect');
    const troubles = [this.#failover.kind, ...suspects.map(({ key }) => key)];
    const what = troubles.join(' ');
    const nowMs = this.#needs.clock.nowMs();
    if (what !== this.#trouble.what) this.#trouble = { what, sinceMs: nowMs };
    const isFresh = nowMs - this.#trouble.sinceMs < FAST_FOR_MS;
    const isFast = isFresh && what !== 'steady';
    const conflict = this.#decision.alarms.find(({ kind }) => kind === 'two-primaries');
    for (const server of this.#servers.asked) {
      server.setPace({ isFast });
      server.setRival(conflict?.servers.includes(server.key) === true);
    }
  }
}
