/** Proofs at a time, for all; some may queue for a link for long, or stand before a paused database. */
const RUNNING_MAX = 16;
/** Those of other databases are not held up by that: each has some of its own, up to so many in all. */
const SHARE_OF_DATABASE = 2;
const RUNNING_WITH_SHARES_MAX = 128;
/** For one address that clients come from, and with one of its own for each database. */
const RUNNING_OF_SOURCE_MAX = 8;
const RUNNING_OF_SOURCE_WITH_SHARES_MAX = 32;
const WAITING_MAX = 1000;
/** So many tokens of one address may be refused at once, and then one in each pause. */
const REFUSALS = 20;
const REFUSAL_PAUSE_MS = 3_000;
/** Of more addresses those are forgotten whose tokens were refused the longest ago. */
const SOURCES_MAX = 10_000;

/** A proof that is to be made. */
export interface Turn {
  readonly source: string;
  readonly database: string;
  start(): void;
}

/**
 * Bounds what unproven tokens cost the databases: how many are tried at a time, and how many one address
 * may have refused.
 */
export class ProofTurns {
  readonly #waiting: Turn[] = [];
  readonly #running = new Set<Turn>();
  /** By source, the moment from which on nothing is held against it. */
  readonly #clearAtMs = new Map<string, number>();

  /** Whether tokens of that address are still tried. */
  isTrusted(source: string, nowMs: number): boolean {
    const clearAtMs = this.#clearAtMs.get(source) ?? 0;
    return clearAtMs - nowMs <= (REFUSALS - 1) * REFUSAL_PAUSE_MS;
  }

  refused(source: string, nowMs: number): void {
    const clearAtMs = Math.max(this.#clearAtMs.get(source) ?? 0, nowMs) + REFUSAL_PAUSE_MS;
    this.#clearAtMs.delete(source);
    this.#clearAtMs.set(source, clearAtMs);
    if (this.#clearAtMs.size <= SOURCES_MAX) return;
    for (const oldest of this.#clearAtMs.keys()) {
      this.#clearAtMs.delete(oldest);
      break;
    }
  }

  /** Starts it now, or when its turn comes. @returns false: too many wait already */
  add(turn: Turn): boolean {
    if (this.#mayStart(turn)) {
      this.#start(turn);
      return true;
    }
    if (this.#waiting.length >= WAITING_MAX) return false;
    this.#waiting.push(turn);
    return true;
  }

  /** It is over: once for each that was started. */
  ended(turn: Turn): void {
    this.#running.delete(turn);
    this.#startNext();
  }

  /** It is not wanted any more. @returns whether it had not been started, and never will be */
  withdraw(turn: Turn): boolean {
    const at = this.#waiting.indexOf(turn);
    if (at >= 0) this.#waiting.splice(at, 1);
    return at >= 0;
  }

  #startNext(): void {
    for (let at = 0; at < this.#waiting.length && this.#running.size < RUNNING_WITH_SHARES_MAX; ) {
      const turn = this.#waiting[at];
      if (turn === undefined) return;
      if (!this.#mayStart(turn)) {
        at++;
        continue;
      }
      this.#waiting.splice(at, 1);
      this.#start(turn);
      // It may have ended within this call, and others may have come.
      at = 0;
    }
  }

  #start(turn: Turn): void {
    this.#running.add(turn);
    turn.start();
  }

  #mayStart({ source, database }: Turn): boolean {
    let ofDatabase = 0;
    let ofSource = 0;
    let ofBoth = 0;
    for (const other of this.#running) {
      if (other.database === database) ofDatabase++;
      if (other.source !== source) continue;
      ofSource++;
      if (other.database === database) ofBoth++;
    }
    const sourceMax = ofBoth === 0 ? RUNNING_OF_SOURCE_WITH_SHARES_MAX : RUNNING_OF_SOURCE_MAX;
    const max = ofDatabase < SHARE_OF_DATABASE ? RUNNING_WITH_SHARES_MAX : RUNNING_MAX;
    return ofSource < sourceMax && this.#running.size < max;
  }
}
