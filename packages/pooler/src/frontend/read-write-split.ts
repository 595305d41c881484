import type { Link } from '../backend/link';
import { STATUS_IDLE } from '../backend/server-status';
import type { Pool } from '../pool/pool';
import { parseCausalToken } from '../routing/causal-token';
import type { PreparedText } from '../routing/group-route';
import { ROUTE, WAIT_LSN } from '../routing/own-settings';
import type { ReadJudge } from '../routing/read-judge';
import type { ReplicaPositions } from '../routing/replica-positions';
import type { RouteContext } from '../routing/route';
import type { RouteHint } from '../routing/route-hint';
import { SessionFloor } from '../routing/session-floor';
import { type Profile, withSetting } from '../session-state/profile';
import { isOfReplica } from '../topology/fit-servers';
import type { ReplicaServer } from '../topology/replica-servers';
import type { Admission } from './admission';
import { takeInstead } from './lease';
import { mayLoseLink } from './lost-link';
import { ReplicaWait } from './replica-wait';
import type { Session } from './session';

/** What a replica says of a statement that it cannot run, and the primary can. */
const ONLY_ON_PRIMARY: ReadonlySet<string> = new Set([
  // read_only_sql_transaction: it writes, or takes a lock
  '25006',
  // t_r_serialization_failure: what it reads is being replayed away
  '40001',
  // feature_not_supported: serializable transactions, for one
  '0A000',
]);

const SYNCHRONOUS_COMMIT = 'synchronous_commit';
const NOT_FLUSHED: ReadonlySet<string> = new Set(['off', 'false', 'no', '0']);

/** After so many refusals in a row a session's reads stay on the primary for a while. */
const REFUSALS_MAX = 3;
const KEEPS_AWAY_MS = 10_000;

/** `wait`: for a replica; what the client has sent is to be kept until then. */
export type Arrival = 'primary' | 'replica' | 'wait';

/**
 * Which server the statements of one session go to, as the database's `read_write_split` has it: chooses
 * the replica for a read, and knows what the session has seen, which that replica must have.
 */
export class ReadWriteSplit {
  /** Whose links the session takes, if not the primary's. */
  pool: Pool | undefined;
  readonly wait: ReplicaWait;
  /** What is being sent has been judged: nobody need ask again whether it is a read. */
  isJudged = false;
  /** What comes next is for the primary: a replica could not, or would not, run it. */
  #staysOnPrimary = false;
  /** What it has seen, which a replica must have before it may answer. Made when something is. */
  #floor: SessionFloor | undefined;
  #flooredBy: ReplicaPositions | undefined;
  /** It was answered while nobody told how far servers were. */
  #isPastUnknown = false;
  /** Of `pgweir.wait_lsn`, until it counts. */
  #token: string | undefined;
  /** In a row. */
  #refusals = 0;
  /** Until then no read goes to a replica; 0: they may. */
  #primaryUntilMs = 0;
  /** The replica has refused to run what is under way. */
  #isRefused = false;
  #profile: Profile | undefined;
  #context: RouteContext = NO_CONTEXT;
  readonly #session: Session;
  readonly #admission: Admission;
  readonly prepared: PreparedText = (bind) =>
    this.#session.state?.tracker.statements.boundBy(bind)?.statement.tail;
  readonly #isFit = (server: ReplicaServer): boolean => this.#mayUse(server);

  /** `isNew`: the client has not been answered yet; otherwise nobody knows what it has seen. */
  constructor(session: Session, admission: Admission, { isNew }: { readonly isNew: boolean }) {
    this.#session = session;
    this.#admission = admission;
    this.wait = new ReplicaWait(session, admission);
    const positions = this.#positions;
    if (!isNew && positions !== undefined) this.#floorOf(positions).sawPrimary(positions);
  }

  /** Whatever the client sends has to wait until the replica has answered. */
  get holdsBack(): boolean {
    const { link } = this.#session;
    return link !== undefined && isOfReplica(link) && link.owed.ready > 0;
  }

  /** Who knows whether a statement is a read; undefined: what comes is not for a replica anyway. */
  get judge(): ReadJudge | undefined {
    if (this.#staysOnPrimary || this.#keepsAway()) return undefined;
    return this.#session.context.reads(this.#admission.database).judge;
  }

  /** Of the cluster; undefined: nobody knows it. */
  get systemIdentifier(): string | undefined {
    return this.#positions?.systemIdentifier;
  }

  #keepsAway(): boolean {
    if (this.#primaryUntilMs === 0) return false;
    if (this.#session.context.clock.nowMs() < this.#primaryUntilMs) return true;
    this.#primaryUntilMs = 0;
    return false;
  }

  /** What the session's settings say about its routes. */
  get routeContext(): RouteContext {
    if (this.#session.settings.profile !== this.#profile) this.#readSettings();
    return this.#context;
  }

  #readSettings(): void {
    const { profile } = this.#session.settings;
    this.#profile = profile;
    const { values } = profile;
    this.#context = {
      isSerializable: values.get('default_transaction_isolation') === 'serializable',
      setting: hintOf(values.get(ROUTE)),
    };
    if (values.has(SYNCHRONOUS_COMMIT)) this.#noteCommits(values.get(SYNCHRONOUS_COMMIT));
    this.#takeToken(values.get(WAIT_LSN));
  }

  /** What commits wait for has been set: without a flush another position covers them. */
  #noteCommits(value: string | undefined): void {
    if (value === undefined || NOT_FLUSHED.has(value.toLowerCase()))
      this.#positions?.noteUnflushedCommits();
  }

  /** `SET pgweir.wait_lsn`: it has been heard, and need not go along to each link. */
  #takeToken(text: string | undefined): void {
    if (text === undefined) return;
    const { settings } = this.#session;
    settings.profile = withSetting(settings.profile, WAIT_LSN, undefined);
    this.#profile = settings.profile;
    this.#token = text;
  }

  /** @returns false as long as it is not known how far the token is; one that is none is never reached */
  #raiseToToken(positions: ReplicaPositions): boolean {
    if (this.#token === undefined) return true;
    const token = parseCausalToken(this.#token);
    if (token === undefined) return false;
    if (this.#floorOf(positions).raise(positions, token) !== 'raised') return false;
    this.#token = undefined;
    return true;
  }

  /** The session has no link, and something that is no read has come. */
  writeArrives(): Arrival {
    this.pool = undefined;
    return 'primary';
  }

  /** The session has no link, and a read has come. */
  readArrives(): Arrival {
    const { database, pool } = this.#admission;
    const replica = database.replicas.choose(this.#isFit);
    if (replica !== undefined) {
      this.wait.end();
      const { context } = this.#session;
      this.pool = pool.replicaPools.get(replica) ?? context.replicaPool(pool, replica);
      return 'replica';
    }
    this.pool = undefined;
    if (this.wait.begin(this.#positions)) return 'wait';
    database.counters.readsOnPrimary++;
    return 'primary';
  }

  #mayUse(server: ReplicaServer): boolean {
    const pool = this.#admission.pool.replicaPools.get(server);
    const positions = this.#positions;
    if (positions === undefined || (pool !== undefined && !this.#mayOpen(pool))) return false;
    if (!this.#raiseToToken(positions)) return false;
    return this.#floorOf(positions).isReachedBy(positions, server.endpoint);
  }

  /** A server that could not be reached is tried again when its gate says so, by one read at a time. */
  #mayOpen(pool: Pool): boolean {
    const { dialing, gate } = pool.supply;
    if (gate.isOpen || pool.hasLiveLink()) return true;
    return dialing === 0 && gate.waitMs(this.#session.context.clock.nowMs()) === 0;
  }

  get #positions(): ReplicaPositions | undefined {
    return this.#session.context.positions(this.#admission.database);
  }

  #floorOf(positions: ReplicaPositions): SessionFloor {
    if (this.#floor !== undefined && this.#flooredBy === positions) return this.#floor;
    const floor = new SessionFloor(positions);
    // The split has been off meanwhile: what was seen before is told in ticks that nobody knows any more.
    if (this.#floor !== undefined || this.#isPastUnknown) floor.sawPrimary(positions);
    this.#isPastUnknown = false;
    this.#floor = floor;
    this.#flooredBy = positions;
    return floor;
  }

  /**
   * A link has come that the session has waited for. @returns false when it is one to a replica that is
   * not fit any more: it may have been started anew meanwhile
   */
  takes(link: Link): boolean {
    const replica = isOfReplica(link) ? this.pool?.replica : undefined;
    return replica === undefined || this.#mayUse(replica);
  }

  /** What comes next goes to the primary, whatever it is. */
  stayOnPrimary(): void {
    this.pool = undefined;
    this.#staysOnPrimary = true;
  }

  /** The replica will not have the session's settings: it may lack what they name, or not have it yet. */
  refusesSettings(): void {
    this.#countRefusal();
    this.stayOnPrimary();
  }

  /** No link to the replica is to be had. @returns false where the session waits for the primary */
  refused(): boolean {
    if (this.pool === undefined) return false;
    const session = this.#session;
    const { counters, settings } = this.#admission.database;
    if (settings.replicaFallback === 'wait' && session.phase === 'waiting') {
      this.pool = undefined;
      this.wait.beginAnew();
      return true;
    }
    this.stayOnPrimary();
    counters.readsOnPrimary++;
    takeInstead(session);
    return true;
  }

  /**
   * The server has answered with an error of this SQLSTATE: whether the client need not hear of it,
   * because the primary is asked instead.
   */
  takesBack(link: Link, code: string): boolean {
    const { state, unanswered } = this.#session;
    // What it keeps the link for would be lost with it.
    if (state?.pinned === true) return false;
    if (!ONLY_ON_PRIMARY.has(code) || !isOfReplica(link)) return false;
    if (link.status !== STATUS_IDLE || unanswered === undefined) return false;
    if (unanswered.begun || unanswered.isAgain) return false;
    this.#isRefused = mayLoseLink(this.#session, link);
    return this.#isRefused;
  }

  /** Each refusal costs a link: who is refused again and again (as for a role's settings) keeps away. */
  #countRefusal(): void {
    if (++this.#refusals < REFUSALS_MAX) return;
    this.#refusals = 0;
    this.#primaryUntilMs = this.#session.context.clock.nowMs() + KEEPS_AWAY_MS;
  }

  /** The link is gone: whether that is so because the replica has refused what was under way. */
  takeRefusal(): boolean {
    const isRefused = this.#isRefused;
    this.#isRefused = false;
    return isRefused;
  }

  /** A transaction is over. */
  answered(link: Link): void {
    if (isOfReplica(link)) {
      this.#refusals = 0;
      this.#admission.database.counters.replicaTransactions++;
      if (this.pool?.replica !== undefined) this.pool.replica.transactions++;
    }
    this.sawServerOf(link);
  }

  /** What the server of this link has, the session has seen, or may have: its link is lost. */
  sawServerOf(link: Link): void {
    const positions = this.#positions;
    if (positions === undefined) {
      this.#isPastUnknown = true;
      return;
    }
    const { settings, state } = this.#session;
    if (state?.settingsOpen === true && state.openSettings.has(SYNCHRONOUS_COMMIT))
      this.#noteCommits(undefined);
    if (settings.profile !== this.#profile) this.#readSettings();
    const floor = this.#floorOf(positions);
    const replica = isOfReplica(link) ? this.pool?.replica : undefined;
    if (replica === undefined) floor.sawPrimary(positions);
    else floor.sawReplica(positions, replica.endpoint);
  }

  /** The session gives its link back, or has lost it. */
  leaseEnds(link: Link): void {
    this.wait.forget();
    if (this.#isRefused) this.#countRefusal();
    if (!isOfReplica(link)) this.#staysOnPrimary = false;
    this.pool = undefined;
  }

  /**
   * ReadyForQuery has come, and what it means has been seen to: what was kept behind it may go on, as soon
   * as the link has been given back. It may be the one that is wanted next.
   */
  replyEnded(): void {
    const session = this.#session;
    if (session.input.hasKept) session.context.soon(() => session.resumeKept());
  }

  /** Waits for nothing any more; what comes next is decided on anew. */
  leave(): void {
    this.wait.forget();
    this.pool?.leave(this.#session);
    this.pool = undefined;
  }

  /** A reload has turned it off: who waits for a replica waits for the primary from now on. */
  turnOff(): void {
    const { pool } = this;
    this.pool = undefined;
    this.wait.routeAgain();
    if (pool === undefined || this.#session.phase !== 'waiting') return;
    pool.leave(this.#session);
    takeInstead(this.#session);
  }
}

const NO_CONTEXT: RouteContext = {
  isSerializable: false,
  setting: 'none',
};

function hintOf(value: string | undefined): RouteHint {
  return value === 'primary' || value === 'replica' ? value : 'none';
}
