import { Violation } from '../violation';

/** A NOTIFY, from its sending to the end of its transaction. Times are ticks of the book. */
export interface Notification {
  readonly channel: string;
  /** Nobody else has it. */
  readonly payload: string;
  readonly sender: string;
  /** Ascending for each sender. */
  readonly number: number;
  /** It was not committed before this. */
  readonly sentAt: number;
  fate:
    | { readonly kind: 'open' }
    | { readonly kind: 'committed'; readonly knownAt: number }
    | { readonly kind: 'undone' };
  readonly seenBy: Set<string>;
}

interface Listening {
  /** Notifications committed before this must not come. */
  readonly notBefore: number;
  /** Those sent after this must come. */
  readonly surelyFrom: number;
}

/** What one session listens to, has got, and has yet to get. */
class Listener {
  readonly channels = new Map<string, Listening>();
  readonly owed = new Map<string, Notification>();
  /** Perhaps still listened to. */
  readonly doubtful = new Set<string>();
  /** By channel (empty for all of them) and sender. */
  readonly lastNumbers = new Map<string, number>();
  /** Greatest `sentAt` of what came, by channel. */
  readonly latestSentAt = new Map<string, number>();
}

/** Ticks of the book, within which a channel that is listened to anew is taken over for certain. */
const SETTLING_TICKS = 2000;

/** Notifications of these are kept for comparison; older ones nobody waits for any more. */
const KEPT_MAX = 200_000;

/**
 * Who must get which notification, who may, and in which order: as far as it can be told from when
 * things were sent and when they were known to be done.
 */
export class NotificationBook {
  #tick = 0;
  readonly #all = new Map<string, Notification>();
  readonly #listeners = new Map<string, Listener>();
  readonly #numbers = new Map<string, number>();

  /** The present, which is past after this. */
  tick(): number {
    this.#tick += 1;
    return this.#tick;
  }

  joined(session: string): void {
    this.#listeners.set(session, new Listener());
  }

  /** @returns whether it was there */
  left(session: string): boolean {
    this.#numbers.delete(session);
    return this.#listeners.delete(session);
  }

  /** When the statement is made; `fate` comes with the end of its transaction. */
  make(sender: string, channel: string): Notification {
    const number = (this.#numbers.get(sender) ?? 0) + 1;
    this.#numbers.set(sender, number);
    const note: Notification = {
      channel,
      payload: `${sender}#${number}`,
      sender,
      number,
      sentAt: this.tick(),
      fate: { kind: 'open' },
      seenBy: new Set(),
    };
    this.#all.set(note.payload, note);
    if (this.#all.size > KEPT_MAX) {
      for (const oldest of this.#all.keys()) {
        this.#all.delete(oldest);
        break;
      }
    }
    return note;
  }

  committed(note: Notification): void {
    if (note.fate.kind !== 'open') return;
    note.fate = { kind: 'committed', knownAt: this.tick() };
    for (const [session, listener] of this.#listeners) {
      const listening = listener.channels.get(note.channel);
      if (listening === undefined || listening.surelyFrom > note.sentAt) continue;
      if (listener.doubtful.has(note.channel)) continue;
      if (!note.seenBy.has(session)) listener.owed.set(note.payload, note);
    }
  }

  /** @throws Violation when somebody got it */
  undone(note: Notification): void {
    if (note.fate.kind !== 'open') return;
    note.fate = { kind: 'undone' };
    if (note.seenBy.size > 0) {
      throw new Violation(`${note.payload} was rolled back, but ${[...note.seenBy]} got it`);
    }
  }

  /**
   * @param notBefore when the session was last idle: what was committed before that PostgreSQL has
   *   passed over
   */
  listen(session: string, channel: string, notBefore: number): void {
    const { channels, doubtful } = this.#listener(session);
    doubtful.delete(channel);
    if (!channels.has(channel)) channels.set(channel, { notBefore, surelyFrom: this.tick() });
  }

  unlisten(session: string, channel: string): void {
    const { channels, owed, doubtful } = this.#listener(session);
    doubtful.delete(channel);
    channels.delete(channel);
    // PostgreSQL itself drops what it has not passed on yet.
    for (const note of [...owed.values()]) {
      if (note.channel === channel) owed.delete(note.payload);
    }
  }

  /** It may be that a pooler takes the channel for listened to, or for one that is not. */
  doubt(session: string, channel: string): void {
    const { owed, doubtful } = this.#listener(session);
    doubtful.add(channel);
    for (const note of [...owed.values()]) {
      if (note.channel === channel) owed.delete(note.payload);
    }
  }

  channelsOf(session: string): readonly string[] {
    return [...this.#listener(session).channels.keys()].sort();
  }

  /** Those that it may still listen to. */
  doubtfulOf(session: string): ReadonlySet<string> {
    return this.#listener(session).doubtful;
  }

  owedTo(session: string): readonly Notification[] {
    return [...this.#listener(session).owed.values()];
  }

  /**
   * @param before channels that were listened to when the group of statements began
   * @throws Violation when it is not for this session, too late, too early, or comes again
   */
  received(
    session: string,
    got: { readonly channel: string; readonly payload: string },
    before: ReadonlySet<string>,
  ): void {
    const { channel, payload } = got;
    const note = this.#all.get(payload);
    const wrong = (why: string): never => {
      throw new Violation(`notification ${payload} on ${channel}: ${why}`);
    };
    if (note === undefined) return wrong('nobody has sent it');
    if (note.channel !== channel) return wrong(`it was sent on ${note.channel}`);
    if (note.fate.kind === 'undone') return wrong('its transaction was rolled back');
    if (note.seenBy.has(session)) return wrong('it comes twice');
    note.seenBy.add(session);
    const listener = this.#listener(session);
    listener.owed.delete(payload);
    const listening = listener.channels.get(channel);
    const mayListen = before.has(channel) || listener.doubtful.has(channel);
    if (listening === undefined && !mayListen) return wrong('not listened to');
    const knownAt = note.fate.kind === 'committed' ? note.fate.knownAt : Infinity;
    if (listening !== undefined && !before.has(channel) && knownAt < listening.notBefore) {
      return wrong('committed before the LISTEN');
    }
    this.#checkOrder(listener, note, knownAt, wrong);
  }

  /**
   * Strictly within a channel. Between channels only where all of them have been listened to for a while:
   * while the listening link of a pooler takes a channel over, it comes another way than the others.
   */
  #checkOrder(
    listener: Listener,
    note: Notification,
    knownAt: number,
    wrong: (why: string) => never,
  ): void {
    const { sender, number, channel, sentAt } = note;
    const others = [...listener.channels.values()];
    const isSettled = others.every(({ surelyFrom }) => surelyFrom + SETTLING_TICKS < sentAt);
    const keys = isSettled ? [channel, ''] : [channel];
    for (const key of keys) {
      const from = `${key} ${sender}`;
      if ((listener.lastNumbers.get(from) ?? 0) > number) wrong('after a later one of its sender');
      if (knownAt < (listener.latestSentAt.get(key) ?? 0)) wrong('after one that was sent later');
    }
    for (const key of [channel, '']) {
      listener.lastNumbers.set(`${key} ${sender}`, number);
      listener.latestSentAt.set(key, Math.max(listener.latestSentAt.get(key) ?? 0, sentAt));
    }
  }

  #listener(session: string): Listener {
    const listener = this.#listeners.get(session);
    if (listener === undefined) throw new Error(`${session} has not joined`);
    return listener;
  }
}
