import type { Link } from '../backend/link';
import type { PoolerContext } from '../pooler-context';
import { cleanSlateSql, EMPTY_PROFILE } from '../session-state/profile';
import type { Pool } from './pool';

/** Runs a pool's own statements between leases: the check query and the reset query. */
export class LinkCare {
  /** Links that a check query runs on: each will serve a waiter, unless it is lost. */
  testing = 0;
  readonly #context: PoolerContext;
  readonly #pool: Pool;

  constructor(context: PoolerContext, pool: Pool) {
    this.#context = context;
    this.#pool = pool;
  }

  /** Asks a link that has been idle for long whether it still works; then it is released. */
  test(link: Link, sql: string): void {
    this.testing++;
    link.onLost = () => {
      this.testing--;
      this.#context.soon(() => this.#pool.supply.fill());
    };
    this.#run(link, sql, 'check query');
  }

  /** Takes away what the last session has left on a link; then it is released. */
  reset(link: Link, sql: string): void {
    this.#run(link, sql, 'reset query');
  }

  /** Takes away everything that a session has left on a link; then it is released. */
  clean(link: Link): void {
    link.statements.clear();
    link.statements.takenOver = false;
    link.profile = EMPTY_PROFILE;
    link.wasReset = false;
    link.changedBy = 0;
    link.needsCleaning = false;
    this.#run(link, cleanSlateSql(EMPTY_PROFILE, link.connectQuery), 'cleaning');
  }

  /** A link on which the statement fails, or lasts too long, is closed. */
  #run(link: Link, sql: string, what: string): void {
    const { clock, settings } = this.#context;
    if (link.phase !== 'resetting') link.enter('resetting');
    link.limitTime({ nowMs: clock.nowMs(), limitMs: settings.serverConnectTimeoutMs });
    link.runOwn(sql, (result) => {
      if (result.kind === 'failed') {
        link.close(`${what} failed: ${result.error.message}`);
        return;
      }
      if (link.onLost !== undefined) this.testing--;
      link.onLost = undefined;
      this.#pool.released(link);
    });
  }
}
