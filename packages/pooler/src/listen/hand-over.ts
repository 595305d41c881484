import type { Link } from '../backend/link';
import type { Session } from '../frontend/session';
import type { StateFollowing } from '../frontend/state-following';
import type { Clock } from '../ports/clock';
import { Pin } from '../session-state/pins';
import type { Listener } from './listener';
import { listenSql, type Notification, notifySql, payloadOf, unlistenSql } from './notification';
import { OUTBOX_BYTES_MAX } from './outbox';

/** How long the mark may take to the listening link; a client that asks something waits for it. */
const CROSSING_MS = 2000;
/** After a hand-over that has failed the session keeps its link for so long at least. */
const RETRY_MS = 30_000;

/** A hand-over in which the mark is under way. */
interface Crossing {
  readonly link: Link;
  readonly channels: readonly string[];
  readonly mark: string;
  /** The mark has come on the session's link. */
  passed: boolean;
  /** The mark has come on the listening link. */
  heard: boolean;
  /** What came behind the mark on the session's link: the listening link is to bring it, too. */
  readonly behind: Buffer[];
  behindBytes: number;
  stop: () => void;
}

/**
 * - `adopting`: the session's link is being made the listening link
 * - `marking`: LISTEN and NOTIFY for the mark run on the session's link
 * - `crossing`: they have run, and the listening link has not heard the mark yet
 * - `ending`: the session's link is being told to listen no more
 * - `aborting`: the session's link is being told to listen to the mark no more
 */
type Step =
  | { readonly kind: 'none' }
  | { readonly kind: 'adopting' }
  | { readonly kind: 'marking'; readonly crossing: Crossing }
  | { readonly kind: 'crossing'; readonly crossing: Crossing }
  | { readonly kind: 'ending' }
  | { readonly kind: 'aborting' };

const NONE: Step = { kind: 'none' };

/**
 * Hands what a session listens to from its own link to the listening link, without losing a
 * notification and without a second one: all links hear the same notifications in the same order, so
 * a mark of our own divides what the one has to deliver from what the other has.
 */
export class HandOver {
  #step: Step = NONE;
  #notBeforeMs = 0;
  readonly #listener: Listener;
  readonly #session: Session;
  readonly #host: StateFollowing;
  readonly #clock: Clock;

  constructor(listener: Listener, session: Session, host: StateFollowing, clock: Clock) {
    this.#listener = listener;
    this.#session = session;
    this.#host = host;
    this.#clock = clock;
  }

  /** The client's input has to wait. */
  get busy(): boolean {
    return this.#step.kind !== 'none';
  }

  /** What the listening link hears has to wait: the session's own link may have older ones. */
  get silent(): boolean {
    return this.#step.kind === 'marking' || this.#step.kind === 'crossing';
  }

  /** Begins, if it can be done: `link` is quiet. */
  begin(link: Link): boolean {
    const { hub, native, pool } = this.#listener;
    if (this.busy || native.length === 0) return false;
    if (link.retireReason !== undefined || !hub.mayUse(pool)) return false;
    const encoding = link.identity?.parameters.current('client_encoding');
    // Payloads come as the listening link has them, and names have to be understood.
    const plain = encoding === 'UTF8' || native.every((channel) => ASCII.test(channel));
    if (!plain) return false;
    if (this.#clock.nowMs() < this.#notBeforeMs) {
      hub.waits(this.#listener);
      return false;
    }
    if (hub.link === undefined) return this.#host.onlyListens && this.#adopt(link, native);
    const there = hub.link.identity?.parameters.current('client_encoding');
    if (there !== encoding || !hub.hears(link)) return false;
    if (!hub.reserve(this.#listener, native)) return false;
    this.#mark(link, native);
    return true;
  }

  /** There is no listening link: this one becomes it. */
  #adopt(link: Link, channels: readonly string[]): boolean {
    const { hub, pool } = this.#listener;
    const parameters = link.identity?.parameters;
    const encoding = parameters?.current('client_encoding');
    if (parameters?.initial('client_encoding') !== encoding) return false;
    if (!hub.mayAdopt(pool)) {
      hub.waits(this.#listener);
      return false;
    }
    hub.adoptionBegins();
    this.#step = { kind: 'adopting' };
    this.#host.runOwn(link, hub.adoptionSql(link), (result) => {
      if (result.kind === 'failed') {
        hub.adoptionFailed();
        this.#fail(link);
        return;
      }
      this.#step = NONE;
      this.#listener.becomeVirtual(channels);
      this.#listener.linkIsSilent();
      link.changedBy = 0;
      this.#session.giveAway(link);
      this.#host.tracker.holding = false;
      this.#host.tracker.watch.unpin(Pin.Listen);
      hub.adopt(link, pool, channels);
    });
    return true;
  }

  #mark(link: Link, channels: readonly string[]): void {
    const { hub } = this.#listener;
    const mark = hub.expectMark(() => this.#heard(crossing));
    const crossing: Crossing = {
      link,
      channels,
      mark,
      passed: false,
      heard: false,
      behind: [],
      behindBytes: 0,
      stop: () => undefined,
    };
    this.#step = { kind: 'marking', crossing };
    const sql = `${listenSql([hub.marker])};${notifySql(hub.marker, mark)}`;
    this.#host.runOwn(link, sql, (result) => {
      if (result.kind === 'failed' || !crossing.passed) this.#abort(crossing);
      else if (crossing.heard) this.#end(crossing);
      else if (hub.link === undefined) this.#abort(crossing);
      else {
        crossing.stop = this.#clock.after(CROSSING_MS, () => this.#abort(crossing));
        this.#step = { kind: 'crossing', crossing };
      }
    });
  }

  /** The mark has come on the listening link: what comes there from now on is for this session. */
  #heard(crossing: Crossing): void {
    crossing.heard = true;
    this.#listener.becomeVirtual(crossing.channels);
    if (this.#step.kind === 'crossing') this.#end(crossing);
  }

  /** @returns whether a notification on the session's link was our own mark */
  took(notification: Notification): boolean {
    if (notification.channel !== this.#listener.hub.marker) return false;
    const step = this.#step;
    const marks = step.kind === 'marking' && payloadOf(notification) === step.crossing.mark;
    if (marks) step.crossing.passed = true;
    return true;
  }

  /** Whether what comes on `channel` is in front of the mark, so that nobody else brings it. */
  precedes(channel: string): boolean {
    const step = this.#step;
    if (step.kind !== 'marking' || step.crossing.passed) return false;
    return step.crossing.channels.includes(channel);
  }

  /** @returns whether a notification on the session's link came behind the mark */
  keeps(message: Buffer): boolean {
    const step = this.#step;
    if (step.kind === 'ending') return true;
    if (step.kind !== 'marking' && step.kind !== 'crossing') return false;
    if (!step.crossing.passed) return false;
    const { crossing } = step;
    crossing.behind.push(message);
    crossing.behindBytes += message.length;
    if (crossing.behindBytes > OUTBOX_BYTES_MAX && step.kind === 'crossing') this.#abort(crossing);
    return true;
  }

  /** All is heard by the listening link; the session's own need not listen any more. */
  #end(crossing: Crossing): void {
    const { link } = crossing;
    const { watch } = this.#host.tracker;
    crossing.stop();
    this.#step = { kind: 'ending' };
    this.#listener.flush();
    this.#host.runOwn(link, 'UNLISTEN *', (result) => {
      this.#step = NONE;
      if (result.kind === 'failed') link.needsCleaning = true;
      this.#listener.linkIsSilent();
      watch.unpin(Pin.Listen);
      if (watch.pins === 0) link.changedBy = 0;
      this.#host.settled(link, watch.pins === 0 ? 'free' : 'pinned');
    });
  }

  /** The session keeps its link, which delivers as if nothing had been tried. */
  #abort(crossing: Crossing): void {
    const { hub } = this.#listener;
    const { link } = crossing;
    crossing.stop();
    hub.forgetMark(crossing.mark);
    this.#listener.becomeNative(crossing.channels);
    this.#step = { kind: 'aborting' };
    for (const message of crossing.behind) this.#session.fromLink(message, 0, message.length);
    const sql = unlistenSql([hub.marker]);
    this.#host.runOwn(link, sql, () => this.#fail(link));
  }

  #fail(link: Link): void {
    this.#step = NONE;
    this.#notBeforeMs = this.#clock.nowMs() + RETRY_MS;
    this.#listener.flush();
    this.#host.settled(link, 'pinned');
  }

  listeningLinkLost(): void {
    const step = this.#step;
    if (step.kind === 'crossing') this.#abort(step.crossing);
  }

  /** The session is gone. */
  leave(): void {
    const step = this.#step;
    this.#step = NONE;
    if (step.kind === 'adopting') this.#listener.hub.adoptionFailed();
    if (step.kind !== 'marking' && step.kind !== 'crossing') return;
    step.crossing.stop();
    this.#listener.hub.forgetMark(step.crossing.mark);
  }
}

const ASCII = /^[\x20-\x7e]*$/;
