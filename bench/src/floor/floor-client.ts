import type { Wire, WireHandler } from '@pgweir/pooler';
import { frame } from '@pgweir/testkit';
import type { FloorLink, FloorPool, Holder } from './floor-pool';
import { FrameCounter } from './frame-counter';

/** AuthenticationOk, BackendKeyData, ReadyForQuery. */
const WELCOME = Buffer.concat([
  frame('R', Buffer.alloc(4)),
  frame('K', Buffer.alloc(8)),
  frame('Z', Buffer.from('I')),
]);
const TERMINATE = 'X'.charCodeAt(0);

/** One client. Answers its login, then passes on. */
export class FloorClient implements Holder, WireHandler {
  readonly wire: Wire;
  readonly #pools: ReadonlyMap<string, FloorPool>;
  /** Messages that ReadyForQuery answers: Query, Sync, FunctionCall. */
  readonly #requests = new FrameCounter('QSF');
  #pool: FloorPool | undefined;
  #link: FloorLink | undefined;
  /** Copy of what came while there was no link. */
  #waiting: Buffer | undefined;

  constructor(wire: Wire, pools: ReadonlyMap<string, FloorPool>) {
    this.wire = wire;
    this.#pools = pools;
  }

  connected(): void {
    throw new Error('an accepted wire is connected already');
  }

  secured(): void {
    throw new Error('nobody asked for TLS');
  }

  received(chunk: Buffer, length: number): void {
    if (this.#pool === undefined) this.#login(chunk.toString('utf8', 8, length).split('\0'));
    else if (this.#link !== undefined) this.#forward(this.#link, chunk, length);
    else if (this.#waiting !== undefined) {
      this.#waiting = Buffer.concat([this.#waiting, chunk.subarray(0, length)]);
    } else if (chunk[0] === TERMINATE) this.wire.destroy();
    else {
      this.#pool.acquire(this);
      if (this.#link !== undefined) this.#forward(this.#link, chunk, length);
      else this.#waiting = Buffer.from(chunk.subarray(0, length));
    }
  }

  drained(): void {
    this.#link?.wire.resume();
  }

  ended(): void {
    this.wire.destroy();
  }

  closed(): void {
    this.#pool?.forget(this);
    this.#link?.abandon();
    this.#link = undefined;
  }

  lent(link: FloorLink): void {
    this.#link = link;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#forward(link, waiting, waiting.length);
  }

  taken(): void {
    this.#link = undefined;
  }

  /** A startup packet in one piece, without TLS. */
  #login(words: readonly string[]): void {
    this.#pool = this.#pools.get(words[words.indexOf('database') + 1] ?? '');
    if (this.#pool === undefined) this.wire.destroy();
    else this.wire.write(WELCOME);
  }

  #forward(link: FloorLink, chunk: Buffer, length: number): void {
    if (chunk[0] === TERMINATE) {
      this.wire.destroy();
      return;
    }
    link.owed += this.#requests.count(chunk, 0, length);
    if (!link.wire.write(chunk, 0, length)) this.wire.pause();
  }
}
