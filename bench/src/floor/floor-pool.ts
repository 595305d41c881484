import { frame, startupPacket } from '@pgweir/testkit';
import type { FloorConfig, PoolConfig } from './floor-config';
import { FrameCounter } from './frame-counter';
import { dial, type RawSocket } from './raw-socket';

const IDLE = 'I'.charCodeAt(0);
const RESET = frame('Q', Buffer.from('DISCARD ALL\0'));

/** Who holds a link: gets what the server sends, and hears when the link is lent to it. */
export interface Holder {
  readonly socket: RawSocket;
  lent(link: FloorLink): void;
  taken(): void;
}

/** One connection to PostgreSQL. */
export class FloorLink {
  holder: Holder | undefined;
  /** ReadyForQuery messages that must still come. */
  owed = 1;
  readonly socket: RawSocket;
  readonly #pool: FloorPool;
  readonly #replies = new FrameCounter('Z');

  constructor(socket: RawSocket, pool: FloorPool) {
    this.socket = socket;
    this.#pool = pool;
  }

  received(chunk: Buffer, length: number): void {
    this.holder?.socket.write(chunk.subarray(0, length));
    this.owed -= this.#replies.count(chunk, 0, length);
    if (this.owed > 0 || this.#replies.lastByte !== IDLE) return;
    if (this.#pool.keep && this.holder !== undefined) return;
    this.#pool.release(this);
  }

  closed(): void {
    throw new Error('PostgreSQL closed a link');
  }

  /** The holder has left: in session mode, or in the middle of something. */
  abandon(): void {
    this.holder = undefined;
    this.owed += 1;
    this.socket.write(RESET);
  }
}

/** Links and those who wait for one, first come first served. */
export class FloorPool {
  readonly keep: boolean;
  readonly #idle: FloorLink[] = [];
  readonly #waiters: Holder[] = [];
  readonly #opened: () => void;
  #missing: number;

  constructor(config: PoolConfig, floor: FloorConfig, opened: () => void) {
    this.keep = config.keep;
    this.#missing = config.links;
    this.#opened = opened;
    const { host, port, database } = floor.postgres;
    for (let i = 0; i < config.links; i++) {
      dial(host, port, (socket) => {
        socket.handler = new FloorLink(socket, this);
        socket.write(startupPacket({ user: config.user, database }));
      });
    }
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
