import type { ServerAddress } from '../../src/observation';
import type { TopologyClaim, TopologyClaims } from '../../src/ports/topology-claims';
import { CLAIM_FRESH_MS, CONTROL_DEFAULTS } from '../../src/settings';
import type { SwitchoverCluster } from '../../src/switchover/switchover-cluster';
import type { FakeServer, FakeWorld } from '../kit/fake-world';
import { claim, SYSTEM } from '../kit/knowledge';
import { APP, entry, Rig } from '../kit/rig';
import { must, Oracle } from './oracle';

/** What may happen. `who` and `other` choose servers, `by` chooses among the ways. */
export interface Happening {
  readonly what: (typeof HAPPENINGS)[number];
  readonly who: number;
  readonly other: number;
  readonly by: number;
  /** How much time passes afterwards. */
  readonly afterMs: number;
}

export const HAPPENINGS = [
  ...(['nothing', 'kill', 'start', 'hang', 'thaw', 'cut', 'heal', 'promote', 'follow'] as const),
  ...(['demote', 'rebuild', 'read-only', 'turn away', 'hide timeline', 'slow'] as const),
  ...(['evidence', 'ban', 'unban', 'source', 'reload', 'switchover', 'call off'] as const),
  ...(['fail over', 'repair'] as const),
] as const;

const HOSTS = ['a', 'b', 'c', 'd'];
const EVIDENCE = ['refused', 'terminated', 'read-only', 'lost'] as const;
/** A server that flaps proves itself by 32 probes at the usual pace; then there is room to spare. */
const SETTLES_WITHIN_MS = 25_000;
const SETTLES_WITHIN_PROBES = 80;
/** Every server is asked twice within this time, also those whose last probe hangs. */
const NOTICED_WITHIN_MS = 3_000;

/** A hold for what is scheduled, 2 s ahead at most, has ended by then, whatever happens. */
const SETTINGS = { ...CONTROL_DEFAULTS, switchoverLeadMs: 1_000, switchoverTimeoutMs: 1_000 };

/** One world, one control, one oracle; things happen to them. */
export class Simulation {
  readonly rig: Rig;
  readonly oracle: Oracle;
  readonly #banned = new Set<string>();
  #listed: readonly string[] = HOSTS.slice(0, 3);
  #claim: TopologyClaim | undefined;
  #claimChanged: () => void = () => undefined;
  #switchover: SwitchoverCluster | undefined;
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.rig = new Rig(HOSTS, {
      ...{ settings: SETTINGS, entries: [entry(this.#listed)] },
      random: () => this.#random(),
      claimsOf: () => ({ key: 'one', open: () => this.#source() }),
    });
    const { clock, control, world } = this.rig;
    this.oracle = new Oracle(APP, {
      server: (host) => world.server(host),
      listed: () => this.#listed,
      banned: this.#banned,
      confirmed: () => {
        const isFresh = clock.nowMs() - (this.#claim?.confirmedAtMs ?? 0) <= CLAIM_FRESH_MS;
        return isFresh ? this.#claim?.leader?.host : undefined;
      },
      isSwitching: () => control.topology().some(({ failover }) => failover === 'switching'),
    });
    this.oracle.published(control.current);
    control.subscribe((snapshot) => this.oracle.published(snapshot));
  }

  happen(happening: Happening): void {
    this.#change(happening);
    this.#pass(happening.afterMs);
  }

  /**
   * Whatever has happened: once one server alone is left, on a timeline above all others, it becomes
   * primary in time, work goes on, and those that follow it serve.
   */
  settle(choice: number): void {
    const { world, control } = this.rig;
    this.#calm();
    const listed = this.#listed.map((host) => world.server(host));
    const survivor = this.#pick(listed, choice);
    for (const server of world.servers) world.kill(server);
    // Until then a server that is dead already may still become primary, and depose another one.
    this.#pass(NOTICED_WITHIN_MS);
    const { accepted, systemIdentifier } = this.oracle;
    // The accepted primary may come back as it was; any other has to be promoted.
    const isBack =
      accepted?.host === survivor.address.host &&
      !survivor.inRecovery &&
      survivor.timeline >= world.usedTimeline;
    survivor.systemIdentifier = systemIdentifier ?? survivor.systemIdentifier;
    if (!isBack || choice % 2 === 0) world.promote(survivor);
    world.start(survivor);
    const { probes } = survivor;
    this.#until(() => this.rig.primary() === survivor.address.host, `${survivor.key} is primary`);
    const took = survivor.probes - probes;
    must(took <= SETTLES_WITHIN_PROBES, `it took ${took} probes`);
    must(this.rig.isHolding() === false, 'work still waits');
    for (const server of listed) {
      if (server === survivor) continue;
      world.follow(server, survivor);
      world.start(server);
    }
    const others = listed.length - 1;
    this.#until(() => this.rig.replicas().length === others, 'all replicas serve');
    control.close();
    must(this.rig.clock.pending === 0, 'a timer is left');
    must(world.probed === 0, 'a probe is left');
  }

  /** Nothing stands in the way of anybody any more. */
  #calm(): void {
    this.#switchover?.callOff();
    for (const host of [...this.#banned]) this.#setBanned(host, false);
    this.#claim = undefined;
    for (const server of this.rig.world.servers) {
      const { world } = this.rig;
      world.start(server);
      Object.assign(server, { isCut: false, turnsAway: false, hidesTimeline: false });
      Object.assign(server, { readOnly: false, latencyMs: 1 });
    }
  }

  #change({ what, who, other, by }: Happening): void {
    const { world, control } = this.rig;
    const server = this.#pick(world.servers, who);
    const { host } = server.address;
    switch (what) {
      case 'nothing':
        return;
      case 'ban':
      case 'unban':
        this.#setBanned(host, what === 'ban');
        return;
      case 'evidence':
        control.noticed(server.address, this.#pick(EVIDENCE, by));
        return;
      case 'source':
        this.#claim = by % 4 === 0 ? undefined : this.#claimOf(server.address, by);
        this.#claimChanged();
        return;
      case 'reload':
        this.#reload(by);
        return;
      case 'switchover':
        this.#beginSwitchover(host, 1 + (by % 3) * 1_000);
        return;
      case 'fail over': {
        const old = world.servers.find(({ address }) => address.host === this.rig.primary());
        if (old !== undefined) world.kill(old);
        this.#pass(by % 1_000);
        world.promote(server);
        return;
      }
      case 'repair':
        this.#calm();
        for (const each of world.servers) if (each !== server) world.follow(each, server);
        if (by % 2 === 0) world.promote(server);
        return;
      case 'call off':
        this.#switchover?.callOff();
        return;
      default:
        changeServer(world, { what, server, leader: this.#pick(world.servers, other), by });
    }
  }

  #claimOf(leader: ServerAddress, by: number): TopologyClaim {
    const { clock } = this.rig;
    const atMs = clock.wallMs() + (by % 3) * 1_000;
    const switchover = by % 2 === 0 ? undefined : { atMs, from: undefined, to: undefined };
    return { ...claim(leader, clock.nowMs()), switchover };
  }

  /** What follows from the order is published within the call, so the truth has to be known before. */
  #setBanned(host: string, banned: boolean): void {
    if (!this.#listed.includes(host)) return;
    const { control } = this.rig;
    if (banned) this.#banned.add(host);
    else this.#banned.delete(host);
    if (banned) control.ban(host);
    else control.unban(host);
  }

  #reload(by: number): void {
    // Any of the lists with at least one server.
    const mask = 1 + (by % (2 ** HOSTS.length - 1));
    this.#listed = HOSTS.filter((_, at) => (mask & (1 << at)) !== 0);
    for (const server of this.rig.world.servers) {
      if (this.#listed.includes(server.address.host)) continue;
      // Whoever leaves the list is forgotten.
      this.#banned.delete(server.address.host);
      Object.assign(server, { told: undefined, lastSeen: undefined });
    }
    this.oracle.listChanged();
    this.rig.control.reconfigure(SETTINGS, [entry(this.#listed)]);
  }

  /** Time passes in small steps, and what holds is looked at after each. */
  #pass(ms: number): void {
    for (let left = ms; left > 0; left -= 50) {
      this.rig.after(Math.min(50, left));
      this.oracle.check(this.rig.control.current);
    }
  }

  #beginSwitchover(to: string, withinMs: number): void {
    const plan = this.rig.control.planSwitchover(APP, to);
    if (plan.kind === 'refused' || plan.cluster.begin(withinMs) !== undefined) return;
    this.#switchover = plan.cluster;
  }

  #until(isSo: () => boolean, what: string): void {
    for (let passedMs = 0; !isSo(); passedMs += 50) {
      must(passedMs <= SETTLES_WITHIN_MS, `not within ${SETTLES_WITHIN_MS} ms: ${what}`);
      this.#pass(50);
    }
  }

  #source(): TopologyClaims {
    const current = (): TopologyClaim | undefined => this.#claim;
    return {
      get current(): TopologyClaim | undefined {
        return current();
      },
      start: (changed) => {
        this.#claimChanged = changed;
      },
      recheck: () => undefined,
      close: () => undefined,
    };
  }

  #pick<T>(all: readonly T[], choice: number): T {
    const picked = all[choice % all.length];
    must(picked !== undefined, 'there is something to choose from');
    return picked;
  }

  /** A linear congruential generator: the same seed, the same jitter. */
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }
}

interface ServerChange {
  readonly what: string;
  readonly server: FakeServer;
  readonly leader: FakeServer;
  readonly by: number;
}

function changeServer(world: FakeWorld, { what, server, leader, by }: ServerChange): void {
  const changes: Readonly<Record<string, () => void>> = {
    kill: () => world.kill(server),
    start: () => world.start(server),
    hang: () => Object.assign(server, { isHung: true }),
    thaw: () => Object.assign(server, { isHung: false }),
    cut: () => Object.assign(server, { isCut: true }),
    heal: () => Object.assign(server, { isCut: false }),
    // Where the archive is not shared, two servers choose the same timeline.
    promote: () => world.promote(server, by % 3 === 0 ? server.timeline + 1 : undefined),
    follow: () => world.follow(server, leader),
    // Restarted as a replica, or as a primary without a promotion.
    demote: () => Object.assign(server, { inRecovery: by % 4 !== 0 }),
    rebuild: () => {
      const systemIdentifier = by % 2 === 0 ? SYSTEM : `8${by % 5}`;
      world.rebuild(server, {
        ...{ systemIdentifier, inRecovery: by % 3 === 0, timeline: 1 + (by % 4) },
      });
    },
    'read-only': () => Object.assign(server, { readOnly: by % 2 === 0 }),
    'turn away': () => Object.assign(server, { turnsAway: by % 2 === 0 }),
    'hide timeline': () => Object.assign(server, { hidesTimeline: by % 2 === 0 }),
    slow: () => Object.assign(server, { latencyMs: [1, 20, 300, 1_500][by % 4] }),
  };
  const change = changes[what];
  must(change !== undefined, `${what} is something that happens`);
  change();
}
