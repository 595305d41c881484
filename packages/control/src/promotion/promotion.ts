import type { Clock, Logger } from '@pgweir/pooler';
import type { ServerAddress } from '../observation';
import type { Fencer } from '../ports/fencer';
import type { ChoiceAnswer, PromoterLease } from '../ports/promoter-lease';
import type { SwitchoverServer } from '../ports/switchover-server';
import { asked, Polling } from '../switchover/polling';
import type { Candidate, Loss } from './loss';
import type { PromotionCluster } from './promotion-cluster';
import { best, type Runner, Runners } from './runners';

export interface PromotionNeeds {
  readonly loss: Loss;
  readonly cluster: PromotionCluster;
  readonly lease: PromoterLease;
  readonly fencer: Fencer;
  readonly fenceMs: number;
  /** Connects when it is asked something. Closed by the promotion. */
  readonly open: (server: ServerAddress) => SwitchoverServer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What became of it. `reason` is for people, and says what to do where somebody has to do something. */
export type PromotionOutcome =
  | { readonly kind: 'done' }
  /** Nobody was fenced, and something is in the way that may pass by itself. */
  | { readonly kind: 'waits'; readonly reason: string }
  /** There is a primary again, or somebody else sees to it. */
  | { readonly kind: 'called off'; readonly reason: string }
  /** Nobody was promoted, as far as anybody knows, and somebody should look. */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * - `choosing`: nothing has happened
 * - `fencing`: from here on the primary that was lost must not come back by itself
 * - `promoting`: it is fenced
 */
export type PromotionStage = 'choosing' | 'fencing' | 'promoting' | 'over';

/** For one answer of a server. */
const ANSWER_MS = 1_000;
/** What is left of the lease has to be more than this for PostgreSQL to be told. */
export const TELL_MS = 2_000;
/** How long a target may take to replay what it has received. */
const REPLAY_MS = 30_000;
/** All that were asked before should answer after the fencing as well; for so long they are waited for. */
const GATHER_MS = 3_000;
const PROMOTE_MS = 30_000;
const LEAD_MS = 10_000;
/** Told once more after that: the server may have lost the word with the connection. */
const TELL_AGAIN_MS = 3_000;
const POLL_MS = 20;

type Trouble = Exclude<PromotionOutcome, { readonly kind: 'done' }>;

/** A replica that takes the place of a primary that was lost. Runs once. */
export class Promotion {
  readonly #needs: PromotionNeeds;
  readonly #polling: Polling;
  #stage: PromotionStage = 'choosing';
  #target: Candidate | undefined;
  #canceled: string | undefined;

  constructor(needs: PromotionNeeds) {
    this.#needs = needs;
    this.#polling = new Polling(needs.clock, POLL_MS);
  }

  get stage(): PromotionStage {
    return this.#stage;
  }

  /** Ends it, unless the primary may have been fenced already. @returns false: it is too late */
  cancel(reason: string): boolean {
    if (this.#stage !== 'choosing') return this.#stage === 'over';
    this.#canceled ??= reason;
    this.#polling.wake();
    return true;
  }

  /** What to do when nobody can see it through; undefined: nothing has happened. */
  get adviceIfAbandoned(): string | undefined {
    if (this.#stage !== 'fencing' && this.#stage !== 'promoting') return undefined;
    return this.#advice('it was not seen through');
  }

  /** Takes all steps. Never rejects for what servers, operators and networks may do. */
  async run(): Promise<PromotionOutcome> {
    const { cluster, loss, open } = this.#needs;
    const { candidates, others } = cluster.field(loss);
    const runners = new Runners({ ...this.#needs, polling: this.#polling, candidates });
    const primary = open(loss.address);
    try {
      if (candidates.length === 0) return waits(nobodyFit(others));
      return await this.#run(runners, primary);
    } finally {
      this.#stage = 'over';
      runners.close();
      primary.close();
    }
  }

  async #run(runners: Runners, primary: SwitchoverServer): Promise<PromotionOutcome> {
    const early = await this.#choose(runners);
    if ('trouble' in early) return early.trouble;
    this.#target = early.candidate;
    const trouble = (await this.#fence(early)) ?? (await this.#checkFenced(primary));
    if (trouble !== undefined) return trouble;
    this.#enter('promoting');
    const target = await this.#chooseAgain(runners);
    if ('trouble' in target) return target.trouble;
    this.#target = target.candidate;
    return (await this.#keep(target)) ?? (await this.#promote(target)) ?? { kind: 'done' };
  }

  /** Everything that can be known before anything is done. */
  async #choose(runners: Runners): Promise<Runner | { readonly trouble: Trouble }> {
    const { lease, loss, fenceMs } = this.#needs;
    await runners.ask(ANSWER_MS);
    const target = best(runners.answered);
    if (target === undefined) return { trouble: waits(runners.reasons) };
    const { key } = target.candidate;
    if (!target.end.inRecovery) return { trouble: waits(`${key} is a primary`) };
    const may = await asked(target.server.mayPromote(ANSWER_MS));
    if (may.kind === 'failed') return { trouble: waits(`${key} cannot be asked: ${may.reason}`) };
    if (!may.value) {
      const grant = 'GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer)';
      const reason = `whoever asks servers (health_check_user) may not promote ${key}: ${grant}`;
      return { trouble: failed(`${reason}. Nobody was fenced`) };
    }
    const before = await asked(lease.chosen(loss.systemIdentifier));
    if (before.kind === 'failed') {
      return { trouble: waits(`the lease cannot be asked: ${before.reason}`) };
    }
    const earlier = before.value;
    const isOther = earlier !== undefined && earlier.target !== key;
    if (isOther && earlier.timeline >= loss.timeline) {
      return { trouble: failed(this.#takenText(earlier.target)) };
    }
    await lease.renew();
    const problem = this.#problem() ?? this.#leaseProblem(fenceMs);
    return problem === undefined ? target : { trouble: waits(problem) };
  }

  /** Nothing was waited for since the lease and the loss were looked at. */
  async #fence({ candidate }: Runner): Promise<Trouble | undefined> {
    const { cluster, fencer, fenceMs, loss } = this.#needs;
    this.#enter('fencing');
    const [database = ''] = cluster.databases;
    const handover = { database, primary: loss.address, target: candidate.address };
    const problem = await fencer.fence(handover, fenceMs);
    if (problem === undefined) return undefined;
    return failed(
      `${loss.key} may not be fenced: ${problem}. Nobody was promoted: make sure that it is stopped, and ` +
        `promote ${candidate.key}, or start it as primary again, never both`,
    );
  }

  /** A command that says that it has worked is not believed where the server says otherwise. */
  async #checkFenced(primary: SwitchoverServer): Promise<Trouble | undefined> {
    const { cluster, loss } = this.#needs;
    const said = await asked(primary.logEnd(ANSWER_MS));
    if (said.kind === 'said' && !said.value.inRecovery) {
      return failed(`fence_command has ended with 0, but ${loss.key} answers as a primary`);
    }
    const { primary: leader } = cluster;
    if (leader === undefined || leader === loss.key) return undefined;
    return { kind: 'called off', reason: `${leader} has become primary` };
  }

  /**
   * What the primary wrote until it was fenced may have reached one of them and not another. Who was
   * asked before and does not answer now is waited for, but not for ever.
   */
  async #chooseAgain(runners: Runners): Promise<Runner | { readonly trouble: Trouble }> {
    const { clock } = this.#needs;
    await this.#polling.until(clock.nowMs() + GATHER_MS, async () => {
      await runners.ask(ANSWER_MS);
      return runners.answered.length === runners.count ? true : undefined;
    });
    const target = best(runners.answered);
    if (target === undefined) return { trouble: failed(this.#advice(runners.reasons)) };
    if (!target.end.inRecovery) {
      return { trouble: { kind: 'called off', reason: `${target.candidate.key} is a primary` } };
    }
    const problem = await runners.replayed(target, clock.nowMs() + REPLAY_MS);
    return problem === undefined ? target : { trouble: failed(this.#advice(problem)) };
  }

  /** From here on nobody promotes another server in the place of this primary. */
  async #keep({ candidate, end }: Runner): Promise<Trouble | undefined> {
    const { lease, log, loss } = this.#needs;
    const { flushed = 0n, systemIdentifier, timeline } = loss;
    if (flushed > end.written) {
      const bytes = Number(flushed - end.written);
      log.warn('the target lacks some of what the primary had written', {
        ...{ target: candidate.key, bytes },
      });
    }
    await lease.renew();
    const problem = this.#leaseProblem(TELL_MS);
    if (problem !== undefined) return failed(this.#advice(problem));
    const choice = { systemIdentifier, timeline, target: candidate.key };
    const answer: ChoiceAnswer = await lease.choose(choice);
    if (answer.kind === 'chosen') return undefined;
    if (answer.kind === 'taken') return failed(this.#takenText(answer.before.target));
    return failed(this.#advice(`the choice of ${candidate.key} was not kept: ${answer.reason}`));
  }

  async #promote({ candidate, server }: Runner): Promise<Trouble | undefined> {
    const { clock, cluster, lease } = this.#needs;
    let toldAtMs = Number.NEGATIVE_INFINITY;
    let reason = 'no answer';
    const isPromoted = await this.#polling.until(clock.nowMs() + PROMOTE_MS, async () => {
      const seen = await asked(server.logEnd(ANSWER_MS));
      if (seen.kind === 'said' && !seen.value.inRecovery) return true;
      if (seen.kind === 'failed') {
        reason = seen.reason;
        return undefined;
      }
      if (clock.nowMs() - toldAtMs < TELL_AGAIN_MS) return undefined;
      const { leftMs } = lease;
      if (leftMs <= TELL_MS) {
        reason = this.#leaseProblem(TELL_MS) ?? reason;
        await lease.renew();
        return undefined;
      }
      toldAtMs = clock.nowMs();
      cluster.claim();
      const told = await asked(
        Number.isFinite(leftMs)
          ? server.promoteWithin(leftMs, ANSWER_MS)
          : server.promote(ANSWER_MS),
      );
      reason = told.kind === 'failed' ? told.reason : 'it is in recovery still';
      return undefined;
    });
    if (isPromoted !== true) {
      return failed(this.#advice(`${candidate.key} could not be promoted: ${reason}`));
    }
    return await this.#awaitLead(candidate);
  }

  async #awaitLead({ key }: Candidate): Promise<Trouble | undefined> {
    const { clock, cluster } = this.#needs;
    await this.#polling.until(clock.nowMs() + LEAD_MS, async () => {
      cluster.look();
      return cluster.primary === key ? true : undefined;
    });
    if (cluster.primary === key) return undefined;
    return failed(`${key} was promoted, and SHOW TOPOLOGY says why it is not used`);
  }

  /** Why it must not go on, before anything has been done. */
  #problem(): string | undefined {
    if (this.#canceled !== undefined) return this.#canceled;
    const { cluster, loss } = this.#needs;
    return cluster.loss?.key === loss.key ? undefined : `${loss.key} is not lost any more`;
  }

  #leaseProblem(stepMs: number): string | undefined {
    const { leftMs, standing } = this.#needs.lease;
    if (leftMs > stepMs) return undefined;
    switch (standing.kind) {
      case 'held':
        return `the lease is certain for ${Math.floor(leftMs)} ms only`;
      case 'elsewhere':
        return `the lease is held by ${standing.holder}`;
      case 'unknown':
        return `the lease is not held: ${standing.reason}`;
    }
  }

  #takenText(target: string): string {
    const { lease, loss } = this.#needs;
    return (
      `${target} was chosen before in the place of ${loss.key} and may be primary, unseen from here: promote or ` +
      'start one by hand. If nobody was promoted, delete ' +
      `${lease.choicePlace(loss.systemIdentifier)}`
    );
  }

  #advice(reason: string): string {
    const { loss } = this.#needs;
    const target = this.#target?.key ?? 'a replica';
    return (
      `${reason}. ${loss.key} was fenced, and work that needs a primary waits: promote ${target}, or start ` +
      `${loss.key} as primary again, never both`
    );
  }

  #enter(stage: PromotionStage): void {
    this.#stage = stage;
    const target = this.#target?.key;
    this.#needs.log.warn(`promotion: ${stage}`, { lost: this.#needs.loss.key, target });
  }
}

function nobodyFit(others: readonly string[]): string {
  return `no replica can be promoted (${others.length === 0 ? 'there is none' : others.join('; ')})`;
}

function waits(reason: string): Trouble {
  return { kind: 'waits', reason };
}

function failed(reason: string): Trouble {
  return { kind: 'failed', reason };
}
