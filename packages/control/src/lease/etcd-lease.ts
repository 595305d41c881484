import type { Clock, Logger } from '@pgweir/pooler';
import {
  type Choice,
  type ChoiceAnswer,
  type LeaseStanding,
  mayFollow,
  type PromoterLease,
} from '../ports/promoter-lease';
import type { Etcd } from '../sources/etcd';
import type { EtcdValue } from '../sources/etcd-answers';
import { type LeaseTerm, leaseMoment, leftOf } from './lease-term';
import { readChoice, readHolder } from './lease-values';

export interface EtcdLeaseNeeds {
  readonly etcd: Pick<Etcd, 'grant' | 'look' | 'transact'>;
  readonly key: string;
  readonly ttlMs: number;
  /** Who this is, for people. */
  readonly holder: string;
  /** Tells this process from all others, and from those before. */
  readonly nonce: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is relied on of a term: the clocks of two machines do not go at quite the same rate. */
const CERTAIN_PART = 0.9;
/** How often it is renewed in its time. */
const RENEWALS = 4;
/** How often whoever does not have it looks whether it is free, and after a failure. */
const LOOK_MS = 1_000;
const AGAIN_MS = 500;
/** Looks and attempts in one go: each shows what the one before could not know. */
const ATTEMPTS_MAX = 3;
const SECOND_MS = 1_000;
const GIVE_BACK_MS = 1_500;

/** The key as it was last: by its revisions, etcd knows whether it still is that. */
interface Tenure {
  readonly createRevision: string;
  readonly modRevision: string;
}

/**
 * The lease in etcd: a key that goes when whoever has made it is gone.
 *
 * A renewal is a new lease of etcd under the same key, and not a keep-alive: that one is answered by a
 * member alone, also by one that was the leader and does not know that it is none any more; what is
 * granted and put has been agreed on. Each step says which revision of the key it takes for the last one,
 * so that one that arrives late, or twice, does nothing.
 */
export class EtcdLease implements PromoterLease {
  readonly #needs: EtcdLeaseNeeds;
  readonly #value: string;
  #tenure: Tenure | undefined;
  #term: LeaseTerm | undefined;
  #other: Exclude<LeaseStanding, { readonly kind: 'held' }>;
  #round: Promise<void> | undefined;
  #stopTimer: () => void = () => undefined;
  #logged: LeaseStanding['kind'] | undefined;
  #isClosed = false;

  constructor(needs: EtcdLeaseNeeds) {
    this.#needs = needs;
    const { holder, nonce } = needs;
    this.#value = JSON.stringify({ holder, nonce });
    this.#other = { kind: 'unknown', reason: 'etcd has not been asked yet' };
  }

  get standing(): LeaseStanding {
    return this.leftMs > 0 ? { kind: 'held' } : this.#other;
  }

  get leftMs(): number {
    if (this.#term === undefined || this.#isClosed) return 0;
    return leftOf(this.#term, leaseMoment(this.#needs.clock));
  }

  start(): void {
    void this.#go();
  }

  async renew(): Promise<void> {
    // What is under way may have begun long ago.
    await this.#round;
    await this.#go();
  }

  async chosen(systemIdentifier: string): Promise<Choice | undefined> {
    return (await this.#lookAtChoice(systemIdentifier)).choice;
  }

  async choose(choice: Choice): Promise<ChoiceAnswer> {
    const { etcd, key } = this.#needs;
    try {
      const tenure = this.#tenure;
      if (tenure === undefined || this.leftMs === 0) {
        return { kind: 'failed', reason: 'the lease is not held' };
      }
      const choiceKey = this.choicePlace(choice.systemIdentifier);
      const before = await this.#lookAtChoice(choice.systemIdentifier);
      if (before.choice !== undefined && !mayFollow(before.choice, choice)) {
        return { kind: 'taken', before: before.choice };
      }
      const { succeeded } = await etcd.transact({
        conditions: [
          { key, target: 'CREATE', revision: tenure.createRevision },
          { key: choiceKey, target: 'MOD', revision: before.modRevision },
        ],
        what: { kind: 'put', key: choiceKey, value: JSON.stringify(choice), lease: undefined },
        otherwise: choiceKey,
      });
      if (succeeded) return { kind: 'chosen' };
      return { kind: 'failed', reason: 'the lease was lost, or another choice was made' };
    } catch (error) {
      return { kind: 'failed', reason: reasonOf(error) };
    }
  }

  choicePlace(systemIdentifier: string): string {
    return `${this.#needs.key}/chosen/${systemIdentifier}`;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const { etcd, key, clock } = this.#needs;
    this.#isClosed = true;
    this.#stopTimer();
    await within(GIVE_BACK_MS, clock, async () => {
      await this.#round;
      const tenure = this.#tenure;
      if (tenure === undefined) return;
      const condition = { key, target: 'MOD', revision: tenure.modRevision } as const;
      const what = { kind: 'delete', key } as const;
      // Whatever comes of it: it ends by itself.
      await etcd.transact({ conditions: [condition], what, otherwise: key }).catch(reasonOf);
    });
  }

  async #lookAtChoice(systemIdentifier: string) {
    const { found } = await this.#needs.etcd.look(this.choicePlace(systemIdentifier));
    if (found === undefined) return { choice: undefined, modRevision: '0' };
    const choice = readChoice(found.value);
    if (choice === undefined || choice.systemIdentifier !== systemIdentifier) {
      throw new Error(`what stands at ${this.choicePlace(systemIdentifier)} is no choice of ours`);
    }
    return { choice, modRevision: found.modRevision };
  }

  /** One round, or the one that is under way. */
  #go(): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    this.#stopTimer();
    this.#round ??= this.#ask().finally(() => {
      this.#round = undefined;
      this.#report();
      this.#schedule();
    });
    return this.#round;
  }

  async #ask(): Promise<void> {
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX && !this.#isClosed; attempt++) {
        if (await this.#attempt()) return;
      }
      if (this.#term === undefined) this.#other = unknown('the key changes all the time');
    } catch (error) {
      // What is held stays held until its term is over.
      this.#other = unknown(reasonOf(error));
    }
  }

  /** @returns false: the key is another one than was thought */
  async #attempt(): Promise<boolean> {
    const { clock, etcd, key, ttlMs } = this.#needs;
    if (this.#tenure === undefined) {
      const { found } = await etcd.look(key);
      if (!this.#takeNoteOf(found)) return true;
    }
    const from = leaseMoment(clock);
    const { id, seconds } = await etcd.grant(Math.ceil(ttlMs / SECOND_MS));
    const before: Tenure | undefined = this.#tenure;
    const { succeeded, revision, found } = await etcd.transact({
      conditions: [{ key, target: 'MOD', revision: before?.modRevision ?? '0' }],
      what: { kind: 'put', key, value: this.#value, lease: id },
      otherwise: key,
    });
    if (!succeeded) return !this.#takeNoteOf(found);
    this.#tenure = { createRevision: before?.createRevision ?? revision, modRevision: revision };
    const lengthMs = Math.min(ttlMs, seconds * SECOND_MS) * CERTAIN_PART;
    this.#term = { from, lengthMs };
    return true;
  }

  /** Who has the key. @returns whether it may be asked for: it is ours, or there is none */
  #takeNoteOf(found: EtcdValue | undefined): boolean {
    if (found?.value === this.#value) {
      const { createRevision, modRevision } = found;
      // Made anew, it is not what was held before.
      if (this.#tenure?.createRevision !== createRevision) this.#term = undefined;
      this.#tenure = { createRevision, modRevision };
      return true;
    }
    this.#tenure = undefined;
    this.#term = undefined;
    if (found === undefined) return true;
    this.#other = { kind: 'elsewhere', holder: readHolder(found.value) };
    return false;
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const { clock, ttlMs } = this.#needs;
    const isFresh = this.leftMs > (ttlMs * CERTAIN_PART * (RENEWALS - 1)) / RENEWALS;
    const lookMs = this.#other.kind === 'elsewhere' ? LOOK_MS : AGAIN_MS;
    const delayMs = isFresh ? ttlMs / RENEWALS : Math.min(lookMs, ttlMs / RENEWALS);
    this.#stopTimer = clock.after(delayMs, () => void this.#go());
  }

  /** One line for each change. */
  #report(): void {
    const { standing } = this;
    if (this.#isClosed || standing.kind === this.#logged) return;
    const { log } = this.#needs;
    const wasHeld = this.#logged === 'held';
    this.#logged = standing.kind;
    if (standing.kind === 'held') log.info('the lease to promote is held');
    else if (standing.kind === 'elsewhere') {
      const { holder } = standing;
      if (wasHeld) log.warn('the lease to promote was lost', { holder });
      else log.info('the lease to promote is held elsewhere', { holder });
    } else {
      const { reason } = standing;
      log.error('the lease to promote cannot be had: nobody would be promoted', { reason });
    }
  }
}

function unknown(reason: string): Extract<LeaseStanding, { readonly kind: 'unknown' }> {
  return { kind: 'unknown', reason };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function within(ms: number, clock: Clock, work: () => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = clock.after(ms, resolve);
    void work().finally(() => {
      stop();
      resolve();
    });
  });
}
