import type { Clock, Logger } from '@pgweir/pooler';
import { unreachable } from '../invariant';
import type { Lsn, ServerAddress } from '../observation';
import type { Demoter } from '../ports/demoter';
import type { SwitchoverServer } from '../ports/switchover-server';
import type { SwitchoverAnswer } from '../ports/topology-claims';
import { serverKey } from '../server-key';
import { awaitLead, promote, type Servers, settle } from './after-demotion';
import { canBegin, caughtUp, drained, LastPosition } from './before-demotion';
import { Polling } from './polling';
import type { SwitchoverCluster } from './switchover-cluster';

export interface SwitchoverNeeds {
  /** The entry for which it was ordered. */
  readonly database: string;
  readonly cluster: SwitchoverCluster;
  readonly demoter: Demoter;
  readonly limits: SwitchoverLimits;
  /** How many links to the primary are lent to clients. Rejects when nobody can tell. */
  readonly countLeases: () => Promise<number>;
  /** Connects when it is asked something. Closed by the switchover. */
  readonly open: (server: ServerAddress) => SwitchoverServer;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface SwitchoverLimits {
  /** For each of: the target catching up before anything is held; work waiting before the demotion. */
  readonly beforeDemotionMs: number;
  readonly demotionMs: number;
}

/** What became of it. `reason` is for people, and says what to do where somebody has to do something. */
export type SwitchoverOutcome =
  | { readonly kind: 'done' }
  /** There is a primary that takes writes, and work goes on there. */
  | { readonly kind: 'called off'; readonly reason: string }
  /** The old primary is none any more, and nobody has taken its place. */
  | { readonly kind: 'unfinished'; readonly reason: string };

/**
 * - `preparing`: nothing is held
 * - `holding`: new work waits, what was begun ends
 * - `demoting`: from here on there is no way back
 * - `promoting`: the primary is none any more
 */
export type SwitchoverStage = 'preparing' | 'holding' | 'demoting' | 'promoting' | 'over';

/** Work is held that long at most, after the demotion, until the target leads; then it is an outage. */
const SETTLE_MS = 10_000;
const PROMOTE_MS = 30_000;
const POLL_MS = 10;

/** A primary that hands over to a replica, without an error for anybody. Runs once. */
export class Switchover {
  readonly #needs: SwitchoverNeeds;
  readonly #polling: Polling;
  readonly #name: string;
  #stage: SwitchoverStage = 'preparing';
  #canceled: string | undefined;

  constructor(needs: SwitchoverNeeds) {
    this.#needs = needs;
    this.#polling = new Polling(needs.clock, POLL_MS);
    this.#name = `switchover to ${serverKey(needs.cluster.target)}`;
  }

  get stage(): SwitchoverStage {
    return this.#stage;
  }

  /** Calls it off, if that is possible still. @returns false: it is too late, or over */
  cancel(reason: string): boolean {
    if (this.#stage !== 'preparing' && this.#stage !== 'holding') return false;
    this.#canceled ??= reason;
    this.#polling.wake();
    return true;
  }

  /** What to do when nobody can see it through; undefined: nothing, the primary is what it was. */
  get adviceIfAbandoned(): string | undefined {
    if (this.#stage !== 'demoting' && this.#stage !== 'promoting') return undefined;
    return this.#advice('it was not seen through');
  }

  /** Takes all steps. Never rejects for what servers, operators and networks may do. */
  async run(): Promise<SwitchoverOutcome> {
    const { cluster, open, log } = this.#needs;
    const servers: Servers = { primary: open(cluster.primary), target: open(cluster.target) };
    try {
      const outcome = await this.#run(servers);
      if (outcome.kind !== 'done') cluster.callOff();
      this.#report(outcome);
      return outcome;
    } catch (error) {
      cluster.callOff();
      log.error(`${this.#name}: internal error`, { reason: String(error) });
      throw error;
    } finally {
      this.#stage = 'over';
      servers.primary.close();
      servers.target.close();
    }
  }

  async #run(servers: Servers): Promise<SwitchoverOutcome> {
    const last = new LastPosition();
    const problem = await this.#beforeDemotion(servers, last);
    if (problem !== undefined) return calledOff(problem);
    this.#enter('demoting');
    const answer = await this.#demote(servers, last);
    if (this.#needs.demoter.promotes) return await this.#followMaker(answer);
    if (answer.kind === 'refused') return calledOff(answer.reason);
    return await this.#finish(servers, answer, last.position);
  }

  /** @returns why there is no switchover; the primary is what it was then */
  async #beforeDemotion(servers: Servers, last: LastPosition): Promise<string | undefined> {
    const { cluster, clock, demoter, limits } = this.#needs;
    const obstacle = demoter.obstacle(this.#handover);
    if (obstacle !== undefined) return obstacle;
    const tools = { ...this.#needs, polling: this.#polling, problem: () => this.#problem() };
    const { beforeDemotionMs } = limits;
    const early = await canBegin(servers, tools, clock.nowMs() + beforeDemotionMs);
    if (early !== undefined) return early;
    const { demotionMs } = limits;
    const withinMs = beforeDemotionMs + demotionMs + SETTLE_MS + 2 * PROMOTE_MS;
    const refusal = cluster.begin(withinMs);
    if (refusal !== undefined) return refusal;
    this.#enter('holding');
    const deadlineMs = clock.nowMs() + beforeDemotionMs;
    return (
      (await drained(tools, deadlineMs)) ?? (await caughtUp(servers, tools, { deadlineMs, last }))
    );
  }

  get #handover() {
    const { database, cluster } = this.#needs;
    return { database, primary: cluster.primary, target: cluster.target };
  }

  /** Something that ends it before the demotion, whatever it waits for. */
  #problem(): string | undefined {
    const { cluster } = this.#needs;
    if (this.#canceled !== undefined) return this.#canceled;
    if (cluster.leads !== 'primary') return `${serverKey(cluster.primary)} is not primary any more`;
    if (this.#stage === 'preparing' || cluster.isUnderWay) return undefined;
    return 'the servers are not watched as before any more';
  }

  /** Whatever the primary writes until it is demoted, the target has to have. */
  async #demote({ primary }: Servers, last: LastPosition): Promise<SwitchoverAnswer> {
    const { demoter, limits } = this.#needs;
    const following = last.follow(primary, this.#polling);
    const answer = await demoter.demote(this.#handover, limits.demotionMs);
    following.stop();
    // Whatever it is asked at the moment: a new connection shows whether it still lets anybody in.
    primary.reconnect();
    await following.ended;
    return answer;
  }

  /** Somebody else promotes; what counts is who leads then. */
  async #followMaker(answer: SwitchoverAnswer): Promise<SwitchoverOutcome> {
    const { cluster, clock } = this.#needs;
    if (answer.kind === 'refused') return calledOff(answer.reason);
    this.#enter('promoting');
    const tools = { clock, cluster, polling: this.#polling };
    const led = await awaitLead(tools, { withinMs: PROMOTE_MS, isSure: answer.kind === 'done' });
    return this.#outcomeOf(led, answer.kind === 'unknown' ? answer.reason : 'no answer in time');
  }

  async #finish(
    servers: Servers,
    answer: Exclude<SwitchoverAnswer, { readonly kind: 'refused' }>,
    last: Lsn,
  ): Promise<SwitchoverOutcome> {
    const { clock, cluster } = this.#needs;
    const tools = { clock, cluster, polling: this.#polling };
    const settled = await settle(servers, tools, { answer, last, withinMs: SETTLE_MS });
    if (settled.kind === 'primary still') return calledOff(settled.reason);
    if (settled.kind === 'in doubt') return this.#unfinished(settled.reason);
    this.#enter('promoting');
    const problem = await promote(servers.target, tools, PROMOTE_MS);
    if (problem !== undefined) return this.#unfinished(problem);
    const led = await awaitLead(tools, { withinMs: PROMOTE_MS, isSure: true });
    return this.#outcomeOf(led, 'it was promoted, and SHOW TOPOLOGY says why it is not used');
  }

  #outcomeOf(led: Awaited<ReturnType<typeof awaitLead>>, reason: string): SwitchoverOutcome {
    switch (led) {
      case 'target':
        return { kind: 'done' };
      case 'primary':
        return calledOff(`${serverKey(this.#needs.cluster.primary)} is primary still: ${reason}`);
      case 'another':
        return calledOff('another server has become primary');
      case 'nobody':
        return this.#unfinished(reason);
      default:
        return unreachable(led);
    }
  }

  #unfinished(reason: string): SwitchoverOutcome {
    return { kind: 'unfinished', reason: this.#advice(reason) };
  }

  #advice(reason: string): string {
    const { primary, target } = this.#needs.cluster;
    return (
      `${reason}. There may be no primary now, and work that needs one waits: promote ` +
      `${serverKey(target)}, or start ${serverKey(primary)} as primary again, never both`
    );
  }

  #enter(stage: SwitchoverStage): void {
    this.#stage = stage;
    this.#needs.log.info(`${this.#name}: ${stage}`);
  }

  #report(outcome: SwitchoverOutcome): void {
    const { log } = this.#needs;
    if (outcome.kind === 'done') log.info(`${this.#name}: done`);
    else if (outcome.kind === 'called off') {
      log.warn(`${this.#name}: called off`, { reason: outcome.reason });
    } else log.error(`${this.#name}: not finished`, { reason: outcome.reason });
  }
}

function calledOff(reason: string): SwitchoverOutcome {
  return { kind: 'called off', reason };
}
