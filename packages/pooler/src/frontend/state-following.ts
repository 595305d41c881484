import type { ErrorFields } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { OwnResult, OwnWant } from '../backend/own-run';
import { STATUS_FAILED, STATUS_IDLE } from '../backend/server-status';
import { Listener } from '../listen/listener';
import { renumbered } from '../listen/notification';
import { markSpeech } from '../listen/speech-mark';
import type { PoolLimits } from '../pool/pool-limits';
import type { ClientId } from '../ports/names';
import { EVERY_PIN, Pin } from '../session-state/pins';
import type { SessionSettings } from '../session-state/session-settings';
import type { Verdict } from '../session-state/state-watch';
import { Tracker } from '../session-state/tracker';
import type { Admission } from './admission';
import { Pinning } from './pinning';
import type { Session } from './session';
import type { SessionContext } from './session-context';
import { TextInParts } from './text-in-parts';
import { hasOwnNames, tidied, tidyingFrames } from './tidying';
import { staysOn } from './whole-lease';
import { WithheldNews } from './withheld-news';

/** As the default of max_prepared_statements. */
const PREPARED_STATEMENTS_MAX = 200;

/**
 * Joins a session to what follows its state: runs our own statements on its link, decides with the
 * tracker's verdict whether a lease goes on, and lets the client's input go on when it may.
 */
export class StateFollowing {
  tracker: Tracker;
  /** Its place among those of its pool that keep their links. */
  readonly pinning: Pinning;
  /** Undefined: it never listened to anything. */
  listener: Listener | undefined;
  /** It has sent notifications in the transaction that is under way, and somebody listens. */
  notifies = false;
  text: TextInParts;
  withheld: WithheldNews;
  readonly #session: Session;
  readonly #context: SessionContext;
  readonly #admission: Admission;

  constructor(session: Session, context: SessionContext, admission: Admission) {
    this.#session = session;
    this.text = new TextInParts(session, this);
    this.withheld = new WithheldNews(session);
    this.#context = context;
    this.#admission = admission;
    this.tracker = new Tracker(this, context.stateKnowledge);
    this.pinning = new Pinning(session, context, this);
  }

  /** The link is gone. What the client has prepared stays, as far as it can be prepared again. */
  beginAgain(): void {
    const { own } = this.tracker.statements;
    own.keepRepeatable();
    this.tracker.watch.unpin(EVERY_PIN);
    this.pinning.beginAgain();
    this.text = new TextInParts(this.#session, this);
    this.withheld = new WithheldNews(this.#session);
    this.tracker = new Tracker(this, this.#context.stateKnowledge, own);
    this.notifies = false;
    this.#session.withholds = false;
    this.interposeIfNeeded();
  }

  get id(): ClientId {
    return this.#session.id;
  }

  get link(): Link | undefined {
    return this.#session.link;
  }

  get admission(): Admission {
    return this.#admission;
  }

  get settings(): SessionSettings {
    return this.#session.settings;
  }

  get nowMs(): number {
    return this.#context.clock.nowMs();
  }

  get #limits(): PoolLimits {
    return this.#admission.pool.limits;
  }

  get sessionState(): PoolLimits['sessionState'] {
    return this.#session.mode === 'session' ? 'track' : this.#limits.sessionState;
  }

  get tracksState(): boolean {
    return this.sessionState !== 'leak';
  }

  /** Of a link. Who is followed has names that are kept apart, whether a number was asked for or not. */
  get preparedStatementsMax(): number {
    return this.#limits.preparedStatementsMax || PREPARED_STATEMENTS_MAX;
  }

  get settingsOpen(): boolean {
    return this.tracker.watch.settingsOpen;
  }

  /** Settings that may have changed in the open transaction, and when. */
  get openSettings(): ReadonlyMap<string, number> {
    return this.tracker.watch.openSettings;
  }

  /** The transaction is over in which these settings have changed, and what they are is known. */
  settingsClosed(changes: ReadonlyMap<string, number>): void {
    this.tracker.statements.settingsClosed(changes);
  }

  /** What it prepares on the link now may be about tables that nobody else sees. */
  seesOwnSchema(link: Link): boolean {
    return link.schemaChanged || this.tracker.watch.mayHaveTemp;
  }

  get pinned(): boolean {
    return this.tracker.watch.pins !== 0;
  }

  /** Nothing is known here that has to be known when the client says something again. */
  get isBlank(): boolean {
    const { holding, sqlPrepared, statements, touched, watch } = this.tracker;
    if (this.listener !== undefined || this.notifies || this.text.isPending) return false;
    if (touched || holding || watch.pending || watch.settingsOpen || this.pinned) return false;
    return this.pinning.isBlank && statements.own.isEmpty && sqlPrepared.isBlank;
  }

  /** The client's input has to wait. */
  get holding(): boolean {
    return this.tracker.holding || this.listener?.holding === true;
  }

  /** The session's link, when nothing goes on there and listening is something that it is kept for. */
  get quietLink(): Link | undefined {
    const { input, link, mode, phase } = this.#session;
    const { watch } = this.tracker;
    if (link === undefined || phase !== 'active' || mode === 'session') return undefined;
    if ((watch.pins & Pin.Listen) === 0) return undefined;
    if (watch.pending || this.holding || input.hasKept) return undefined;
    if (!link.owed.settled || link.status !== STATUS_IDLE || link.busyWithOwn) return undefined;
    return !link.midFrame && link.reader.bodyLeft === 0 ? link : undefined;
  }

  /** Listening is all that the session needs its link for. */
  get onlyListens(): boolean {
    const { link } = this.#session;
    const { pins } = this.tracker.watch;
    return link !== undefined && pins === Pin.Listen && !hasOwnNames(link);
  }

  /** The one who listens for this session. */
  listens(): Listener {
    this.listener ??= new Listener(this.#session, this.#context, this);
    return this.listener;
  }

  /** It sends notifications. @returns whether somebody may want to know that they are its own */
  sendsNotifications(): boolean {
    if (this.#admission.database.listening?.link === undefined) return false;
    this.notifies = true;
    return true;
  }

  /** Sends one of our errors and closes. */
  failWith(error: ErrorFields, why: string): void {
    this.#session.failWith(error, why);
  }

  /** PostgreSQL reads data now, which must not be kept. */
  copyInBegan(): void {
    if (!this.tracker.holding) return;
    this.tracker.holding = false;
    this.#session.resumeKept();
  }

  /** Runs a statement of ours, or groups of messages, between those of the client. */
  runOwn(
    link: Link,
    what: string | readonly Buffer[],
    done: (result: OwnResult) => void,
    want: OwnWant = 'outcome',
  ): void {
    const limitMs = this.#context.settings.serverConnectTimeoutMs;
    link.limitTime({ nowMs: this.nowMs, limitMs });
    this.#run(link, what, done, want);
  }

  /**
   * The same for what belongs to a statement of the client's: it takes the time that it takes, and the
   * client may cancel it. A transaction of its own is over behind it in any case.
   */
  runForClient(
    link: Link,
    what: readonly Buffer[],
    done: (result: OwnResult) => void,
    want: OwnWant = 'outcome',
  ): void {
    const wasIdle = link.status === STATUS_IDLE;
    const ended = (result: OwnResult): void => {
      if (!wasIdle || link.status === STATUS_IDLE) done(result);
      // The ROLLBACK was canceled.
      else this.runOwn(link, 'ROLLBACK', () => done(result));
    };
    this.#run(link, what, ended, want);
    link.own.forClient = true;
  }

  #run(
    link: Link,
    what: string | readonly Buffer[],
    done: (result: OwnResult) => void,
    want: OwnWant,
  ): void {
    const session = this.#session;
    const finished = (result: OwnResult): void => {
      link.deadlineMs = 0;
      if (session.phase === 'closed') {
        // Nobody knows any more what is on it.
        link.needsCleaning = true;
        link.releaseNow();
        return;
      }
      done(result);
      if (session.link?.busyWithOwn !== true) session.resumeKept();
    };
    if (typeof what === 'string') link.runOwn(what, finished, want);
    else link.runOwnMessages(what, finished, want);
  }

  /** From here on the client hears of no setting until the statement's whole effect is known. */
  withhold(): void {
    this.withheld.begin();
  }

  /** ReadyForQuery has come, which the session is the one to send on, if it is for the client. */
  sayReady(link: Link): void {
    if (!this.text.isPending) this.listener?.sayReady(link);
  }

  /** ReadyForQuery goes to the client by way of us, or at once. */
  interposeIfNeeded(): void {
    this.#session.interposes = this.listener?.interposes === true || this.text.isPending;
  }

  /** ErrorResponse. */
  groupFails(link: Link): void {
    if (link.owed.uncertain && this.tracker.holding) {
      // What it waits for may be skipped; what ends that is among what is held up.
      this.tracker.holding = false;
      this.#session.resumeKept();
    }
    if (this.text.isPending) this.text.fails();
    this.tracker.watch.groupFails();
    this.listener?.groupFails();
  }

  /** In an error stands the name that the client knows. */
  inClientsWords(body: Buffer): Buffer {
    return this.tracker.statements.withOwnNames(body);
  }

  /**
   * ReadyForQuery inside a transaction: the client goes on, unless something has to be made up for.
   */
  readyInTransaction(link: Link): void {
    if (link.owed.settled) this.tracker.quiet();
    const { watch } = this.tracker;
    const witness = this.listener?.groupEnded(link);
    if (!this.tracker.holding) return;
    this.tracker.holding = false;
    const undone = watch.startupSettingsUndone();
    const restores = undone.length > 0 && link.status !== STATUS_FAILED;
    if (restores || witness !== undefined) {
      if (restores) watch.startupSettingsRestored();
      const statements = restores ? [this.settings.startupSql(undone)] : [];
      if (witness !== undefined) statements.push(witness);
      this.runOwn(link, statements.join(';'), (result) => {
        if (result.kind === 'done' && restores) this.settings.restored(undone);
        this.withheld.tell(link, this.listener);
      });
      return;
    }
    this.withheld.tell(link, this.listener);
    this.#session.resumeKept();
  }

  /**
   * ReadyForQuery outside of a transaction, nothing is owed.
   *
   * @returns whether the lease goes on for now
   */
  keeps(link: Link): boolean {
    if (!this.notifies) return this.#keeps(link);
    const listens = this.listener?.hearsVirtually === true;
    this.notifies = false;
    const hub = this.#admission.database.listening;
    if (hub?.hears(link) !== true) return this.#keeps(link);
    this.tracker.holding = true;
    markSpeech(hub, link, { host: this, clock: this.#context.clock, listens }, () => {
      const here = this.#session.phase !== 'closed' && this.#session.link === link;
      if (here && !this.#keeps(link)) this.settled(link, 'free');
    });
    return true;
  }

  #keeps(link: Link): boolean {
    if (!this.tracker.touched && this.listener === undefined && !hasOwnNames(link)) return false;
    this.tracker.quiet();
    const verdict = this.tracker.settle(link);
    if (verdict === 'asking') return true;
    if (verdict === 'pinned' || staysOn(this.#session, link)) {
      this.settled(link, verdict);
      return true;
    }
    this.withheld.tell(link, this.listener);
    this.listener?.sayWithheld();
    if (!this.#needsTidying(link)) {
      this.tracker.touched = false;
      return false;
    }
    this.tracker.holding = false;
    this.#tidy(link);
    return true;
  }

  /** PostgreSQL has said what the transaction has left. */
  settled(link: Link, verdict: Exclude<Verdict, 'asking'>): void {
    const stays = verdict === 'pinned' || staysOn(this.#session, link);
    const tidying = stays ? this.listener?.takeTidying() : undefined;
    if (tidying !== undefined) {
      this.runOwn(link, tidying, () => this.settled(link, verdict));
      return;
    }
    this.tracker.holding = false;
    this.withheld.tell(link, this.listener);
    this.listener?.sayWithheld();
    if (stays) {
      this.tracker.touched &&= verdict !== 'free';
      const { listener, quietLink } = this;
      if (quietLink !== undefined && listener?.handOver.begin(quietLink) === true) return;
      this.#session.stay(link);
      return;
    }
    if (this.#needsTidying(link)) this.#tidy(link);
    else this.#session.endLeaseNow(link);
    this.#session.resumeKept();
  }

  /** There is something of the session's on the link that others must not find. */
  leavesTraces(link: Link): boolean {
    return this.tracker.watch.pending || this.#needsTidying(link);
  }

  #needsTidying(link: Link): boolean {
    return this.listener?.doubled === link || hasOwnNames(link);
  }

  /** What others must not find is taken off the link. */
  #tidy(link: Link): void {
    const frames = tidyingFrames(link, { listens: this.listener?.doubled === link });
    this.runOwn(link, frames, (result) => {
      this.listener?.linkIsSilent();
      if (result.kind === 'failed') link.needsCleaning = true;
      tidied(link);
      this.#session.endLeaseNow(link);
    });
  }

  /** The session leaves its link for good. */
  leave(link: Link): void {
    this.tracker.watch.leave(link);
    this.listener?.leaveLink(link);
    if (this.#needsTidying(link)) link.needsCleaning = true;
  }

  /** The session is gone. */
  left(): void {
    this.pinning.left();
    this.listener?.leave();
  }

  /** A notification came on the link; it goes to the client if that has the link to itself. */
  notified(link: Link, body: Buffer): void {
    if (this.listener !== undefined) {
      this.listener.notified(link, body);
      return;
    }
    if (!this.pinned && !this.tracker.watch.pending) return;
    const message = renumbered(body, link, this.#admission.cancel.processId);
    this.#session.fromLink(message, 0, message.length);
  }
}
