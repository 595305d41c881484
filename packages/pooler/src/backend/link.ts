import { FrameReader, query, terminate } from '@pgweir/protocol';
import type { ChunkClock } from '../chunk-clock';
import { InvariantBreach } from '../errors';
import type { Permit } from '../ports/link-budget';
import type { LinkId } from '../ports/names';
import type { Address, TlsInfo, Wire, WireHandler } from '../ports/transport';
import { BodyCollector } from '../relay/body-collector';
import { OwedReplies } from '../relay/owed-replies';
import { relayUp } from '../relay/upstream';
import { EMPTY_PROFILE, type Profile, withSetting, withUnknown } from '../session-state/profile';
import type { LinkTarget } from '../stats/target-counters';
import type { LinkOrigin } from '../topology/fit-servers';
import type { LinkIdentity } from './link-identity';
import type { LinkOwner } from './link-owner';
import { type LinkPhase, mayMove } from './link-phase';
import type { LinkSession } from './link-session';
import { LinkStatements } from './link-statements';
import { consumeOwn } from './own-replies';
import { type OwnResult, OwnRun, type OwnWant } from './own-run';
import { STATUS_IDLE } from './server-status';

/**
 * One connection to PostgreSQL, from login to end of stream. Knows what is owed on it and whom it is
 * lent to; never decides by itself who gets it next.
 */
export class Link implements WireHandler {
  phase: LinkPhase = 'dialing';
  session: LinkSession | undefined;
  /** Set once connected; replaced never. */
  wire: Wire | undefined;
  /** Where it is connected to: the very address, for cancel requests. */
  address: Address | undefined;
  /** The server that it is dialed to; undefined: not chosen yet. */
  target: LinkTarget | undefined;
  /** Which server that is, where roles are followed. */
  origin: LinkOrigin | undefined;
  /** It ended by itself, and not because we have closed it. */
  endedByItself = false;
  /** The SQLSTATE with which PostgreSQL has announced its end. */
  endCode: string | undefined;
  /** The name that was asked for, for TLS verification of cancel requests. */
  hostName = '';
  identity: LinkIdentity | undefined;
  /** Settings in which this link differs from a fresh one. */
  profile: Profile = EMPTY_PROFILE;
  /** Status byte of the last ReadyForQuery. */
  status = STATUS_IDLE;
  /** Set when it must not be lent again; the reason is for the log. */
  retireReason: string | undefined;
  /** The session has been told that the server ends this connection. */
  fatalForwarded = false;
  cancelsInFlight = 0;
  connectedAtMs = 0;
  idleSinceMs = 0;
  /** When the first of the replies now owed was asked for. */
  queryStartMs = 0;
  /** When the current transaction began; 0 outside of one. */
  transactionStartMs = 0;
  /** When the last ReadyForQuery arrived. */
  readySinceMs = 0;
  /** When cleaning up or closing has to be over; 0: no limit. */
  deadlineMs = 0;
  readonly owed = new OwedReplies();
  readonly reader: FrameReader;
  readonly collector = new BodyCollector();
  /** A client's frame has been sent in part. */
  midFrame = false;
  /** The startup packet is out: from here on PostgreSQL may have a backend for this connection. */
  startupSent = false;
  /** PostgreSQL has answered the startup packet with anything at all. */
  heardFromServer = false;
  /** A RESET or DISCARD of the current session may have undone what it had asked for at startup. */
  wasReset = false;
  /** The connect query, once it has worked on this link. */
  connectQuery: string | undefined;
  /** The client (its id) that changed state of this connection which another one must not see; 0: none. */
  changedBy = 0;
  /** What is prepared on it. */
  readonly statements = new LinkStatements();
  /** The last session has left state behind: it is taken away before anybody else has the link. */
  needsCleaning = false;
  /** The client (its id) whose numbers alone `currval` would tell; 0: nobody knows whose. */
  sequencesOf = 0;
  /** What the client that has it, or had it last, was told to be its process; 0: nobody had it. */
  speaker = 0;
  /** In the transaction that is open something was created, altered or dropped. */
  schemaChanged = false;
  /** Lent since the last reset query. */
  usedSinceReset = false;
  /** Called (at the end of a chunk) when something that a clean-up waits for may have happened. */
  onProgress: (() => void) | undefined;
  /** Called once when it begins to close, for whoever waits for a statement of our own on it. */
  onLost: (() => void) | undefined;
  /** The current frame's bytes are not forwarded. */
  dropping = false;
  /** The current frame's body is kept in the collector. */
  collecting = false;
  readonly own = new OwnRun();
  #paused = false;
  #progressed = false;
  #releaseAtEnd = false;

  readonly id: LinkId;
  readonly owner: LinkOwner;
  readonly permit: Permit;

  readonly #clock: ChunkClock;

  constructor(
    id: LinkId,
    owner: LinkOwner,
    how: {
      readonly permit: Permit;
      readonly clock: ChunkClock;
      readonly frameBytesMax: number;
    },
  ) {
    this.id = id;
    this.owner = owner;
    this.permit = how.permit;
    this.#clock = how.clock;
    this.reader = new FrameReader(how.frameBytesMax);
  }

  /** Moves to another phase: the only door. */
  enter(next: LinkPhase): void {
    const from = this.phase;
    // Not `invariant`: its text would be built on every move.
    if (!mayMove(from, next)) throw new InvariantBreach(`link: ${from} -> ${next}`);
    this.phase = next;
    if (next === 'closing') this.deadlineMs = 0;
    this.owner.moved(this, from, next);
    if (next !== 'closing' && next !== 'closed') return;
    const lost = this.onLost;
    this.onLost = undefined;
    lost?.();
  }

  /** What is being done on it has to be over `limitMs` from now (`nowMs`); 0: whenever it is. */
  limitTime({ nowMs, limitMs }: { readonly nowMs: number; readonly limitMs: number }): void {
    this.deadlineMs = limitMs === 0 ? 0 : nowMs + limitMs;
  }

  /** Login is over: from here on the link reads its wire itself. */
  loggedIn(wire: Wire, identity: LinkIdentity): void {
    this.wire = wire;
    this.identity = identity;
    wire.handler = this;
  }

  /** What the connect query has set counts as what a fresh link has. */
  rebase(): void {
    this.identity?.parameters.rebase();
    this.profile = EMPTY_PROFILE;
  }

  /**
   * Before a reset query, whose effect we do not know: what PostgreSQL reports stays true, of the
   * other settings nothing is known from here on.
   */
  forgetUnreportedSettings(): void {
    const parameters = this.identity?.parameters;
    this.profile = withUnknown(
      this.profile,
      (name) => parameters?.reportedName(name) === undefined,
    );
  }

  /** Everything that the architecture asks for before a link may be lent again. */
  get reusable(): boolean {
    return (
      this.owed.settled &&
      !this.midFrame &&
      this.status === STATUS_IDLE &&
      !this.owed.copyIn &&
      !this.owed.syncWasLeftOut &&
      this.retireReason === undefined
    );
  }

  /** Sends bytes of the session that holds the lease, as `Wire.write`. */
  write(bytes: Buffer, start = 0, end = bytes.length): boolean {
    return this.wire?.write(bytes, start, end) ?? false;
  }

  pauseReading(): void {
    // An answer to us is not for the client that is slow.
    if (this.#paused || this.busyWithOwn) return;
    this.#paused = true;
    this.wire?.pause();
  }

  resumeReading(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.wire?.resume();
  }

  /** Runs one statement of our own; `done` comes at the end of the chunk that brought the answer. */
  runOwn(sql: string, done: (result: OwnResult) => void, want: OwnWant = 'outcome'): void {
    this.runOwnMessages([query(sql)], done, want);
  }

  /** As `runOwn`, with messages: one or more groups that PostgreSQL answers with ReadyForQuery each. */
  runOwnMessages(
    messages: readonly Buffer[],
    done: (result: OwnResult) => void,
    want: OwnWant = 'outcome',
  ): void {
    // The answer is not for the client, which may be slow, or gone.
    this.resumeReading();
    this.own.begin(this, messages, done, want);
  }

  /** A statement of our own is under way. */
  get busyWithOwn(): boolean {
    return this.own.busy;
  }

  ownBecameReady(): void {
    if (this.own.busy && this.owed.ready === 0) this.own.finished = true;
    else this.#progressed = true;
  }

  ownCopyBegan(): void {
    this.#progressed = true;
  }

  /** The lease is over; the owner hears of it when the current chunk has been read. */
  releaseAtEndOfChunk(): void {
    this.#releaseAtEnd = true;
  }

  /** Ends a lease outside of a chunk. */
  releaseNow(): void {
    this.session = undefined;
    this.resumeReading();
    if (this.reusable) this.owner.released(this);
    else this.owner.abandoned(this);
  }

  /**
   * A reported parameter changed: by the session, by us, or by the server's administrator.
   *
   * @returns whether it is a setting of the session that can be replayed on another link
   */
  parameterChanged(name: string, value: string): boolean {
    const parameters = this.identity?.parameters;
    if (parameters === undefined) return false;
    if (!parameters.noteChange(name, value) || !parameters.isReadable(value)) return false;
    const initial = parameters.initial(name);
    this.profile = withSetting(this.profile, name, value === initial ? undefined : value);
    return true;
  }

  /** A statement of the session has gone back to defaults; which ones is not known. */
  noteReset(): void {
    this.wasReset = true;
    this.forgetUnreportedSettings();
  }

  /**
   * Says goodbye: Terminate where a frame may begin, FIN, and then PostgreSQL's own end is awaited; a
   * statement that still runs is cancelled so that the backend notices.
   */
  close(reason: string): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    this.retireReason ??= reason;
    const wire = this.wire;
    const connecting = this.phase === 'dialing';
    const session = this.session;
    this.session = undefined;
    this.own.forget();
    this.onProgress = undefined;
    this.enter('closing');
    if (wire === undefined) {
      // Name resolution has not ended: there is no server's side to wait for.
      this.closed(undefined);
      return;
    }
    wire.handler = this;
    this.resumeReading();
    if (connecting || !this.startupSent) {
      // PostgreSQL has not begun a session: no slot of it is taken.
      wire.destroy();
      return;
    }
    const loggedIn = this.identity !== undefined;
    if (loggedIn && !this.midFrame && !wire.congested) wire.write(terminate());
    wire.end();
    if (loggedIn && this.owed.ready > 0) this.owner.cancel(this);
    session?.linkLost(this, reason);
  }

  /** Closes without hearing the other side: nothing that it still says may count. */
  drop(reason: string): void {
    this.close(reason);
    this.wire?.destroy();
  }

  connected(): void {
    // Only a dial that was given up meanwhile.
  }

  secured(_info: TlsInfo): void {
    // Only a handshake that was given up meanwhile.
  }

  received(buffer: Buffer, length: number): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    this.#clock.chunkBegins();
    try {
      if (this.#consume(buffer, length)) this.#endOfChunk();
    } catch (error) {
      // A breach of our own costs this link and its session, and nobody else.
      if (error instanceof InvariantBreach) throw error;
      this.broken(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#clock.chunkEnds();
    }
  }

  /** @returns false when the link is broken */
  #consume(buffer: Buffer, length: number): boolean {
    try {
      let at = 0;
      if (this.session !== undefined && !this.own.busy) {
        at = relayUp(this, this.session, buffer, length);
      }
      if (at < length) consumeOwn(this, buffer, at, length);
      return true;
    } catch (error) {
      this.broken(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  #endOfChunk(): void {
    if (this.phase === 'closing' || this.phase === 'closed') return;
    if (this.own.finished) {
      this.own.end();
    } else if (this.#releaseAtEnd) {
      this.#releaseAtEnd = false;
      this.#progressed = false;
      this.resumeReading();
      if (this.reusable) this.owner.released(this);
      else this.owner.abandoned(this);
    } else if (this.#progressed) {
      this.#progressed = false;
      this.onProgress?.();
    } else if (this.phase === 'idle' && this.retireReason !== undefined) {
      // PostgreSQL has announced the end of this connection: nobody may be lent it any more.
      this.close(this.retireReason);
    }
  }

  /** The stream makes no sense, or we do: this link never returns to its pool. */
  broken(error: Error): void {
    const session = this.session;
    this.retireReason = error.message;
    this.session = undefined;
    session?.linkLost(this, error.message);
    this.own.forget();
    if (this.phase === 'closing' || this.phase === 'closed') return;
    this.endedByItself = true;
    this.enter('closing');
    this.resumeReading();
    this.wire?.end();
    if (this.owed.ready > 0) this.owner.cancel(this);
  }

  drained(): void {
    this.session?.linkDrained();
  }

  ended(): void {
    this.retireReason ??= 'server closed the connection';
    if (this.phase === 'closing') return;
    this.endedByItself = true;
    const session = this.session;
    this.session = undefined;
    this.own.forget();
    this.enter('closing');
    this.wire?.end();
    session?.linkLost(this, this.retireReason);
  }

  closed(cause: Error | undefined): void {
    if (this.phase === 'closed') return;
    const session = this.session;
    this.session = undefined;
    this.own.forget();
    this.retireReason ??= cause?.message ?? 'server closed the connection';
    this.endedByItself ||= this.phase !== 'closing';
    this.enter('closed');
    session?.linkLost(this, this.retireReason);
    this.permit.release();
  }
}
