import type { Seat } from './seat';

/** Which sessions want which channels of one database, and which of these the listening link has. */
export class Channels {
  /** Per channel the seats that want it; true: what comes is for it, from now on. */
  readonly #seats = new Map<string, Map<Seat, boolean>>();
  readonly #heard = new Set<string>();
  /** Wanted, and not listened to yet. */
  readonly missing = new Set<string>();
  /** Listened to, and wanted by nobody. */
  readonly stale = new Set<string>();

  get unused(): boolean {
    return this.#seats.size === 0;
  }

  reserve(seat: Seat, channels: Iterable<string>): void {
    for (const channel of channels) {
      const seats = this.#seats.get(channel);
      if (seats === undefined) this.#seats.set(channel, new Map([[seat, false]]));
      else if (!seats.has(seat)) seats.set(seat, false);
      this.stale.delete(channel);
      if (!this.#heard.has(channel)) this.missing.add(channel);
    }
  }

  /** From now on what comes on these channels is for `seat`. */
  deliverTo(seat: Seat, channels: Iterable<string>): void {
    this.reserve(seat, channels);
    for (const channel of channels) this.#seats.get(channel)?.set(seat, true);
  }

  release(seat: Seat, channels: Iterable<string>): void {
    for (const channel of channels) {
      const seats = this.#seats.get(channel);
      if (seats?.delete(seat) !== true || seats.size > 0) continue;
      this.#seats.delete(channel);
      this.missing.delete(channel);
      if (this.#heard.has(channel)) this.stale.add(channel);
    }
  }

  areHeard(channels: Iterable<string>): boolean {
    for (const channel of channels) if (!this.#heard.has(channel)) return false;
    return true;
  }

  /** PostgreSQL has done LISTEN. */
  nowHeard(channels: Iterable<string>): void {
    for (const channel of channels) {
      this.#heard.add(channel);
      this.missing.delete(channel);
      if (!this.#seats.has(channel)) this.stale.add(channel);
    }
  }

  /** UNLISTEN is about to be sent: whoever wants the channel from now on needs a new LISTEN. */
  takeStale(): readonly string[] {
    const stale = [...this.stale];
    this.stale.clear();
    for (const channel of stale) this.#heard.delete(channel);
    return stale;
  }

  /** The link is gone, and with it all that it listened to. */
  nothingHeard(): void {
    this.#heard.clear();
    this.stale.clear();
    for (const channel of this.#seats.keys()) this.missing.add(channel);
  }

  deliver(channel: string, message: Buffer): void {
    const seats = this.#seats.get(channel);
    if (seats === undefined) return;
    for (const [seat, live] of seats) if (live) seat.heard(channel, message);
  }

  /** Everybody who wants something; `live`: only those to whom something is delivered. */
  seats({ live }: { readonly live: boolean }): ReadonlySet<Seat> {
    const all = new Set<Seat>();
    for (const seats of this.#seats.values()) {
      for (const [seat, isLive] of seats) if (isLive || !live) all.add(seat);
    }
    return all;
  }
}
