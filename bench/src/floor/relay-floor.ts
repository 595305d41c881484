import { readFileSync } from 'node:fs';
import { frame } from '@pgweir/testkit';
import type { FloorConfig } from './floor-config';
import { type FloorLink, FloorPool, type Holder } from './floor-pool';
import { FrameCounter } from './frame-counter';
import { listen, type RawSocket } from './raw-socket';

/** AuthenticationOk, BackendKeyData, ReadyForQuery. */
const WELCOME = Buffer.concat([
  frame('R', Buffer.alloc(4)),
  frame('K', Buffer.alloc(8)),
  frame('Z', Buffer.from('I')),
]);
const TERMINATE = 'X'.charCodeAt(0);

/** One client. Answers its login, then passes on. */
class FloorClient implements Holder {
  readonly socket: RawSocket;
  readonly #pools: ReadonlyMap<string, FloorPool>;
  /** Messages that ReadyForQuery answers: Query, Sync, FunctionCall. */
  readonly #requests = new FrameCounter('QSF');
  #pool: FloorPool | undefined;
  #link: FloorLink | undefined;
  /** Copy of what came while there was no link. */
  #waiting: Buffer | undefined;

  constructor(socket: RawSocket, pools: ReadonlyMap<string, FloorPool>) {
    this.socket = socket;
    this.#pools = pools;
  }

  received(chunk: Buffer, length: number): void {
    if (this.#pool === undefined) this.#login(chunk.toString('utf8', 8, length).split('\0'));
    else if (this.#link !== undefined) this.#forward(this.#link, chunk, length);
    else if (this.#waiting !== undefined) {
      this.#waiting = Buffer.concat([this.#waiting, chunk.subarray(0, length)]);
    } else if (chunk[0] === TERMINATE) this.socket.close();
    else {
      this.#pool.acquire(this);
      if (this.#link !== undefined) this.#forward(this.#link, chunk, length);
      else this.#waiting = Buffer.from(chunk.subarray(0, length));
    }
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

  closed(): void {
    this.#pool?.forget(this);
    this.#link?.abandon();
    this.#link = undefined;
  }

  /** A startup packet in one piece, without TLS. */
  #login(words: readonly string[]): void {
    this.#pool = this.#pools.get(words[words.indexOf('database') + 1] ?? '');
    if (this.#pool === undefined) this.socket.close();
    else this.socket.write(WELCOME);
  }

  #forward(link: FloorLink, chunk: Buffer, length: number): void {
    if (chunk[0] === TERMINATE) {
      this.socket.close();
      return;
    }
    link.owed += this.#requests.count(chunk, 0, length);
    link.socket.write(chunk.subarray(0, length));
  }
}

/**
 * A relay that does as little as a relay with transaction pooling can: it reads headers, passes bytes
 * on and counts replies. No limits, no errors, no cancel, no back-pressure: whatever is unusual ends
 * it. For comparison only.
 */
function main(): void {
  // Written by our own program of the same build.
  const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as FloorConfig;
  const pools = new Map<string, FloorPool>();
  let unopened = Object.keys(config.pools).length;
  const opened = (): void => {
    unopened -= 1;
    if (unopened > 0) return;
    const accepted = (socket: RawSocket): void => {
      socket.handler = new FloorClient(socket, pools);
    };
    listen(Number(config.port), accepted).then(
      () => process.stderr.write('process up\n'),
      (error: unknown) => {
        throw error;
      },
    );
  };
  for (const [name, pool] of Object.entries(config.pools)) {
    pools.set(name, new FloorPool(pool, config, opened));
  }
}

main();
