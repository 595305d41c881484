import { describeClient } from '../frontend/describe';
import type { Session } from '../frontend/session';
import type { Clock } from '../ports/clock';
import type { Logger } from '../ports/logger';
import type { StatementRun } from './statement-sums';

/** So many lines in each second; when everything is slow, the log must not be what fills the disk. */
const LINES_MAX = 20;
const PERIOD_MS = 1000;
const PERCENT = 100;

/** Logs statements that take long, and how much of that was waiting for a link. */
export class SlowStatements {
  /** Statements that take at least so long, waiting included. */
  leastMs = 0;
  #periodMs = 0;
  #lines = 0;
  /** Not logged in this period. */
  #left = 0;
  readonly #log: Logger;
  readonly #clock: Clock;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** A statement has run. */
  ended(session: Session, run: StatementRun, serverMs: number): void {
    const { text } = run;
    const durationMs = serverMs + run.waitMs;
    if (durationMs < this.leastMs || !this.#hasRoom()) return;
    const share = durationMs > 0 ? Math.round((run.waitMs / durationMs) * PERCENT) : 0;
    this.#log.info('slow statement', {
      ...describeClient(session),
      duration_ms: rounded(durationMs),
      waited_ms: rounded(run.waitMs),
      waited_percent: share,
      server_ms: rounded(serverMs),
      rows: run.rows,
      failed: run.failed ? true : undefined,
      fingerprint: text?.fingerprint,
      statement: text?.statement,
      statement_sent: text !== undefined && 'sent' in text ? text.sent : undefined,
    });
  }

  /** @returns false when there have been enough lines for now */
  #hasRoom(): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#periodMs >= PERIOD_MS) {
      this.#periodMs = nowMs;
      this.#lines = 0;
    }
    if (this.#lines < LINES_MAX) {
      this.#lines++;
      return true;
    }
    if (this.#left === 0) this.#clock.after(PERIOD_MS, () => this.#tellLeft());
    this.#left++;
    return false;
  }

  #tellLeft(): void {
    this.#log.info('slow statements that were too many for the log', { count: this.#left });
    this.#left = 0;
  }
}

/** To whole microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
