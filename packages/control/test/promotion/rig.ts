import { databaseName } from '@pgweir/pooler';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import type { ServerAddress } from '../../src/observation';
import type { Handover } from '../../src/ports/demoter';
import {
  type Choice,
  type ChoiceAnswer,
  type LeaseStanding,
  mayFollow,
  type PromoterLease,
} from '../../src/ports/promoter-lease';
import type { Loss } from '../../src/promotion/loss';
import type { PromotionNeeds } from '../../src/promotion/promotion';
import type { PromotionCluster } from '../../src/promotion/promotion-cluster';
import type { PromotionView } from '../../src/promotion/promotion-view';
import { type ServerKey, serverKey } from '../../src/server-key';
import { SYSTEM } from '../kit/knowledge';
import { FakeServer } from '../switchover/rig';

export const address = (host: string): ServerAddress => ({ host, port: 5432 });
export const key = (host: string): ServerKey => serverKey(address(host));

export const LOSS: Loss = {
  ...{ key: key('a'), address: address('a'), systemIdentifier: SYSTEM, timeline: 1 },
  flushed: 1000n,
};

/** A lease that a test holds in its hands. */
export class HandLease implements PromoterLease {
  leftMs = 20_000;
  standing: LeaseStanding = { kind: 'held' };
  kept: Choice | undefined;
  renewals = 0;
  isStarted = false;
  isClosed = false;
  /** In place of what it does. */
  chooses: (() => Promise<ChoiceAnswer>) | undefined;
  looks: (() => Promise<Choice | undefined>) | undefined;
  onRenew: () => void = () => undefined;

  start(): void {
    this.isStarted = true;
  }

  async renew(): Promise<void> {
    this.renewals++;
    this.onRenew();
  }

  async chosen(): Promise<Choice | undefined> {
    return this.looks === undefined ? this.kept : await this.looks();
  }

  async choose(choice: Choice): Promise<ChoiceAnswer> {
    if (this.chooses !== undefined) return await this.chooses();
    const before = this.kept;
    if (before !== undefined && !mayFollow(before, choice)) return { kind: 'taken', before };
    this.kept = choice;
    return { kind: 'chosen' };
  }

  choicePlace(systemIdentifier: string): string {
    return `lease/${systemIdentifier}`;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.lose('somebody else');
  }

  lose(holder: string): void {
    this.leftMs = 0;
    this.standing = { kind: 'elsewhere', holder };
  }
}

/** A cluster of a, which is lost, and b and c, which follow it. */
export class HandCluster implements PromotionCluster {
  readonly databases = [databaseName('app'), databaseName('other')];
  systemIdentifier: string | undefined = SYSTEM;
  loss: Loss | undefined = LOSS;
  accepted: ServerKey | undefined = key('a');
  primary: ServerKey | undefined;
  isSwitching = false;
  candidates: readonly string[] = ['b', 'c'];
  others: readonly string[] = [];
  view: PromotionView | undefined;
  claims = 0;
  onLook: () => void = () => undefined;

  field() {
    const candidates = this.candidates.map((host) => ({ key: key(host), address: address(host) }));
    return { candidates, others: this.others };
  }

  look(): void {
    this.onLook();
  }

  show(view: PromotionView | undefined): void {
    this.view = view;
  }

  claim(): void {
    this.claims++;
  }

  /** It has been seen. */
  accept(host: string): void {
    this.loss = undefined;
    this.accepted = key(host);
    this.primary = key(host);
  }
}

/** Everything that promotions need, in the hands of a test. */
export class PromotionRig {
  readonly clock = new HandClock();
  readonly log = new CollectingLogger();
  readonly lease = new HandLease();
  readonly cluster = new HandCluster();
  readonly servers: Readonly<Record<string, FakeServer>> = {
    ...{ a: new FakeServer(false), b: new FakeServer(true), c: new FakeServer(true) },
  };
  /** What has happened, in order. */
  readonly events: string[] = [];
  readonly fenced: Handover[] = [];
  fences: () => Promise<string | undefined> = async () => undefined;

  constructor() {
    this.server('a').isAlive = false;
    this.cluster.onLook = () => {
      for (const host of ['b', 'c']) {
        const { inRecovery, isAlive } = this.server(host);
        if (!inRecovery && isAlive) this.cluster.accept(host);
      }
    };
    for (const host of ['b', 'c']) {
      const server = this.server(host);
      server.onPromote = () => {
        this.events.push(`promote ${host}`);
        server.inRecovery = false;
      };
    }
  }

  server(host: string): FakeServer {
    const server = this.servers[host];
    if (server === undefined) throw new Error(`there is no server ${host}`);
    return server;
  }

  get needs(): Omit<PromotionNeeds, 'loss' | 'cluster' | 'fenceMs'> {
    const { clock, lease, log } = this;
    return {
      ...{ clock, lease, log },
      fencer: {
        fence: async (handover) => {
          this.events.push('fence');
          this.fenced.push(handover);
          return await this.fences();
        },
      },
      open: ({ host }) => this.server(host),
    };
  }

  /** Lets time pass. */
  async after(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      await settled();
      this.clock.advance(10);
    }
    await settled();
  }
}

export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
