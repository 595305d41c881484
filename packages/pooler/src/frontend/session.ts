import { Backend, type ErrorFields, FrameReader } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { isServersEnd, STATUS_IDLE } from '../backend/server-status';
import { type ErrorInstead, type ErrorKey, errorFields, InvariantBreach } from '../errors';
import type { ClientLimits } from '../pool/pool-limits';
import type { Waiter } from '../pool/wait-queue';
import type { DedicatedWaiter } from '../pool/waiters';
import type { ClientId } from '../ports/names';
import type { Address, TlsInfo, Wire, WireHandler } from '../ports/transport';
import { relayDown } from '../relay/downstream';
import { relayFollowed } from '../relay/followed-downstream';
import { relayPlain } from '../relay/plain-statement';
import type { Profile } from '../session-state/profile';
import { SessionSettings } from '../session-state/session-settings';
import { frameOf } from '../session-state/statement-messages';
import type { PoolMode } from '../settings/settings';
import type { StatementMeter } from '../statements/statement-meter';
import type { SessionPin } from '../stats/session-pin';
import type { SessionTrace } from '../tracing/session-trace';
import type { Admission, LoginSteps } from './admission';
import type { Aftermath } from './aftermath';
import { cancelQueued } from './cancel-queued';
import { clientFault } from './client-fault';
import { ClientInput } from './client-input';
import { beginLease, takeGranted } from './lease';
import { linkWasLost } from './lost-link';
import type { ReadWriteSplit } from './read-write-split';
import type { Replay } from './replay';
import { replyEnded } from './reply-end';
import type { SessionContext } from './session-context';
import {
  answerIsCut,
  closeSession,
  endDraining,
  failSession,
  hangUp,
  sayGoodbye,
  serverFailed,
  wireClosed,
} from './session-end';
import { applyLimits } from './session-limits';
import { mayMove, type SessionPhase } from './session-phase';
import { StateFollowing } from './state-following';
import type { Unanswered } from './unanswered';
import type { VirtualLink } from './virtual-link';
import { letGo } from './whole-lease';

/** Our side of one client, from accept to close. */
export class Session implements WireHandler, DedicatedWaiter {
  phase: SessionPhase = 'startup';
  link: Link | undefined;
  admission: Admission | undefined;
  /** What the startup packet names, not proven; for the log. */
  claimed: { readonly user: string; readonly database: string } | undefined;
  login: LoginSteps | undefined;
  applicationName = '';
  /** Counts for `max_client_conn`. */
  counted = false;
  /** Its place in a virtual database, if it is there. */
  virtual: VirtualLink | undefined;
  readonly settings = new SessionSettings();
  /** Undefined: nobody looks at what it leaves on its links. */
  state: StateFollowing | undefined;
  tracksState = false;
  interposes = false;
  leaksState = false;
  withholds = false;
  /** A link was opened, or is to be, for this client alone. */
  hasOwnLink = false;
  mode: PoolMode = 'session';
  limits: ClientLimits | undefined;
  readonly reader: FrameReader;
  /** The current frame goes nowhere. */
  dropping = false;
  /** A queued statement was cancelled: what belongs to it is dropped until it would have ended. */
  skipping = false;
  /** A NOTICE that it is queued has been sent for the current wait. */
  toldOfWait = false;
  readonly connectedAtMs: number;
  /** Last moment at which it began or finished something. */
  activeAtMs: number;
  waitingSinceMs = 0;
  queueNext: Waiter | undefined;
  queuePrevious: Waiter | undefined;
  queue: unknown;
  /** Its messages are looked at. */
  follows = false;
  /** What it has under way on its link. Undefined: it does not survive the loss of that. */
  unanswered: Unanswered | undefined;
  /** Decides which server its statements go to. Undefined: there is nothing to decide. */
  split: ReadWriteSplit | undefined;
  /** In session mode: it has had a link, this one or another. */
  hadLink = false;
  /** Measures its statements. Undefined: nobody wants to know. */
  meter: StatementMeter | undefined;
  /** What the client is still to hear of a link that was lost. */
  aftermath: Aftermath | undefined;
  /** What runs again before the client hears of that. */
  replay: Replay | undefined;
  /** What is noted of its transactions. Undefined: nobody wants to know. */
  trace: SessionTrace | undefined;
  /** The link is being brought to this session's settings. */
  preparing = false;
  /** A cancel request came while the link was being prepared. */
  cancelWanted = false;
  readonly id: ClientId;
  readonly wire: Wire;
  readonly input: ClientInput;
  readonly context: SessionContext;
  /** Where the client is: at the other end of the wire, or where a load balancer says. */
  remote: Address;
  /** The load balancer that passes the client on. Undefined: nobody is in between. */
  via: Address | undefined;

  constructor(context: SessionContext, id: ClientId, wire: Wire) {
    this.context = context;
    this.id = id;
    this.wire = wire;
    this.remote = wire.remote;
    this.input = new ClientInput(this);
    this.reader = new FrameReader(context.settings.packetBytesMax);
    this.connectedAtMs = context.clock.nowMs();
    this.activeAtMs = this.connectedAtMs;
  }

  get gone(): boolean {
    return this.phase === 'closed';
  }

  get toldProcessId(): number {
    return this.admission?.cancel.processId ?? 0;
  }

  /** Something that the client has not asked for may be put in front of what comes next. */
  get speakable(): boolean {
    const { link, phase } = this;
    if (this.wire.congested) return false;
    if (phase === 'idle' || phase === 'waiting') return true;
    if (phase !== 'active' || link === undefined) return false;
    const between = link.busyWithOwn || (link.owed.settled && !link.midFrame);
    return between && link.status === STATUS_IDLE && !answerIsCut(this);
  }

  /** Why it keeps its link beyond the transaction, if it does. */
  get pin(): SessionPin | undefined {
    return this.state?.tracker.watch.pin;
  }

  get startupParameters(): ReadonlyMap<string, string> {
    return this.login?.startupParameters ?? new Map();
  }

  /** Moves to another phase: the only door. */
  enter(next: SessionPhase): void {
    const from = this.phase;
    if (from === next) return;
    // Not `invariant`: its text would be built on every move.
    if (!mayMove(from, next)) {
      throw new InvariantBreach(`session: ${from} -> ${next}`);
    }
    this.phase = next;
  }

  /** Login is over. For replication, the link that was opened for it comes along. */
  begin(profile: Profile, link: Link | undefined): void {
    this.settings.begin(profile);
    this.login = undefined;
    this.wire.handler = this;
    this.enter('idle');
    this.refreshLimits({ isNew: true });
    this.link = link;
    if (link !== undefined) this.enter('active');
    this.activeAtMs = this.context.clock.nowMs();
    this.resumeKept();
  }

  /** Settings have changed, or the client has been let in: it is new as long as its login goes on. */
  refreshLimits(age = { isNew: this.login !== undefined }): void {
    if (this.admission !== undefined) applyLimits(this, this.admission, age);
  }

  received(buffer: Buffer, length: number): void {
    const admission = this.admission;
    if (this.phase === 'closed' || admission === undefined) return;
    admission.database.counters.receivedBytes += length;
    if (this.phase === 'draining') return;
    const { clock } = this.context;
    clock.chunkBegins();
    try {
      this.trace?.heard(buffer, length);
      if (this.blocked || this.input.hasKept) this.input.keepChunk(buffer.subarray(0, length));
      else this.relay(buffer, length);
    } finally {
      clock.chunkEnds();
    }
  }

  /** Whatever the client sends has to wait. */
  get blocked(): boolean {
    const { context, link, phase, replay, split, state } = this;
    if (phase === 'waiting' || link?.busyWithOwn === true || state?.holding === true) return true;
    return context.orders.suspended || split?.holdsBack === true || replay?.holdsBack === true;
  }

  /** Looks at bytes of the client and sends them on, or keeps them. */
  relay(buffer: Buffer, length: number): void {
    try {
      if (this.follows && this.state === undefined && this.admission !== undefined) {
        if (!this.survivesLoss && relayPlain(this, buffer, length)) return;
        this.state = new StateFollowing(this, this.context, this.admission);
      }
      if (this.state === undefined) relayDown(this, buffer, length);
      else relayFollowed(this, this.state, buffer, length);
    } catch (error) {
      const fault = clientFault(error);
      if (fault === undefined) throw error;
      this.fail(fault.key, fault.detail, fault.why);
    }
  }

  /** `disable_pqexec` holds. */
  get refusesSimpleQuery(): boolean {
    return this.context.settings.disableSimpleQuery;
  }

  granted(link: Link): void {
    takeGranted(this, link);
  }

  refused(error: ErrorFields): void {
    if (this.split?.refused() !== true) this.failWith(error, 'no link');
  }

  /** What was kept goes on, if nothing is in its way. */
  resumeKept(): void {
    this.input.resumeKept();
  }

  /** Sends what PostgreSQL would say. */
  answer(bytes: Buffer): void {
    this.fromLink(bytes, 0, bytes.length);
  }

  /** Gives the link back outside of a chunk. */
  endLeaseNow(link: Link): void {
    if (this.link !== link) return;
    // What nobody has tidied up must not reach the next one.
    if (this.state?.leavesTraces(link) === true) link.needsCleaning = true;
    this.giveAway(link);
    link.releaseNow();
  }

  /** The lease is over; what becomes of the link is for others to say. */
  giveAway(link: Link): void {
    if (this.link !== link) return;
    this.split?.leaseEnds(link);
    this.link = undefined;
    this.enter('idle');
    this.input.goOn();
  }

  /** Keeps the link beyond the transaction, in the state that the session expects. */
  stay(link: Link): void {
    if (link.profile.key !== this.settings.profile.key) beginLease(this, link);
    else this.resumeKept();
  }

  fromLink(bytes: Buffer, start: number, end: number): boolean {
    if (this.input.gone) return true;
    const counters = this.admission?.database.counters;
    if (counters !== undefined) counters.sentBytes += end - start;
    if (this.unanswered !== undefined) this.unanswered.begun = true;
    return this.wire.write(bytes, start, end);
  }

  parameterChanged(link: Link, name: string, value: string): void {
    this.settings.reported(link, name, value);
    if (name === 'application_name') this.applicationName = value;
  }

  sayReady(link: Link): void {
    this.state?.sayReady(link);
  }

  ready(link: Link): void {
    replyEnded(this, link);
  }

  statementDeallocated(): void {
    this.state?.tracker.deallocated();
  }

  statementsDropped(link: Link, everything: boolean): void {
    if (this.state === undefined) link.statements.clear();
    else this.state.tracker.statementsDropped(link, everything);
  }

  get renamesStatements(): boolean {
    return this.state !== undefined;
  }

  inClientsWords(body: Buffer): Buffer {
    return frameOf(Backend.ErrorResponse, this.state?.inClientsWords(body) ?? body);
  }

  notified(link: Link, body: Buffer): void {
    this.state?.notified(link, body);
  }

  copyInBegan(link: Link): void {
    // Nobody is left who could send the data.
    if (this.phase === 'draining') endDraining(this, link);
    else this.state?.copyInBegan();
  }

  get tellsAnswersApart(): boolean {
    return this.unanswered !== undefined;
  }

  /** What it sends and hears is looked at, for the case that its link is lost. */
  get survivesLoss(): boolean {
    return (this.unanswered ?? this.aftermath ?? this.replay) !== undefined;
  }

  survives(code: string): boolean {
    return this.phase === 'active' && this.unanswered !== undefined && isServersEnd(code);
  }

  takesBack(link: Link, code: string): boolean {
    return this.split?.takesBack(link, code) === true;
  }

  failed(link: Link, code: string, instead: ErrorInstead | undefined): void {
    serverFailed(this, link, code, instead);
  }

  linkDrained(): void {
    this.input.linkDrained();
  }

  letGo(link: Link): void {
    letGo(this, link);
  }

  linkLost(link: Link, reason: string): void {
    linkWasLost(this, link, reason);
  }

  /** A cancel request with this session's key has arrived. */
  cancelRequested(): 'canceled' | 'idle' | { readonly link: Link } {
    return cancelQueued(this);
  }

  /** The client has said goodbye (Terminate). */
  terminated(): void {
    sayGoodbye(this);
  }

  connected(): void {
    // Accepted wires are connected from the start.
  }

  secured(_info: TlsInfo): void {
    // TLS comes before login.
  }

  drained(): void {
    this.link?.resumeReading();
    this.state?.listener?.flush();
    if (this.phase === 'idle') this.resumeKept();
    else this.input.goOn();
  }

  ended(): void {
    if (this.phase === 'draining') return;
    // What it has said before is still to be done, if it has said goodbye.
    if (this.phase === 'active' && this.blocked && this.input.holdUntilEnd()) return;
    hangUp(this, 'client unexpected eof');
  }

  closed(cause: Error | undefined): void {
    wireClosed(this, cause);
  }

  /** Sends one of our errors and closes. It is logged first. `why` is for the log only. */
  fail(key: ErrorKey, detail = '', why = ''): void {
    this.failWith(errorFields(key, detail), why);
  }

  failWith(error: ErrorFields, why: string): void {
    failSession(this, error, why);
  }

  /** Ends the session after what has been written. */
  close(reason: string): void {
    closeSession(this, reason);
  }
}
