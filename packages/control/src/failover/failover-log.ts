import type { ServerKey } from '../server-key';
import { type Failover, isHolding, primaryOf } from './failover';

/** How a time without a primary ended. */
export type FailoverOutcome =
  /** Not yet. */
  | 'holding'
  /** Another server was promoted. */
  | 'promoted'
  /** The same server is primary again. */
  | 'came back'
  /** There was no primary before. */
  | 'found'
  /** As it was planned. */
  | 'switched over'
  | 'called off'
  /** No other server may become primary any more. */
  | 'given up';

/** What became of sessions that work on the primary. */
export interface SessionCounts {
  readonly moved: number;
  readonly retried: number;
  readonly failed: number;
}

/** A row of SHOW FAILOVERS. Plain data. */
export interface FailoverRecord {
  readonly startedAtWallMs: number;
  /** What was seen that began it. */
  readonly seen: string;
  readonly isPlanned: boolean;
  /** This process has told the new primary to be one. */
  readonly isOurs: boolean;
  readonly oldPrimary: string | undefined;
  readonly newPrimary: string | undefined;
  readonly outcome: FailoverOutcome;
  /** How long work waited, so far if it still does. */
  readonly heldMs: number;
  readonly sessions: SessionCounts;
}

export interface Moment {
  readonly nowMs: number;
  readonly wallMs: number;
}

/** A primary that is found so soon was there: nobody had asked it yet. */
const BRIEF_MS = 300;

/** How many of the last failovers of a cluster are kept. */
export const FAILOVERS_KEPT = 100;

/** Remembers the failovers of one cluster. */
export class FailoverLog {
  readonly #records: FailoverRecord[] = [];
  #begun = 0;
  /** When the last one began to hold; undefined: it is over. */
  #openSinceMs: number | undefined;

  /** Notes what a move means. `seen` says what led to it. */
  note(from: Failover, to: Failover, seen: string, at: Moment): void {
    if (isHolding(to)) {
      if (!isHolding(from)) this.#begin(from, to, seen, at);
      return;
    }
    const after = primaryOf(to);
    if (isHolding(from)) {
      this.#end(after, outcomeOf(from, after), at);
      return;
    }
    const before = primaryOf(from);
    if (before === undefined || after === undefined || before === after) return;
    // One primary after the other, without a pause between them.
    this.#begin(from, to, seen, at);
    this.#end(after, 'promoted', at);
  }

  /** Adds what became of sessions to the last failover. @returns false if there was none */
  addSessions({ moved, retried, failed }: SessionCounts): boolean {
    const last = this.#records.at(-1);
    if (last === undefined) return false;
    const { sessions } = last;
    this.#replaceLast({
      ...last,
      sessions: {
        moved: sessions.moved + moved,
        retried: sessions.retried + retried,
        failed: sessions.failed + failed,
      },
    });
    return true;
  }

  /** This process promotes somebody, to end the time without a primary that is under way. */
  claimLast(): void {
    const last = this.#records.at(-1);
    if (last === undefined || this.#openSinceMs === undefined) return;
    this.#replaceLast({ ...last, isOurs: true });
  }

  /**
   * How many there have been since start, whatever is kept of them. It never falls: a time in which no
   * primary was known before counts when it has turned out to be one.
   */
  get total(): number {
    const last = this.#records.at(-1);
    const isUnsure = this.#openSinceMs !== undefined && last?.oldPrimary === undefined;
    return isUnsure ? this.#begun - 1 : this.#begun;
  }

  /** The newest last. */
  records(nowMs: number): readonly FailoverRecord[] {
    const last = this.#records.at(-1);
    if (last === undefined || this.#openSinceMs === undefined) return [...this.#records];
    return [...this.#records.slice(0, -1), { ...last, heldMs: nowMs - this.#openSinceMs }];
  }

  #begin(from: Failover, to: Failover, seen: string, { nowMs, wallMs }: Moment): void {
    this.#openSinceMs = nowMs;
    this.#begun++;
    this.#records.push({
      startedAtWallMs: wallMs,
      seen,
      isPlanned: to.kind === 'switching',
      isOurs: false,
      oldPrimary: primaryOf(from),
      newPrimary: undefined,
      outcome: 'holding',
      heldMs: 0,
      sessions: { moved: 0, retried: 0, failed: 0 },
    });
    if (this.#records.length > FAILOVERS_KEPT) this.#records.shift();
  }

  #end(newPrimary: ServerKey | undefined, outcome: FailoverOutcome, { nowMs }: Moment): void {
    const last = this.#records.at(-1);
    if (last === undefined || this.#openSinceMs === undefined) return;
    const heldMs = nowMs - this.#openSinceMs;
    this.#openSinceMs = undefined;
    if (outcome === 'found' && heldMs < BRIEF_MS) {
      this.#records.pop();
      this.#begun--;
      return;
    }
    this.#replaceLast({ ...last, newPrimary, outcome, heldMs });
  }

  #replaceLast(record: FailoverRecord): void {
    this.#records[this.#records.length - 1] = record;
  }
}

function outcomeOf(from: Failover, after: ServerKey | undefined): FailoverOutcome {
  const before = primaryOf(from);
  if (after === undefined) return 'given up';
  if (from.kind === 'switching') {
    if (after === before) return 'called off';
    return after === (from.target ?? after) ? 'switched over' : 'promoted';
  }
  if (before === undefined) return 'found';
  return after === before ? 'came back' : 'promoted';
}
