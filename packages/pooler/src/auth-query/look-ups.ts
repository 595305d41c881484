import type { ErrorFields } from '@pgweir/protocol';
import { errorFields } from '../errors';
import type { UserName } from '../ports/names';
import type { Seeker } from './answer';
import { LookUp, type LookUpContext } from './look-up';
import type { AuthQueryPlan } from './plan';

/** Look-ups of one user with one plan: one at a time, and one behind it for whoever comes too late. */
interface Line {
  first: LookUp;
  next: LookUp | undefined;
}

/**
 * All look-ups under way. Logins of one user share them: who comes before the question is asked gets the
 * same answer, everybody who comes later the next one. So a burst asks little, and nobody gets
 * an answer that is older than the own login.
 */
export class LookUps {
  readonly #lines = new Map<string, Line>();
  readonly #context: LookUpContext;

  constructor(context: LookUpContext) {
    this.#context = context;
  }

  /**
   * Finds `user`. The seeker may be told before this returns.
   *
   * @returns what `leave` has to be given
   */
  begin(plan: AuthQueryPlan, user: UserName, seeker: Seeker): string {
    const key = JSON.stringify([plan.database, plan.user, plan.query, user]);
    const make = () => new LookUp(this.#context, plan, user, () => this.#advance(key));
    const line = this.#lines.get(key);
    if (line === undefined) {
      const first = make();
      first.seekers.add(seeker);
      this.#lines.set(key, { first, next: undefined });
      first.start();
    } else if (line.first.isOpen) {
      line.first.seekers.add(seeker);
    } else {
      line.next ??= make();
      line.next.seekers.add(seeker);
    }
    return key;
  }

  /** The seeker does not wait any more. */
  leave(key: string, seeker: Seeker): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    const { first, next } = line;
    next?.seekers.delete(seeker);
    if (next?.seekers.size === 0) line.next = undefined;
    // A question that nobody waits for is not in the way of the next one.
    if (first.seekers.delete(seeker) && first.seekers.size === 0) first.abandon();
  }

  /** Ends waits that have lasted too long. Called a few times a second. */
  tick(nowMs: number): void {
    for (const [key, { first, next }] of this.#lines) {
      for (const seeker of [...(first.isOpen ? first.seekers : []), ...(next?.seekers ?? [])]) {
        const maxMs = seeker.queryWaitTimeoutMs;
        if (maxMs === 0 || nowMs - seeker.waitingSinceMs <= maxMs) continue;
        this.leave(key, seeker);
        seeker.found({ kind: 'failed', error: errorFields('queryWaitTimeout') });
      }
    }
  }

  /** The settings have changed: whoever has no link yet begins again. */
  beginAgain(): void {
    for (const seeker of this.#takeQueued()) seeker.begin();
  }

  /** Ends the wait of whoever has no link yet. */
  refuse(error: ErrorFields): void {
    for (const seeker of this.#takeQueued()) seeker.found({ kind: 'failed', error });
  }

  #takeQueued(): readonly Seeker[] {
    const seekers: Seeker[] = [];
    for (const line of [...this.#lines.values()]) {
      const { first, next } = line;
      if (next !== undefined) seekers.push(...next.seekers);
      line.next = undefined;
      if (!first.isQueued) continue;
      seekers.push(...first.seekers);
      first.seekers.clear();
      first.abandon();
    }
    return seekers;
  }

  /** The first look-up of a line is over. */
  #advance(key: string): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    const { next } = line;
    if (next === undefined) {
      this.#lines.delete(key);
      return;
    }
    line.first = next;
    line.next = undefined;
    next.start();
  }
}
