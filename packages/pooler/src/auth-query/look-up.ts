import type { NoticeFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { OwnResult } from '../backend/own-run';
import { type ErrorKey, errorFields } from '../errors';
import type { SessionContext } from '../frontend/session-context';
import { makeBlank } from '../pool/blank-link';
import { OwnLease } from '../pool/own-lease';
import type { Pool } from '../pool/pool';
import type { UserName } from '../ports/names';
import { ownQuestion } from '../session-state/statement-messages';
import { type Answer, ROWS_MAX, readAnswer, type Seeker } from './answer';
import type { AuthQueryPlan } from './plan';

export type LookUpContext = Pick<
  SessionContext,
  'clock' | 'log' | 'settings' | 'opensLinks' | 'database' | 'databases' | 'pool'
>;

/**
 * So many databases of the `*` entry that nobody has got into may be there for the sake of look-ups:
 * their names come from strangers.
 */
const UNPROVEN_MAX = 100;

/**
 * - `new`: not begun; `waiting`: in the queue of a pool
 * - `preparing`: its link is brought to what a fresh one is; `asking`: auth_query runs
 * - `over`: everybody has been told, or has left; a link that is still busy goes back by itself
 */
type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'waiting'; readonly pool: Pool }
  | { readonly kind: 'preparing' | 'asking'; readonly link: Link }
  | { readonly kind: 'over' };

const ASCII = /^[\x20-\x7e]*$/;

/** Names are UTF-8; PostgreSQL would take them for others where it is told another encoding. */
function keepsNames(link: Link): boolean {
  const encoding = link.identity?.parameters.current('client_encoding') ?? 'UTF8';
  return encoding === 'UTF8' || encoding === 'SQL_ASCII';
}

const OVER: State = { kind: 'over' };

/**
 * Asks PostgreSQL once for the password of one user, on a link of the pool of auth_user. Knows nothing of
 * the clients that wait for it: nothing that they have sent but the name can reach the link.
 */
export class LookUp {
  readonly seekers = new Set<Seeker>();
  #state: State = { kind: 'new' };
  readonly #lease = new OwnLease({
    granted: (link) => this.#granted(link),
    refused: (error) => this.#fail('configError', error.message),
    linkLost: (link, reason) => this.#linkLost(link, reason),
  });
  readonly #context: LookUpContext;
  readonly #plan: AuthQueryPlan;
  readonly #user: UserName;
  readonly #over: () => void;

  /** `over` is called once, before the seekers are told. */
  constructor(context: LookUpContext, plan: AuthQueryPlan, user: UserName, over: () => void) {
    this.#context = context;
    this.#plan = plan;
    this.#user = user;
    this.#over = over;
  }

  /** The question has not been asked: what is true now will be in the answer. */
  get isOpen(): boolean {
    return this.#state.kind !== 'asking' && this.#state.kind !== 'over';
  }

  /** It has no link yet. */
  get isQueued(): boolean {
    return this.#state.kind === 'new' || this.#state.kind === 'waiting';
  }

  /** Queues for a link. May be over when this returns. */
  start(): void {
    const context = this.#context;
    const { database: name, user } = this.#plan;
    if (!context.opensLinks) {
      this.#end({ kind: 'failed', error: errorFields('serverShuttingDown') });
      return;
    }
    if (!context.databases.has(name) && this.#unproven() >= UNPROVEN_MAX) {
      this.#fail('configError', 'too many databases that nobody has got into: set auth_dbname');
      return;
    }
    const database = context.database(name);
    if (database === undefined) {
      this.#fail('configError', 'auth_dbname is not in [databases]');
      return;
    }
    const pool = context.pool(database, user);
    this.#state = { kind: 'waiting', pool };
    const link = pool.lease(this.#lease);
    if (link !== undefined) this.#granted(link);
  }

  #unproven(): number {
    let count = 0;
    for (const { automatic, counters } of this.#context.databases.values()) {
      if (automatic && counters.logins === 0) count++;
    }
    return count;
  }

  /** Nobody waits for it any more. What runs already may end, for a while. */
  abandon(): void {
    const state = this.#state;
    if (state.kind === 'waiting') state.pool.leave(this.#lease);
    else if (state.kind === 'preparing' || state.kind === 'asking') this.#limitTime(state.link);
    this.#state = OVER;
    this.#over();
  }

  #granted(link: Link): void {
    if (this.#state.kind !== 'waiting') {
      link.releaseNow();
      return;
    }
    const { pool } = this.#state;
    this.#state = { kind: 'preparing', link };
    this.#limitTime(link);
    makeBlank(link, { pool, lease: this.#lease }, (error) => this.#prepared(link, error));
  }

  #prepared(link: Link, error: NoticeFields | undefined): void {
    link.deadlineMs = 0;
    if (error !== undefined) {
      // First, so that the end of the link is no news.
      this.#fail('configError', `settings: ${error.code}: ${error.message}`);
      link.close('settings were refused');
      return;
    }
    if (this.#state.kind === 'preparing') this.#ask(link);
    else link.releaseNow();
  }

  #ask(link: Link): void {
    if (!keepsNames(link) && !ASCII.test(this.#user)) {
      this.#fail('configError', 'the name is not ASCII, and client_encoding of the link not UTF8');
      link.releaseNow();
      return;
    }
    this.#state = { kind: 'asking', link };
    const messages = ownQuestion(this.#plan.query, this.#user, { rowsMax: ROWS_MAX });
    link.runOwnMessages(messages, (result) => this.#answered(link, result), 'table');
  }

  #answered(link: Link, result: OwnResult): void {
    link.deadlineMs = 0;
    link.releaseNow();
    if (this.#state.kind !== 'asking') return;
    const reading = readAnswer(result, this.#user);
    if (reading.kind === 'odd') this.#fail('configError', reading.reason);
    else if (reading.kind === 'other') this.#foundOther();
    else this.#end(reading);
  }

  /** Nobody becomes somebody else by logging in. */
  #foundOther(): void {
    const { database, user } = this.#plan;
    this.#context.log.info('auth_query returned another user than it was asked for', {
      database,
      user,
    });
    this.#end({ kind: 'unknown' });
  }

  #linkLost(link: Link, reason: string): void {
    const state = this.#state;
    if ((state.kind !== 'preparing' && state.kind !== 'asking') || state.link !== link) return;
    this.#fail('serverLost', reason);
  }

  #limitTime(link: Link): void {
    const { clock, settings } = this.#context;
    link.limitTime({ nowMs: clock.nowMs(), limitMs: settings.serverConnectTimeoutMs });
  }

  /** `reason` is for the log: strangers are not told what our own login or query came to. */
  #fail(key: ErrorKey, reason: string): void {
    if (this.#state.kind === 'over') return;
    const { database, user } = this.#plan;
    this.#context.log.error('auth_query failed', { database, user, reason });
    this.#end({ kind: 'failed', error: errorFields(key) });
  }

  #end(answer: Answer): void {
    this.#state = OVER;
    const seekers = [...this.seekers];
    this.seekers.clear();
    this.#over();
    for (const seeker of seekers) seeker.found(answer);
  }
}
