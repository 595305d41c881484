import type { Clock, Logger } from '@pgweir/pooler';
import type { ServerAddress } from '../observation';
import type { Fencer } from '../ports/fencer';
import type { LeaseStanding, PromoterLease } from '../ports/promoter-lease';
import type { SwitchoverServer } from '../ports/switchover-server';
import type { ServerKey } from '../server-key';
import { Promotion, type PromotionOutcome } from './promotion';
import type { PromotionCluster } from './promotion-cluster';
import { CALM, dueAtMs, nextVigil, type Vigil, type VigilLimits } from './vigil';

export interface PromoterSettings extends VigilLimits {
  readonly fenceMs: number;
}

export interface PromoterNeeds {
  readonly clusters: () => readonly PromotionCluster[];
  readonly lease: PromoterLease;
  readonly fencer: Fencer;
  readonly settings: () => PromoterSettings;
  /** Why nobody may be promoted now, whoever is lost; undefined: nothing is in the way. */
  readonly obstacle: () => string | undefined;
  readonly open: (server: ServerAddress) => SwitchoverServer;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_EVERY_MS = 100;

/** What is kept of a cluster between two looks. */
interface Watched {
  vigil: Vigil;
  running: Promotion | undefined;
  /** What came of the last attempt, as long as the primary is lost. */
  trouble: Exclude<PromotionOutcome, { readonly kind: 'done' }> | undefined;
  accepted: ServerKey | undefined;
  wasSwitching: boolean;
  /** When a server became primary that nobody had planned to. */
  changedAtMs: number | undefined;
}

/**
 * Promotes a replica where a primary has been lost for long enough, as long as this process holds the
 * lease. Closes the lease with it.
 */
export class Promoter {
  readonly #needs: PromoterNeeds;
  readonly #watched = new Map<PromotionCluster, Watched>();
  readonly #stop: () => void;
  #lookedAtMs: number;
  #isClosed = false;

  constructor(needs: PromoterNeeds) {
    this.#needs = needs;
    const { clock, lease } = needs;
    this.#lookedAtMs = clock.nowMs();
    this.#stop = clock.every(LOOK_EVERY_MS, () => this.#look());
    lease.start();
  }

  /** Why nothing else that needs all servers as they are may begin now. */
  get underWay(): string | undefined {
    const isRunning = [...this.#watched.values()].some(({ running }) => running !== undefined);
    return isRunning ? 'a promotion is under way' : undefined;
  }

  /** Nobody is promoted any more, but for what has gone too far. Resolves when the lease is given back. */
  async close(reason: string): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
    const { clusters, lease, log } = this.#needs;
    for (const { running } of this.#watched.values()) {
      if (running === undefined || running.cancel(reason)) continue;
      const advice = running.adviceIfAbandoned;
      if (advice !== undefined) log.error(`promotion left alone (${reason}): ${advice}`);
    }
    for (const cluster of clusters()) cluster.show(undefined);
    await lease.close();
  }

  #look(): void {
    const { clusters, clock } = this.#needs;
    const all = clusters();
    const nowMs = clock.nowMs();
    const sinceLastMs = nowMs - this.#lookedAtMs;
    this.#lookedAtMs = nowMs;
    for (const [cluster, { running }] of this.#watched) {
      if (all.includes(cluster)) continue;
      running?.cancel('the servers are not watched as before any more');
      this.#watched.delete(cluster);
    }
    for (const cluster of all) this.#lookAt(cluster, all, sinceLastMs);
  }

  #lookAt(cluster: PromotionCluster, all: readonly PromotionCluster[], sinceLastMs: number): void {
    const { clock, log, settings } = this.#needs;
    const nowMs = clock.nowMs();
    const watched = this.#watchedOf(cluster);
    this.#noteChange(cluster, watched);
    const lost = cluster.loss?.key;
    const before = watched.vigil;
    watched.vigil = nextVigil(before, { kind: 'looked', lost, sinceLastMs }, nowMs);
    if (watched.vigil.kind === 'calm') watched.trouble = undefined;
    else if (before.kind === 'calm') {
      log.warn('a primary is lost: a replica is promoted unless it comes back', {
        ...{ primary: lost, promoter: promoterText(this.#needs.lease.standing) },
        after_ms: settings().afterMs,
      });
    }
    if (watched.running === undefined && this.#isDue(watched, nowMs)) {
      const obstacle = this.#obstacle(cluster, all);
      if (obstacle === undefined) this.#begin(cluster, watched);
      else this.#settle(cluster, watched, { kind: 'waits', reason: obstacle });
    }
    this.#show(cluster, watched);
  }

  #isDue({ vigil, changedAtMs }: Watched, nowMs: number): boolean {
    if (this.#needs.lease.leftMs === 0) return false;
    const dueMs = dueAtMs(vigil, this.#needs.settings(), changedAtMs);
    return dueMs !== undefined && nowMs >= dueMs;
  }

  /** Two lists that lead to one cluster would each promote somebody. */
  #obstacle(cluster: PromotionCluster, all: readonly PromotionCluster[]): string | undefined {
    const twin = all.find(
      (other) => other !== cluster && other.systemIdentifier === cluster.systemIdentifier,
    );
    if (twin === undefined) return this.#needs.obstacle();
    return `${twin.databases.join(', ')} leads to the same cluster by another list of hosts`;
  }

  #begin(cluster: PromotionCluster, watched: Watched): void {
    const { loss } = cluster;
    if (loss === undefined) return;
    const { clock, fencer, lease, log, open, settings } = this.#needs;
    const { fenceMs } = settings();
    const promotion = new Promotion({
      ...{ loss, cluster, lease, fencer, fenceMs, open, clock, log },
    });
    watched.running = promotion;
    promotion.run().then(
      (outcome) => this.#ended(cluster, watched, outcome),
      (error: unknown) => {
        log.error('promotion: internal error', { reason: String(error) });
        this.#ended(cluster, watched, { kind: 'failed', reason: 'internal error' });
      },
    );
  }

  #ended(cluster: PromotionCluster, watched: Watched, outcome: PromotionOutcome): void {
    watched.running = undefined;
    if (outcome.kind === 'done') {
      watched.trouble = undefined;
      this.#needs.log.info('promotion: done', { primary: cluster.primary });
    } else this.#settle(cluster, watched, outcome);
    if (!this.#isClosed) this.#show(cluster, watched);
  }

  #settle(
    cluster: PromotionCluster,
    watched: Watched,
    trouble: NonNullable<Watched['trouble']>,
  ): void {
    const { clock, log } = this.#needs;
    const { kind, reason } = trouble;
    const event = { kind: kind === 'failed' ? kind : 'waits' } as const;
    watched.vigil = nextVigil(watched.vigil, event, clock.nowMs());
    const isNews = watched.trouble?.reason !== reason;
    // Of a failure the alarm tells.
    watched.trouble = cluster.loss === undefined && kind !== 'failed' ? undefined : trouble;
    if (isNews && kind !== 'failed') log.warn(`promotion: ${kind}`, { reason });
  }

  #noteChange({ accepted, isSwitching }: PromotionCluster, watched: Watched): void {
    const isOther = watched.accepted !== undefined && accepted !== watched.accepted;
    if (isOther && accepted !== undefined && !watched.wasSwitching && !isSwitching) {
      watched.changedAtMs = this.#needs.clock.nowMs();
    }
    watched.accepted = accepted;
    watched.wasSwitching = isSwitching;
  }

  #show(cluster: PromotionCluster, watched: Watched): void {
    const { lease } = this.#needs;
    const isHeld = lease.leftMs > 0;
    const { trouble } = watched;
    const alarm = trouble?.kind === 'failed' && isHeld ? trouble.reason : undefined;
    const promoter = promoterText(lease.standing);
    cluster.show({ promoter, stage: this.#stageOf(watched, isHeld), alarm });
  }

  #stageOf({ vigil, running, trouble, changedAtMs }: Watched, isHeld: boolean): string | undefined {
    if (running !== undefined) return running.stage;
    if (vigil.kind === 'calm') return undefined;
    if (!isHeld) return 'left to the promoter';
    if (trouble?.kind === 'waits') return `waits: ${trouble.reason}`;
    const { clock, settings } = this.#needs;
    const dueMs = dueAtMs(vigil, settings(), changedAtMs) ?? 0;
    return `in ${Math.ceil(Math.max(0, dueMs - clock.nowMs()) / 1000)} s`;
  }

  #watchedOf(cluster: PromotionCluster): Watched {
    const known = this.#watched.get(cluster);
    if (known !== undefined) return known;
    const { accepted, isSwitching: wasSwitching } = cluster;
    const running = undefined;
    const fresh: Watched = {
      ...{ vigil: CALM, running, trouble: undefined, accepted, wasSwitching },
      changedAtMs: undefined,
    };
    this.#watched.set(cluster, fresh);
    return fresh;
  }
}

function promoterText(standing: LeaseStanding): string {
  switch (standing.kind) {
    case 'held':
      return 'this pgweir';
    case 'elsewhere':
      return standing.holder;
    case 'unknown':
      return `nobody knows: ${standing.reason}`;
  }
}
