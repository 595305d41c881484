import type { Link } from '../backend/link';
import { STATUS_FAILED, STATUS_IDLE } from '../backend/server-status';
import type { Admission } from '../frontend/admission';
import type { Session } from '../frontend/session';
import type {
  ObservedServer,
  ObservedTransaction,
  TraceParent,
} from '../ports/transaction-observer';
import { ClientStream, type StreamListener, type TextPart } from './client-stream';
import { ParentSetting } from './parent-setting';
import { SaidAhead } from './said-ahead';
import { parentChange } from './set-parent';
import { parentBehind, parentInFront } from './text-parent';
import type { Tracing } from './tracing';
import { TransactionTimes } from './transaction-times';

/** What notes the transactions of a session by today's settings; undefined: nobody wants to know. */
export function traceOf(session: Session, admission: Admission): SessionTrace | undefined {
  const { settings, tracing } = session.context;
  if (tracing === undefined || settings.tracing === undefined) return undefined;
  if (admission.replication !== undefined) return undefined;
  return session.trace ?? new SessionTrace(session, admission, tracing);
}

/**
 * Follows the transactions of one session: where their time goes, and which trace of the caller's they
 * belong to. Whether one is observed is decided at its end, for its parent may be named by its last
 * statement; until then it is a few numbers.
 */
export class SessionTrace implements StreamListener {
  readonly #session: Session;
  readonly #admission: Admission;
  readonly #tracing: Tracing;
  readonly #stream = new ClientStream(this);
  readonly #times = new TransactionTimes();
  readonly #setting: ParentSetting;
  readonly #said = new SaidAhead();
  /** The client is in the middle of something of which the beginning has not been seen. */
  #isAsleep = true;
  #isOpen = false;
  #isDrawn = false;
  #sqlstate: string | undefined;
  /** Where it was sent last, while it is open. */
  #link: Link | undefined;

  constructor(session: Session, admission: Admission, tracing: Tracing) {
    this.#session = session;
    this.#admission = admission;
    this.#tracing = tracing;
    this.#setting = new ParentSetting(session);
  }

  /** A chunk has come from the client. */
  heard(buffer: Buffer, length: number): void {
    if (this.#isAsleep) {
      if (!this.#isBetween) return;
      this.#isAsleep = false;
      this.#said.groupAnswered({ isLast: true });
    }
    this.#stream.read(buffer, length);
  }

  /** Nothing is under way, and the next byte is the first of a message. */
  get #isBetween(): boolean {
    const { input, link, phase, reader, skipping } = this.#session;
    if (!reader.atBoundary || input.hasKept || skipping || phase === 'waiting') return false;
    if (link === undefined) return phase === 'idle';
    return link.owed.settled && link.status === STATUS_IDLE && !link.midFrame && !link.busyWithOwn;
  }

  get #nowMs(): number {
    return this.#session.context.clock.nowMs();
  }

  messageBegins(): void {
    if (!this.#isOpen) this.#begin(this.#nowMs, 'pooler');
    else if (this.#times.isWithClient) this.#times.pass('pooler', this.#nowMs);
  }

  text(buffer: Buffer, { start, headEnd, tailStart, end }: TextPart): void {
    const { open } = this.#said;
    const found = parentInFront(buffer, start, headEnd) ?? parentBehind(buffer, tailStart, end);
    if (found !== undefined) open.name(found);
    // In pieces come only texts that are too long for it.
    const change = tailStart === start ? parentChange(buffer, start, end) : undefined;
    if (change === undefined) return;
    open.changes++;
    if (change.parent !== undefined) open.name(change.parent);
    this.#setting.change(change);
  }

  statement(): void {
    this.#said.open.statements++;
  }

  groupEnds(): void {
    this.#said.groupSent();
  }

  /** A link has been lent. */
  leased(): void {
    if (this.#isOpen && this.#times.leasedMs === 0) this.#times.leasedMs = this.#nowMs;
  }

  /** It has been sent on, and nothing was owed on the link before. */
  sent(link: Link, nowMs: number): void {
    if (!this.#isOpen) return;
    this.#link = link;
    this.#times.pass('server', nowMs);
  }

  /** ReadyForQuery has come. */
  answered(link: Link, nowMs: number): void {
    if (this.#isOpen) this.#link = link;
    this.#answered(link.status, nowMs, owesMore(link));
  }

  /** We have said ReadyForQuery, of a group that no server has answered. */
  answeredHere(status: number): void {
    this.#answered(status, this.#nowMs, owesMore(this.#session.link));
  }

  /** The client is told of an error. */
  failed(sqlstate: string): void {
    if (this.#isOpen) this.#sqlstate ??= sqlstate;
  }

  linkLost(): void {
    if (this.#isOpen) this.#times.linkLost(this.#nowMs);
  }

  /** The session is over. */
  left(): void {
    if (this.#isOpen) this.#end(this.#nowMs, { isCut: true });
  }

  #begin(nowMs: number, holder: 'pooler' | 'server'): void {
    const { settings } = this.#session.context;
    this.#isOpen = true;
    this.#sqlstate = undefined;
    this.#isDrawn = settings.tracing !== undefined && this.#tracing.draws(settings.tracing);
    this.#times.begin(nowMs, holder);
  }

  #answered(status: number, nowMs: number, owesMore: boolean): void {
    const goesOn = owesMore || this.#session.input.hasKept;
    if (this.#isOpen && status === STATUS_IDLE) this.#end(nowMs, { isCut: false });
    else if (this.#isOpen) {
      // An error that a savepoint has made up for is not how it ends.
      if (status !== STATUS_FAILED) this.#sqlstate = undefined;
      if (!owesMore) this.#times.pass(goesOn ? 'pooler' : 'client', nowMs);
    }
    this.#said.groupAnswered({ isLast: !goesOn });
    if (this.#isOpen || !goesOn || this.#isAsleep || status !== STATUS_IDLE) return;
    // What the client has sent ahead.
    this.#begin(nowMs, owesMore ? 'server' : 'pooler');
  }

  #end(nowMs: number, { isCut }: { readonly isCut: boolean }): void {
    const { settings } = this.#session.context;
    this.#times.pass('client', nowMs);
    this.#isOpen = false;
    const { changes, named, statements } = this.#said.now;
    const parent = named?.[0] ?? this.#setting.parent;
    // It says where others belong; or it is the beginning of a message that never came.
    const isNothing = isCut ? statements === 0 : changes > 0 && changes === statements;
    if (!isNothing && this.#tracing.chooses(settings, parent, this.#isDrawn))
      this.#tracing.ended(this.#observed(nowMs, { parent, isCut }));
    this.#said.now.forget();
    this.#link = undefined;
  }

  #observed(
    nowMs: number,
    how: { readonly parent: TraceParent | undefined; readonly isCut: boolean },
  ): ObservedTransaction {
    const { database, user } = this.#admission;
    const { applicationName, context, id, mode, remote } = this.#session;
    const { startMs, waitMs, serverMs, clientMs, leasedMs, lostMs, lostLinks } = this.#times;
    const wallMs = context.clock.wallMs();
    const wallOf = (ms: number) => wallMs - (nowMs - ms);
    return {
      database: database.name,
      user,
      client: id,
      clientAddress: remote,
      applicationName,
      poolMode: mode,
      ...how,
      others: this.#said.now.named?.slice(1) ?? [],
      statements: this.#said.now.statements,
      startedAtMs: wallOf(startMs),
      endedAtMs: wallMs,
      ...{ waitMs, serverMs, clientMs, lostLinks },
      leasedAtMs: leasedMs === 0 ? undefined : wallOf(leasedMs),
      lostAtMs: lostMs === 0 ? undefined : wallOf(lostMs),
      server: serverOf(this.#link),
      sqlstate: this.#sqlstate,
    };
  }
}

/** Something has been sent on that is not answered yet, be it that its Sync is still to come. */
function owesMore(link: Link | undefined): boolean {
  if (link === undefined) return false;
  const { ready, uncertain, unsynced } = link.owed;
  return ready > 0 || (unsynced && !uncertain);
}

function serverOf(link: Link | undefined): ObservedServer | undefined {
  if (link?.address === undefined) return undefined;
  const { address, hostName: host, identity, origin } = link;
  return { host, address, role: origin?.role ?? 'unknown', processId: identity?.processId ?? 0 };
}
