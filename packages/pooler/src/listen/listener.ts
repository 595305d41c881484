import { noticeResponse, notificationResponse, readyForQuery } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import { STATUS_FAILED, STATUS_IDLE, STATUS_IN_TRANSACTION } from '../backend/server-status';
import type { ErrorKey } from '../errors';
import type { Session } from '../frontend/session';
import type { SessionContext } from '../frontend/session-context';
import type { StateFollowing } from '../frontend/state-following';
import type { Pool } from '../pool/pool';
import type { Effects } from '../sql/effects';
import { Mark } from '../sql/marks';
import { HandOver } from './hand-over';
import { ListeningLink } from './listening-link';
import { listenSql, readNotification, unlistenSql } from './notification';
import { Outbox } from './outbox';
import type { Seat } from './seat';
import { UndoneListens } from './undone-listens';

const MISSED = noticeResponse({
  severity: 'NOTICE',
  code: '01000',
  message: 'notifications may have been missed: the listening connection was lost',
});

/**
 * One session that listens: which channels are heard for it by the listening link, and when what is
 * heard may be told.
 */
export class Listener implements Seat {
  /** Channels that the listening link hears for it. */
  readonly virtual = new Set<string>();
  /** Channels that its own link listens to, and nobody else for it. */
  native: readonly string[] = [];
  /** ReadyForQuery goes to the client by way of this. */
  interposes = false;
  /** The link that listens to virtual channels as well: it has to stop that before others have it. */
  doubled: Link | undefined;
  /** The link on which all virtual channels are listened to as well, for PostgreSQL to know of them. */
  #shadow: Link | undefined;
  readonly hub: ListeningLink;
  readonly handOver: HandOver;
  readonly #outbox = new Outbox();
  readonly #undone: UndoneListens;
  /** Witnesses of UNLISTENs that the link still listens to. */
  #witnesses: readonly string[] = [];
  /** A statement may have changed what it listens to: its ReadyForQuery waits for the answer. */
  #unlistening = false;
  #withheld = false;
  #shadowFailed = false;
  readonly #session: Session;
  readonly #host: StateFollowing;

  constructor(session: Session, context: SessionContext, host: StateFollowing) {
    this.#session = session;
    this.#host = host;
    const { database } = host.admission;
    database.listening ??= new ListeningLink(context, database);
    this.hub = database.listening;
    this.#undone = new UndoneListens(this.hub.marker);
    this.handOver = new HandOver(this, session, host, context.clock);
  }

  get pool(): Pool {
    return this.#host.admission.pool;
  }

  /** The client's input has to wait. */
  get holding(): boolean {
    return this.handOver.busy || this.#withheld;
  }

  /** The listening link hears something for it. */
  get hearsVirtually(): boolean {
    return this.virtual.size > 0;
  }

  /** Its channels are heard by the listening link from now on. */
  becomeVirtual(channels: readonly string[]): void {
    for (const channel of channels) this.virtual.add(channel);
    this.hub.channels.deliverTo(this, channels);
    this.interposes = true;
    this.#host.interposeIfNeeded();
  }

  /** A hand-over has failed. */
  becomeNative(channels: readonly string[]): void {
    this.#forget(channels);
  }

  #forget(channels: readonly string[]): void {
    for (const channel of channels) this.virtual.delete(channel);
    this.hub.release(this, channels);
    this.#checkUnused();
  }

  #checkUnused(): void {
    if (this.virtual.size > 0 || !this.#outbox.isEmpty) return;
    this.interposes = false;
    this.#host.interposeIfNeeded();
  }

  heard(channel: string, message: Buffer): void {
    this.#tell(channel, message);
  }

  missed(): void {
    this.#tell(undefined, MISSED);
  }

  #tell(channel: string | undefined, message: Buffer): void {
    if (this.#outbox.isEmpty && this.#mayTell) {
      this.#session.fromLink(message, 0, message.length);
      return;
    }
    if (!this.#outbox.add(channel, message)) {
      this.#outbox.clear();
      this.#session.fail('tooManyNotifications');
      return;
    }
    this.hub.fellBehind(this);
  }

  get #mayTell(): boolean {
    if (this.#withheld || this.#unlistening) return false;
    return this.#session.speakable && !this.handOver.silent;
  }

  flush(): void {
    if (this.#outbox.isEmpty) return;
    if (this.#mayTell) this.#sendAll();
    else this.hub.fellBehind(this);
  }

  #sendAll(): void {
    if (this.#outbox.isEmpty) return;
    const messages = this.takeDue();
    if (messages.length > 0) this.#session.fromLink(messages, 0, messages.length);
  }

  /** What the client is to get in front of ReadyForQuery. */
  takeDue(): Buffer {
    const messages = this.#outbox.take((channel) => this.virtual.has(channel));
    this.#checkUnused();
    return messages;
  }

  mayCross(): void {
    const link = this.#host.quietLink;
    if (link !== undefined) this.handOver.begin(link);
  }

  listeningLinkLost(): void {
    this.handOver.listeningLinkLost();
  }

  fail(key: ErrorKey): void {
    this.#session.fail(key);
  }

  /** A notification came on the session's own link. */
  notified(link: Link, body: Buffer): void {
    const notification = readNotification(body);
    const { channel, sender, rest } = notification;
    if (this.handOver.took(notification)) return;
    // The listening link brings it, too.
    if (this.virtual.has(channel) && !this.handOver.precedes(channel)) return;
    const own = sender === link.identity?.processId;
    const { processId } = this.#host.admission.cancel;
    const message = notificationResponse(own ? processId : this.hub.senderOf(sender), rest);
    if (this.handOver.keeps(message)) return;
    this.#session.fromLink(message, 0, message.length);
  }

  /** Whether the virtual channels have to be put on the link before a statement with these effects. */
  needsShadow(link: Link, effects: Effects, midGroup: boolean): boolean {
    if ((effects.marks & Mark.Unlisten) === 0 || !this.hearsVirtually) return false;
    if (link.status !== STATUS_IDLE || midGroup || this.#shadowFailed) return false;
    return this.#shadow !== link;
  }

  /** What the client does to its channels, PostgreSQL is to know of, and to say what came of it. */
  castShadow(link: Link): void {
    this.#host.runOwn(link, listenSql(this.virtual), (result) => {
      this.doubled = link;
      if (result.kind === 'done') this.#shadow = link;
      else this.#shadowFailed = true;
    });
  }

  /** A statement with these effects goes out. */
  note(link: Link, effects: Effects): void {
    if ((effects.marks & Mark.Unlisten) === 0 || !this.hearsVirtually) return;
    this.#unlistening = true;
    const { unlistens } = effects;
    if (this.#shadow !== link && (unlistens === 'all' || unlistens.length > 0)) {
      this.#undone.add(unlistens);
    }
  }

  /** ErrorResponse. */
  groupFails(): void {
    this.#undone.groupFails();
  }

  /** ReadyForQuery inside a transaction. @returns what has to be run in it */
  groupEnded(link: Link): string | undefined {
    return this.#undone.groupEnded({ failed: link.status === STATUS_FAILED });
  }

  /** What has to be run before a session that keeps its link goes on. */
  takeTidying(): string | undefined {
    const witnesses = this.#witnesses;
    this.#witnesses = [];
    return witnesses.length === 0 ? undefined : unlistenSql(witnesses);
  }

  /** PostgreSQL has said what the link listens to. @returns whether it is needed for that */
  inspected(link: Link, channels: readonly string[]): boolean {
    const onLink = new Set(channels);
    onLink.delete(this.hub.marker);
    if (this.#shadow === link) {
      this.#forget([...this.virtual].filter((channel) => !onLink.has(channel)));
    }
    this.#witnesses = channels.filter((channel) => this.#undone.isWitness(channel));
    for (const unlistens of this.#undone.settle(onLink)) {
      this.#forget(unlistens === 'all' ? [...this.virtual] : unlistens);
    }
    for (const witness of this.#witnesses) onLink.delete(witness);
    if (this.#witnesses.length > 0) this.doubled = link;
    const before = this.native;
    this.native = [...onLink].filter((channel) => !this.virtual.has(channel));
    if (onLink.size > this.native.length) this.doubled = link;
    this.hub.release(
      this,
      before.filter((channel) => !onLink.has(channel)),
    );
    if (this.native.length === 0) this.hub.wantsNothing(this);
    return this.native.length > 0;
  }

  /** DISCARD ALL has run. */
  discarded(): void {
    this.#undone.clear();
    this.hub.release(this, this.native);
    this.linkIsSilent();
    this.#forget([...this.virtual]);
  }

  /** The link listens to nothing any more. */
  linkIsSilent(): void {
    this.native = [];
    this.doubled = undefined;
    this.#shadow = undefined;
    this.#witnesses = [];
  }

  /** ReadyForQuery has come, and is sent on by us. */
  sayReady(link: Link): void {
    if (link.status === STATUS_IDLE) {
      if (this.#mustWithhold(link)) {
        this.#withheld = true;
        return;
      }
      // What is due for channels that may be given up by now, is for when that is known.
      if (!this.#unlistening) this.#sendAll();
    }
    this.#sayReady(link.status);
  }

  #sayReady(status: number): void {
    const message =
      status === STATUS_IDLE ? READY : status === STATUS_IN_TRANSACTION ? IN_BLOCK : IN_FAILED;
    this.#session.fromLink(message, 0, message.length);
  }

  #mustWithhold(link: Link): boolean {
    const waits = this.#unlistening || (this.#host.notifies && this.hearsVirtually);
    if (!waits) return false;
    if (link.owed.ready > 0 || !link.owed.settled || link.midFrame || link.owed.copyIn)
      return false;
    return this.#session.phase === 'active';
  }

  /** All that had to be known is known. */
  sayWithheld(): void {
    this.#unlistening = false;
    this.#shadowFailed = false;
    this.#undone.calm();
    if (!this.#withheld) return;
    this.#withheld = false;
    this.#sendAll();
    this.#sayReady(STATUS_IDLE);
  }

  /** The session has left its link, or is gone. */
  leaveLink(link: Link): void {
    if (this.doubled === link || this.native.length > 0) link.needsCleaning = true;
    this.hub.release(this, this.native);
    this.linkIsSilent();
  }

  /** Something of what is under way has been held back from the client. */
  get withholds(): boolean {
    return this.#withheld;
  }

  /**
   * The session's link is gone: what it listened to, the listening link is to hear.
   *
   * @returns false when it can't
   */
  linkLost(): boolean {
    const { native } = this;
    this.handOver.leave();
    this.#undone.clear();
    this.#withheld = false;
    this.#unlistening = false;
    this.#shadowFailed = false;
    this.linkIsSilent();
    if (native.length === 0) return true;
    if (!this.hub.mayUse(this.pool)) {
      this.hub.release(this, native);
      return false;
    }
    this.becomeVirtual(native);
    this.hub.catchUp();
    return true;
  }

  leave(): void {
    this.handOver.leave();
    this.hub.release(this, this.virtual);
    this.hub.release(this, this.native);
    this.hub.leave(this);
    this.virtual.clear();
    this.#outbox.clear();
  }
}

const READY = readyForQuery('I');
const IN_BLOCK = readyForQuery('T');
const IN_FAILED = readyForQuery('E');
