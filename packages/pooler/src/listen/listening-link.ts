import { randomBytes } from 'node:crypto';
import { notificationResponse } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { SessionContext } from '../frontend/session-context';
import type { Database } from '../pool/database';
import { OwnLease } from '../pool/own-lease';
import type { Pool } from '../pool/pool';
import { preparationSql } from '../session-state/preparation';
import { EMPTY_PROFILE, transitionSql } from '../session-state/profile';
import { Channels } from './channels';
import { listenSql, payloadOf, readNotification, unlistenSql } from './notification';
import type { Seat } from './seat';
import { Speakers } from './speakers';

export type ListenContext = Pick<SessionContext, 'clock' | 'log' | 'settings' | 'opensLinks'>;

/** How long the link is kept when nobody listens any more. */
const KEPT_MS = 30_000;
/** Between two attempts to get a link, or to LISTEN. */
const RETRY_MS = 1000;
/** Channels of one statement. */
const BATCH = 500;
/** As many channels that nobody wants any more are given up at once; fewer when there is time. */
const STALE_MAX = 100;

type State =
  | { readonly kind: 'absent' }
  /** A session's own link is being made ready. */
  | { readonly kind: 'adopting' }
  /** Stands in the queue of a pool. */
  | { readonly kind: 'waiting'; readonly pool: Pool }
  /** Has a link that is being made ready. */
  | { readonly kind: 'preparing'; readonly link: Link; readonly pool: Pool }
  | { readonly kind: 'open'; readonly link: Link; readonly pool: Pool };

const ABSENT: State = { kind: 'absent' };

/**
 * The one link of a database that listens for all its sessions. It is an ordinary link of the pool of
 * one of them, and counts as such; for the pool it is lent to a session that never gives it back.
 */
export class ListeningLink {
  /** The channel of our own on which hand-overs and senders leave their marks. */
  readonly marker = `pgweir_${randomBytes(12).toString('hex')}`;
  readonly channels = new Channels();
  readonly speakers = new Speakers();

  readonly #lease = new OwnLease({
    granted: (link) => this.#granted(link),
    refused: (error) => this.#refused(error.message),
    notified: (body) => this.#notified(body),
    linkLost: (link, reason) => this.#linkLost(link, reason),
  });
  #state: State = ABSENT;
  /** Marks that somebody waits for. */
  readonly #marks = new Map<string, () => void>();
  #lastMark = 0;
  /** Sessions that wait for their channels to be listened to. */
  readonly #crossing = new Set<Seat>();
  /** Sessions with something that could not be sent yet. */
  readonly #behind = new Set<Seat>();
  /** The link was lost: when all is listened to again, everybody is told. */
  #lost = false;
  #unusedSinceMs: number | undefined;
  #notBeforeMs = 0;
  readonly #context: ListenContext;
  readonly #database: Database;

  constructor(context: ListenContext, database: Database) {
    this.#context = context;
    this.#database = database;
  }

  /** The link, once it listens. */
  get link(): Link | undefined {
    return this.#state.kind === 'open' ? this.#state.link : undefined;
  }

  /** Whether it hears what is sent on `link`. */
  hears(link: Link): boolean {
    return (
      this.link !== undefined && JSON.stringify(this.link.address) === JSON.stringify(link.address)
    );
  }

  /** Whether a link of this pool may listen for all: never the only one that others could have. */
  mayUse(pool: Pool): boolean {
    const { poolSize, databaseLinksMax, userLinksMax } = pool.limits;
    // Each worker has one of its own.
    const needed = (this.#context.settings.workerSlot?.count ?? 1) + 1;
    return [poolSize, databaseLinksMax, userLinksMax].every((max) => max === 0 || max >= needed);
  }

  /** Whether a session of `pool` may offer its link. */
  mayAdopt(pool: Pool): boolean {
    const { kind } = this.#state;
    return (
      (kind === 'absent' || kind === 'waiting') && this.mayUse(pool) && this.#context.opensLinks
    );
  }

  /** The statements that make a link the listening one; whatever it listens to stays. */
  adoptionSql(link: Link): string {
    const parameters = link.identity?.parameters;
    const back = transitionSql(link.profile, EMPTY_PROFILE, (name) => parameters?.initial(name));
    const own = `${UNTIMED};${listenSql([this.marker])}`;
    return back === '' ? own : `${back};${own}`;
  }

  adoptionBegins(): void {
    if (this.#state.kind === 'waiting') this.#state.pool.leave(this.#lease);
    this.#state = { kind: 'adopting' };
  }

  adoptionFailed(): void {
    if (this.#state.kind !== 'adopting') return;
    this.#state = ABSENT;
    this.#reopen();
  }

  /**
   * `link`, on which `adoptionSql` has run, is given by a session that listened to `channels` on
   * it.
   */
  adopt(link: Link, pool: Pool, channels: readonly string[]): void {
    link.session = this.#lease;
    link.speaker = 0;
    this.channels.nowHeard(channels);
    this.#opened(link, pool);
  }

  /**
   * Reserves channels for a hand-over.
   *
   * @returns whether they are listened to; if not, `mayCross` follows
   */
  reserve(seat: Seat, channels: Iterable<string>): boolean {
    this.channels.reserve(seat, channels);
    if (this.link !== undefined && this.channels.areHeard(channels)) {
      this.#crossing.delete(seat);
      return true;
    }
    this.#crossing.add(seat);
    this.#listen();
    return false;
  }

  /** `seat.mayCross` is to be called by and by. */
  waits(seat: Seat): void {
    this.#crossing.add(seat);
  }

  release(seat: Seat, channels: Iterable<string>): void {
    this.channels.release(seat, channels);
    if (this.channels.stale.size >= STALE_MAX) this.#listen();
  }

  /** The session has nothing to hand over any more. */
  wantsNothing(seat: Seat): void {
    this.#crossing.delete(seat);
  }

  /** Something has not been listened to for a while: everybody is told when it is. */
  catchUp(): void {
    this.#lost = true;
    if (this.link === undefined) this.#reopen();
    else this.#listen();
  }

  /** The session is gone. */
  leave(seat: Seat): void {
    this.#crossing.delete(seat);
    this.#behind.delete(seat);
  }

  /** `seat.flush` is to be called by and by. */
  fellBehind(seat: Seat): void {
    this.#behind.add(seat);
  }

  /** @returns a payload for the marker channel; `heard` is called when it comes */
  expectMark(heard: () => void): string {
    const mark = `m${++this.#lastMark}`;
    this.#marks.set(mark, heard);
    return mark;
  }

  forgetMark(mark: string): void {
    this.#marks.delete(mark);
  }

  /** What listeners are told as the sender. */
  senderOf(processId: number): number {
    const link = this.#database.backends.get(processId);
    return (link === undefined ? 0 : this.speakers.of(link)) || processId;
  }

  #notified(body: Buffer): void {
    const notification = readNotification(body);
    const { channel, sender, rest } = notification;
    if (channel === this.marker) {
      const mark = payloadOf(notification);
      const heard = this.#marks.get(mark);
      this.#marks.delete(mark);
      heard?.();
    } else this.channels.deliver(channel, notificationResponse(this.senderOf(sender), rest));
  }

  #granted(link: Link): void {
    if (this.#state.kind !== 'waiting') {
      link.releaseNow();
      return;
    }
    const { pool } = this.#state;
    this.#state = { kind: 'preparing', link, pool };
    const clean = preparationSql(link, this.#lease.id, EMPTY_PROFILE);
    const own = `${UNTIMED};${listenSql([this.marker])}`;
    this.#run(link, clean === undefined ? own : `${clean};${own}`, (failure) => {
      if (failure === undefined) {
        link.changedBy = 0;
        link.wasReset = false;
        this.#opened(link, pool);
        return;
      }
      this.#state = ABSENT;
      link.close('cannot listen');
      this.#pause(failure);
    });
  }

  #refused(reason: string): void {
    this.#state = ABSENT;
    this.#pause(reason);
  }

  #opened(link: Link, pool: Pool): void {
    this.#state = { kind: 'open', link, pool };
    this.#unusedSinceMs = undefined;
    this.#context.log.info('listening connection', {
      link: link.id,
      database: this.#database.name,
      user: pool.user,
    });
    this.#listen();
  }

  /** Brings what the link listens to nearer to what is wanted; then whoever waits may go on. */
  #listen(): void {
    const { link } = this;
    if (link === undefined || link.busyWithOwn) return;
    if (this.#context.clock.nowMs() < this.#notBeforeMs) return;
    const missing = [...this.channels.missing].slice(0, BATCH);
    const stale = this.channels.takeStale();
    if (missing.length === 0 && stale.length === 0) {
      this.#allHeard();
      return;
    }
    const sql = [listenSql(missing), unlistenSql(stale)].filter((part) => part !== '').join(';');
    this.#run(link, sql, (failure) => {
      if (failure !== undefined) {
        // What was to be given up is listened to still, which does no harm.
        this.#pause(failure);
        return;
      }
      this.channels.nowHeard(missing);
      this.#offer();
      this.#listen();
    });
  }

  /** Whoever waits may try again. */
  #offer(): void {
    for (const seat of [...this.#crossing]) seat.mayCross();
  }

  #allHeard(): void {
    this.#offer();
    if (!this.#lost) return;
    this.#lost = false;
    for (const seat of this.channels.seats({ live: true })) seat.missed();
  }

  #run(link: Link, sql: string, done: (failure: string | undefined) => void): void {
    const { clock, settings } = this.#context;
    link.limitTime({ nowMs: clock.nowMs(), limitMs: settings.serverConnectTimeoutMs });
    link.runOwn(sql, (result) => {
      link.deadlineMs = 0;
      done(result.kind === 'failed' ? result.error.message : undefined);
    });
  }

  #pause(reason: string): void {
    const { clock, log } = this.#context;
    log.warn('listening connection failed', { database: this.#database.name, reason });
    this.#notBeforeMs = clock.nowMs() + RETRY_MS;
  }

  #linkLost(link: Link, reason: string): void {
    const { kind } = this.#state;
    if ((kind !== 'open' && kind !== 'preparing') || this.#state.link !== link) return;
    this.#state = ABSENT;
    this.channels.nothingHeard();
    this.#marks.clear();
    this.speakers.clear();
    const { log } = this.#context;
    log.warn('listening connection lost', { link: link.id, database: this.#database.name, reason });
    for (const seat of this.channels.seats({ live: false })) seat.listeningLinkLost();
    this.#lost = this.channels.seats({ live: true }).size > 0;
    this.#reopen();
  }

  /** Queues for a link, if somebody listens. */
  #reopen(): void {
    if (this.#state.kind !== 'absent' || !this.#lost || !this.#context.opensLinks) return;
    if (this.#context.clock.nowMs() < this.#notBeforeMs) return;
    const seats = this.channels.seats({ live: true });
    this.#lost = seats.size > 0;
    for (const { pool } of seats) {
      if (!this.mayUse(pool)) continue;
      this.#state = { kind: 'waiting', pool };
      const link = pool.lease(this.#lease);
      if (link !== undefined) this.#granted(link);
      return;
    }
  }

  /** Called a few times a second. */
  tick(nowMs: number): void {
    for (const seat of [...this.#behind]) {
      this.#behind.delete(seat);
      seat.flush();
    }
    if (this.#state.kind === 'open') this.#tend(this.#state.link, this.#state.pool, nowMs);
    else this.#reopen();
    if (this.#state.kind === 'absent') this.#offer();
  }

  #tend(link: Link, pool: Pool, nowMs: number): void {
    if (!this.#context.opensLinks) link.close('server shutting down');
    else if (pool.paused) link.close('database paused');
    else if (link.retireReason !== undefined) link.close(link.retireReason);
    else if (!this.mayUse(pool)) this.#outlawed(link);
    else if (!this.channels.unused) {
      this.#unusedSinceMs = undefined;
      this.#listen();
    } else {
      this.#unusedSinceMs ??= nowMs;
      const old = nowMs - this.#unusedSinceMs >= KEPT_MS;
      if ((old || pool.waiters.length > 0) && !link.busyWithOwn) this.#giveUp(link);
    }
  }

  /** A reload has left the pool so small that others would get nothing. */
  #outlawed(link: Link): void {
    const seats = this.channels.seats({ live: true });
    const elsewhere = [...seats].some(({ pool }) => this.mayUse(pool));
    if (!elsewhere) for (const seat of seats) seat.fail('configurationChanged');
    link.close('pool too small for a listening connection');
  }

  #giveUp(link: Link): void {
    this.#state = ABSENT;
    this.channels.nothingHeard();
    this.#marks.clear();
    this.speakers.clear();
    link.close('nobody listens any more');
  }
}

/** PostgreSQL is not to close this connection for being quiet; it knows the setting from 14 on. */
const UNTIMED =
  "SELECT pg_catalog.set_config(name,'0',false) FROM pg_catalog.pg_settings WHERE name OPERATOR(pg_catalog.=) 'idle_session_timeout'";
