import { databaseName } from '@pgweir/pooler';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import type { Lsn, ServerAddress } from '../../src/observation';
import type { LogEnd, SwitchoverServer } from '../../src/ports/switchover-server';
import type { SwitchoverAnswer } from '../../src/ports/topology-claims';
import { Switchover, type SwitchoverOutcome } from '../../src/switchover/switchover';
import type { Leads, SwitchoverCluster } from '../../src/switchover/switchover-cluster';

/** A server that answers as a test says. */
export class FakeServer implements SwitchoverServer {
  inRecovery: boolean;
  reached: Lsn = 1000n;
  /** What it has beyond that: not flushed, or not replayed. */
  beyond: Lsn = 0n;
  receives = true;
  isAlive = true;
  grants = true;
  isClosed = false;
  /** How often it has been told to promote, and what it does then. */
  told = 0;
  onPromote: () => void = () => {
    this.inRecovery = false;
  };
  onAsked: () => void = () => undefined;

  constructor(inRecovery: boolean) {
    this.inRecovery = inRecovery;
  }

  async logEnd(): Promise<LogEnd> {
    this.onAsked();
    this.#mustLive();
    const { inRecovery, reached, beyond, receives } = this;
    return { inRecovery, reached, written: reached + beyond, receives: inRecovery && receives };
  }

  async mayPromote(): Promise<boolean> {
    this.#mustLive();
    return this.grants;
  }

  async promote(): Promise<void> {
    this.#mustLive();
    this.told++;
    this.onPromote();
  }

  /** For how long the last word to promote was good. */
  toldWithinMs: number | undefined;

  async promoteWithin(validMs: number): Promise<void> {
    this.toldWithinMs = validMs;
    await this.promote();
  }

  reconnect(): void {
    // There is nothing that could be left of the connection before.
  }

  close(): void {
    this.isClosed = true;
  }

  #mustLive(): void {
    if (!this.isAlive) throw new Error('connect ECONNREFUSED');
  }
}

/** Two servers, somebody who demotes, and a switchover from one to the other. */
export class Rig {
  readonly clock = new HandClock();
  readonly log = new CollectingLogger();
  readonly primary = new FakeServer(false);
  readonly target = new FakeServer(true);
  /** What has happened to the cluster, in order. */
  readonly events: string[] = [];
  leads: Leads = 'primary';
  leases = 0;
  /** undefined: as the watch of a cluster does it, which sees who is what. */
  begins: string | undefined;
  obstacle: string | undefined;
  promotes = false;
  isUnderWay = false;
  /** Whether the watch accepts what it sees. */
  accepts = true;
  countLeases: () => Promise<number> = async () => this.leases;
  demote: () => Promise<SwitchoverAnswer> = async () => this.demoted();
  readonly switchover: Switchover;
  outcome: SwitchoverOutcome | undefined;

  constructor() {
    this.switchover = new Switchover({
      database: 'app',
      cluster: this.#cluster(),
      demoter: this.#demoter(),
      limits: { beforeDemotionMs: 10_000, demotionMs: 30_000 },
      countLeases: () => this.countLeases(),
      open: ({ host }: ServerAddress) => (host === 'a' ? this.primary : this.target),
      ...{ clock: this.clock, log: this.log },
    });
  }

  /** The primary has ended in order, with one more record, which the target has got. */
  demoted(): SwitchoverAnswer {
    this.primary.isAlive = false;
    this.target.reached = this.primary.reached + 100n;
    return { kind: 'done' };
  }

  begin(): this {
    void this.switchover.run().then((outcome) => {
      this.outcome = outcome;
    });
    return this;
  }

  /** Lets time pass. @returns what became of it so far */
  async after(ms: number): Promise<SwitchoverOutcome | undefined> {
    for (let passed = 0; passed < ms; passed += 10) {
      await settled();
      this.clock.advance(10);
      this.#look();
    }
    await settled();
    return this.outcome;
  }

  #look(): void {
    if (!this.accepts) return;
    if (!this.target.inRecovery && this.target.isAlive) this.leads = 'target';
    else if (this.leads === 'primary' && this.#hasPrimaryGone()) this.leads = 'nobody';
    if (this.leads === 'target') this.isUnderWay = false;
  }

  #hasPrimaryGone(): boolean {
    return !this.primary.isAlive || this.primary.inRecovery;
  }

  #cluster(): SwitchoverCluster {
    const rig = this;
    return {
      primary: { host: 'a', port: 5432 },
      target: { host: 'b', port: 5432 },
      databases: [databaseName('app')],
      maker: undefined,
      get leads() {
        return rig.leads;
      },
      get isUnderWay() {
        return rig.isUnderWay;
      },
      begin: () => {
        if (rig.begins !== undefined) return rig.begins;
        rig.events.push('hold');
        rig.isUnderWay = true;
        return undefined;
      },
      callOff: () => {
        rig.events.push('call off');
        rig.isUnderWay = false;
      },
      look: () => undefined,
    };
  }

  #demoter() {
    const rig = this;
    return {
      get promotes() {
        return rig.promotes;
      },
      obstacle: () => rig.obstacle,
      demote: async (): Promise<SwitchoverAnswer> => {
        rig.events.push('demote');
        return await rig.demote();
      },
    };
  }
}

async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
