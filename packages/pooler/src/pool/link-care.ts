import type { Link } from '../backend/link';
import type { PoolerContext } from '../pooler-context';
import type { ServerName } from '../ports/names';
import { cleanSlateSql, EMPTY_PROFILE } from '../session-state/profile';
import type { Pool } from './pool';
import { idleShares, serverShares } from './server-shares';

/** How often a server is asked again what it allows. Usually nothing but a restart changes it. */
const ASK_AGAIN_MS = 60_000;

/** Runs a pool's own statements between leases: the check query and the reset query. */
export class LinkCare {
  /** Links that a check query runs on: each will serve a waiter, unless it is lost. */
  testing = 0;
  readonly #askedAtMs = new Map<ServerName, number>();
  readonly #context: PoolerContext;
  readonly #pool: Pool;

  constructor(context: PoolerContext, pool: Pool) {
    this.#context = context;
    this.#pool = pool;
  }

  /** Asks a link that has been idle for long whether it still works; then it is released. */
  test(link: Link, sql: string): void {
    this.#countTest(link);
    this.#run(link, sql, 'check query');
  }

  #countTest(link: Link): void {
    this.testing++;
    link.onLost = () => {
      this.testing--;
      this.#context.soon(() => this.#pool.supply.fill());
    };
  }

  /**
   * Asks the server of a link for its `max_connections`, if a part of them is what links may have and it
   * is time to; then the link is released.
   *
   * @returns false: not now
   */
  asksServer(link: Link): boolean {
    const { target } = link;
    if (target === undefined || !this.#wantsToKnow(target.server)) return false;
    const { server } = target;
    const { clock, log } = this.#context;
    const nowMs = clock.nowMs();
    const lastMs = this.#askedAtMs.get(server) ?? Number.NEGATIVE_INFINITY;
    if (target.allows !== 0 && nowMs - lastMs < ASK_AGAIN_MS) return false;
    this.#askedAtMs.set(server, nowMs);
    this.#countTest(link);
    this.#begin(link);
    link.runOwn(
      'SHOW max_connections',
      (result) => {
        const allows = result.kind === 'done' ? Number(result.row?.[0]) : Number.NaN;
        const isKnown = Number.isSafeInteger(allows) && allows > 0;
        target.allows = isKnown ? allows : -1;
        if (isKnown) link.permit.serverAllows(allows);
        else log.warn('server does not say what its max_connections is', { server });
        this.#over(link);
      },
      'row',
    );
    return true;
  }

  #wantsToKnow(server: ServerName): boolean {
    const { settings, topology } = this.#context;
    const { current } = topology;
    return serverShares(settings, current).has(server) || idleShares(settings, current).has(server);
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
    this.#begin(link);
    link.runOwn(sql, (result) => {
      if (result.kind === 'failed') {
        link.close(`${what} failed: ${result.error.message}`);
        return;
      }
      this.#over(link);
    });
  }

  #begin(link: Link): void {
    const { clock, settings } = this.#context;
    if (link.phase !== 'resetting') link.enter('resetting');
    link.limitTime({ nowMs: clock.nowMs(), limitMs: settings.serverConnectTimeoutMs });
  }

  #over(link: Link): void {
    if (link.onLost !== undefined) this.testing--;
    link.onLost = undefined;
    this.#pool.released(link);
  }
}
