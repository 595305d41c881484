import type { Address, TlsInfo, Wire, WireHandler } from '../../src/ports/transport';
import type { TaskQueue } from './task-queue';

const NOBODY: WireHandler = {
  connected: () => undefined,
  secured: () => undefined,
  received: () => undefined,
  drained: () => undefined,
  ended: () => undefined,
  closed: () => undefined,
};

/** Overwrites a read buffer after it was delivered: whoever kept a view of it sends garbage. */
const POISON = 0xee;

/** The far end of a wire, in a test's hands. */
export interface Peer {
  /** Bytes that our side wrote have arrived. */
  wrote(bytes: Buffer): void;
  /** Our side has sent FIN. */
  finished(): void;
  /** Our side has dropped the connection. */
  gone(): void;
}

/**
 * A wire in memory. Events reach the handler and the peer only when the task queue runs, so nothing
 * is re-entrant. Bytes that are delivered lie in a buffer that is overwritten afterwards.
 */
export class FakeWire implements Wire {
  handler: WireHandler = NOBODY;
  tls: TlsInfo | undefined = undefined;
  descriptor: number | undefined = undefined;
  readonly remote: Address;
  readonly local: Address = { kind: 'tcp', host: '10.0.0.1', port: 6432 };
  /** Every write, one entry each. */
  readonly writes: Buffer[] = [];
  peer: Peer | undefined;
  paused = false;
  /** `end` or `destroy` was called. */
  state: 'open' | 'ended' | 'destroyed' | 'closed' = 'open';
  #stalled = false;
  #stuck: Buffer[] = [];
  #finPending = false;
  #peerEnded = false;
  #unread: (Buffer | 'end')[] = [];
  readonly #tasks: TaskQueue;

  constructor(tasks: TaskQueue, remote: Address) {
    this.#tasks = tasks;
    this.remote = remote;
  }

  get congested(): boolean {
    return this.#stuck.length > 0;
  }

  get closed(): boolean {
    return this.state === 'closed';
  }

  write(whole: Buffer, start = 0, end = whole.length): boolean {
    const bytes = whole.subarray(start, end);
    if (this.state !== 'open') return true;
    const copy = Buffer.from(bytes);
    this.writes.push(copy);
    if (this.#stalled) {
      this.#stuck.push(copy);
      return false;
    }
    this.#tasks.push(() => this.peer?.wrote(copy));
    return true;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#tasks.push(() => this.#deliver());
  }

  end(): void {
    if (this.state !== 'open') return;
    this.state = 'ended';
    if (this.#stuck.length > 0) this.#finPending = true;
    else this.#fin();
  }

  destroy(): void {
    if (this.state === 'closed' || this.state === 'destroyed') return;
    this.state = 'destroyed';
    this.#stuck = [];
    this.#tasks.push(() => {
      this.peer?.gone();
      this.close(undefined);
    });
  }

  startServerTls(): void {
    throw new Error('the fake wire has no TLS');
  }

  /** Nothing is encrypted, and who is there is believed. */
  startClientTls(): void {
    const info: TlsInfo = {
      ...{ protocol: 'TLSv1.3', cipher: 'none', alpn: undefined, peerCertificate: undefined },
      ...{ peerVerified: true, localCertificate: undefined },
    };
    this.tls = info;
    this.#tasks.push(() => {
      if (this.state === 'open') this.handler.secured(info);
    });
  }

  /** The peer stops reading: from the next write on the wire is congested. */
  stall(): void {
    this.#stalled = true;
  }

  /** The peer reads again: what was stuck arrives, then the handler hears `drained`. */
  unstall(): void {
    this.#stalled = false;
    const stuck = this.#stuck.splice(0);
    this.#tasks.push(() => {
      for (const bytes of stuck) this.peer?.wrote(bytes);
      if (this.#finPending) this.#fin();
      if (stuck.length > 0 && this.state === 'open') this.handler.drained();
    });
  }

  /** The dialled wire is up. */
  connect(): void {
    if (this.state === 'open') this.handler.connected();
  }

  /** Bytes come from the peer, as one chunk. */
  arrive(bytes: Buffer): void {
    this.#unread.push(Buffer.from(bytes));
    this.#tasks.push(() => this.#deliver());
  }

  /** The peer has sent FIN. */
  arriveEnd(): void {
    this.#unread.push('end');
    this.#tasks.push(() => this.#deliver());
  }

  /** The connection is gone. */
  close(cause: Error | undefined): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.handler.closed(cause);
  }

  #fin(): void {
    this.#finPending = false;
    this.#tasks.push(() => {
      this.peer?.finished();
      if (this.#peerEnded) this.close(undefined);
    });
  }

  #deliver(): void {
    while (!this.paused && this.state !== 'closed' && this.state !== 'destroyed') {
      const next = this.#unread.shift();
      if (next === undefined) return;
      if (next === 'end') {
        this.#peerEnded = true;
        this.handler.ended();
        if (this.state === 'ended' && !this.#finPending) this.close(undefined);
        continue;
      }
      // Longer than what arrived: whoever goes by the buffer's length reads garbage.
      const buffer = Buffer.alloc(next.length + 16, POISON);
      next.copy(buffer);
      this.handler.received(buffer, next.length);
      buffer.fill(POISON);
    }
  }
}
