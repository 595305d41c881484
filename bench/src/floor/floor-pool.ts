import type { Transport, Wire, WireHandler } from '@pgweir/pooler';
import { frame, startupPacket } from '@pgweir/testkit';
import type { FloorConfig, PoolConfig } from './floor-config';
import { FrameCounter } from './frame-counter';

const IDLE = 'I'.charCodeAt(0);
const RESET = frame('Q', Buffer.from('DISCARD ALL\0'));

/** Who holds a link: gets what the server sends, and hears when the link is lent to it. */
export interface Holder {
  readonly wire: Wire;
  lent(link: FloorLink): void;
  taken(): void;
}

/** One connection to PostgreSQL. */
export class FloorLink implements WireHandler {
  holder: Holder | undefined;
  /** ReadyForQuery messages that must still come. */
  owed = 1;
  readonly wire: Wire;
  readonly #pool: FloorPool;
  readonly #startup: Buffer;
  readonly #replies = new FrameCounter('Z');

  constructor(pool: FloorPool, { transport, postgres }: FloorPlace, user: string) {
    const { host, port, database } = postgres;
    this.#pool = pool;
    this.#startup = startupPacket({ user, database });
    const options = { keepAlive: false, keepIdleSeconds: 0 };
    this.wire = transport.connect({ kind: 'tcp', host, port }, options, this);
  }

  connected(): void {
    this.wire.write(this.#startup);
  }

  secured(): void {
    throw new Error('nobody asked for TLS');
  }

  received(chunk: Buffer, length: number): void {
    const taken = this.holder?.wire.write(chunk, 0, length);
    this.owed -= this.#replies.count(chunk, 0, length);
    if (this.owed <= 0 && this.#replies.lastByte === IDLE) {
      if (!this.#pool.keep || this.holder === undefined) {
        this.#pool.release(this);
        return;
      }
    }
    if (taken === false) this.wire.pause();
  }

  drained(): void {
    this.holder?.wire.resume();
  }

  ended(): void {
    this.wire.destroy();
  }

  closed(cause: Error | undefined): void {
    throw new Error('a link is gone', { cause });
  }

  /** The holder has left: in session mode, or in the middle of something. */
  abandon(): void {
    this.holder = undefined;
    this.owed += 1;
    this.wire.resume();
    this.wire.write(RESET);
  }
}

/** What links need to come about. */
export interface FloorPlace {
  readonly transport: Transport;
  readonly postgres: FloorConfig['postgres'];
}

/** Links and those who wait for one, first come first served. */
export class FloorPool {
  readonly keep: boolean;
  readonly #idle: FloorLink[] = [];
  readonly #waiters: Holder[] = [];
  readonly #opened: () => void;
  #missing: number;

  constructor(config: PoolConfig, place: FloorPlace, opened: () => void) {
    this.keep = config.keep;
    this.#missing = config.links;
    this.#opened = opened;
    for (let i = 0; i < config.links; i++) new FloorLink(this, place, config.user);
  }

  acquire(holder: Holder): void {
    const link = this.#idle.pop();
    if (link === undefined) this.#waiters.push(holder);
    else this.#lend(link, holder);
  }

  forget(holder: Holder): void {
    const at = this.#waiters.indexOf(holder);
    if (at >= 0) this.#waiters.splice(at, 1);
  }

  release(link: FloorLink): void {
    if (this.#missing > 0) {
      this.#missing -= 1;
      if (this.#missing === 0) this.#opened();
    }
    link.holder?.taken();
    link.holder = undefined;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#idle.push(link);
    else this.#lend(link, waiter);
  }

  #lend(link: FloorLink, holder: Holder): void {
    link.holder = holder;
    holder.lent(link);
  }
}
