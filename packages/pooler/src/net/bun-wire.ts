import { isNativeError } from 'node:util/types';
import type {
  Address,
  SocketOptions,
  TlsClientOptions,
  TlsInfo,
  TlsServerOptions,
  Wire,
  WireHandler,
} from '../ports/transport';
import { plainHost } from './address';
import { nobody } from './bun-handlers';
import type { BunSocket, BunSocketOwner } from './bun-runtime';
import {
  type BunUpgrade,
  bunClientUpgrade,
  bunServerUpgrade,
  bunTlsInfo,
  isComplete,
  plainTlsError,
  startUpgrade,
} from './bun-tls';
import { HeldInput } from './held-input';
import { LAST_WORDS_MS } from './last-words';
import { systemErrorOf } from './system-error';
import { leftDuringHandshake } from './tls-info';
import { UnsentBytes } from './unsent-bytes';

/** How bytes travel now; only ever moves to the right (`secure` is skipped without TLS). */
type Phase =
  | { readonly kind: 'dialing' }
  | { readonly kind: 'plain' }
  | { readonly kind: 'flushing'; readonly upgrade: BunUpgrade }
  | { readonly kind: 'handshake'; readonly upgrade: BunUpgrade }
  | { readonly kind: 'secure'; readonly info: TlsInfo }
  | { readonly kind: 'closed' };

const DIALING: Phase = { kind: 'dialing' };
const PLAIN: Phase = { kind: 'plain' };
const CLOSED: Phase = { kind: 'closed' };

/** A wire on a socket of Bun, and on the TLS socket that takes its place after an upgrade. */
export class BunWire implements Wire, BunSocketOwner {
  handler: WireHandler;
  readonly remote: Address;
  readonly #options: SocketOptions;
  /** The connection; undefined before it is up, and after it is gone. */
  #socket: BunSocket | undefined;
  /** The same, as long as a write may go right to it. */
  #open: BunSocket | undefined;
  #phase: Phase = DIALING;
  #local: Address | undefined;
  #cause: Error | undefined;
  #paused = false;
  /** Bytes that wait: `write` has answered false, so `drained` is owed. */
  #unsent: UnsentBytes | undefined;
  /** What came while the wire was paused. */
  #held: HeldInput | undefined;
  #sawEnd = false;
  /** Nothing more may be written: after `end`, `destroy` or a failed write. */
  #finished = false;
  /** A FIN is to follow what is queued. */
  #ending = false;
  /** Within a call that may report the end of the socket before it returns. */
  #closing = false;
  /** Within the call that dials: nothing may be told yet. */
  #dialling = false;
  #lastWordsTimer: NodeJS.Timeout | undefined;

  constructor(how: {
    readonly remote: Address;
    readonly handler: WireHandler;
    readonly options: SocketOptions;
  }) {
    this.remote = how.remote;
    this.handler = how.handler;
    this.#options = how.options;
  }

  /** Calls `start`, which may lead to `opened` before it returns. */
  dial(start: () => void): void {
    this.#dialling = true;
    start();
    this.#dialling = false;
  }

  /** Takes an accepted socket, which is up already. */
  accept(socket: BunSocket): void {
    socket.data = this;
    this.#phase = PLAIN;
    this.#take(socket);
  }

  get local(): Address {
    if (this.#local === undefined) {
      if (this.remote.kind === 'unix') this.#local = this.remote;
      else this.#local = localOf(this.#socket);
    }
    return this.#local ?? { kind: 'tcp', host: '', port: 0 };
  }

  get tls(): TlsInfo | undefined {
    return this.#phase.kind === 'secure' ? this.#phase.info : undefined;
  }

  get congested(): boolean {
    return this.#unsent !== undefined;
  }

  get descriptor(): number | undefined {
    const descriptor = this.#socket?.fd;
    return descriptor !== undefined && descriptor >= 0 ? descriptor : undefined;
  }

  write(bytes: Buffer, start = 0, end = bytes.length): boolean {
    const socket = this.#open;
    if (socket === undefined) return this.#queue(bytes.subarray(start, end));
    const taken = socket.write(bytes, start, end - start);
    if (taken === end - start) return true;
    if (taken < 0) this.#writeFailed();
    else this.#queue(bytes.subarray(start + taken, end));
    return false;
  }

  #queue(bytes: Buffer): false {
    if (this.#finished) return false;
    this.#open = undefined;
    this.#unsent ??= new UnsentBytes();
    this.#unsent.add(bytes);
    return false;
  }

  #writeFailed(): void {
    this.#open = undefined;
    this.#unsent = undefined;
    this.#cause ??= systemErrorOf('EPIPE', 'write');
    this.#finished = true;
    this.#lastWordsTimer ??= setTimeout(() => this.#close(), LAST_WORDS_MS);
    this.#lastWordsTimer.unref();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    // A handshake goes on.
    if (this.#phase.kind === 'plain' || this.#phase.kind === 'secure') this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held !== undefined) process.nextTick(() => this.#deliverHeld());
    else if (this.#phase.kind === 'plain' || this.#phase.kind === 'secure') this.#socket?.resume();
  }

  #deliverHeld(): void {
    const held = this.#held;
    if (held === undefined || this.#paused) return;
    for (let bytes = held.next(); bytes !== undefined; bytes = held.next()) {
      this.handler.received(bytes, bytes.length);
      // Paused or destroyed meanwhile.
      if (this.#paused || this.#held !== held) return;
    }
    this.#held = undefined;
    if (held.ended) this.peerEnded();
    if (held.gone) this.#report();
    else if (!this.#paused) this.#socket?.resume();
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#open = undefined;
    this.#ending = true;
    if (this.#unsent === undefined) this.#shutDown();
  }

  #shutDown(): void {
    if (this.#socket === undefined) return;
    this.#ending = false;
    this.#closing = true;
    this.#socket.shutdown();
    this.#closing = false;
  }

  destroy(): void {
    this.#finished = true;
    this.#open = undefined;
    this.#unsent = undefined;
    this.#close();
  }

  /** Drops the connection; what it reports before the call returns is told later. */
  #close(): void {
    if (this.#phase.kind === 'closed') return;
    const socket = this.#socket;
    if (this.#held?.gone === true || socket === undefined) {
      this.#held = undefined;
      process.nextTick(() => this.#report());
      return;
    }
    this.#held = undefined;
    this.#closing = true;
    socket.close();
    this.#closing = false;
  }

  startServerTls(options: TlsServerOptions, unread: Buffer | undefined): void {
    const copy = unread === undefined || unread.length === 0 ? undefined : Buffer.from(unread);
    this.#upgrade(() => bunServerUpgrade(options, copy));
  }

  startClientTls(
    options: TlsClientOptions,
    how: { readonly serverName: string | undefined; readonly alpn: string | undefined },
  ): void {
    this.#upgrade(() => bunClientUpgrade(options, how));
  }

  #upgrade(prepare: () => BunUpgrade): void {
    const socket = this.#socket;
    if (socket === undefined || this.#finished) return;
    try {
      const upgrade = prepare();
      this.#open = undefined;
      if (this.#unsent === undefined) {
        this.#secure(socket, upgrade);
        return;
      }
      // The plain bytes must be out before, and what comes in belongs to TLS.
      this.#phase = { kind: 'flushing', upgrade };
      socket.pause();
    } catch (error) {
      // An unusable key or certificate.
      this.#fail(isNativeError(error) ? error : new Error(String(error)));
    }
  }

  #secure(plain: BunSocket, upgrade: BunUpgrade): void {
    this.#local = this.local;
    this.#phase = { kind: 'handshake', upgrade };
    if (this.#paused) plain.resume();
    this.#socket = startUpgrade(plain, upgrade, this);
  }

  /** Closes because of `cause`. */
  #fail(cause: Error): void {
    this.#cause ??= cause;
    this.destroy();
  }

  #take(socket: BunSocket): void {
    this.#socket = socket;
    const { keepAlive, keepIdleSeconds } = this.#options;
    if (keepAlive && this.remote.kind === 'tcp') {
      socket.setKeepAlive(true, keepIdleSeconds * 1000);
    }
    if (this.#unsent === undefined && !this.#finished) this.#open = socket;
  }

  // What follows is for Bun's events only.

  opened(socket: BunSocket): void {
    if (this.#dialling) return process.nextTick(() => this.opened(socket));
    if (this.#phase.kind !== 'dialing') {
      // It was given up meanwhile. An upgraded socket reports here, too, and is known already.
      if (this.#phase.kind === 'closed') {
        socket.data = nobody;
        socket.close();
      }
      return;
    }
    this.#phase = PLAIN;
    this.#take(socket);
    this.handler.connected();
    if (this.#paused) this.#socket?.pause();
    this.writable();
  }

  refused(error: Error): void {
    this.#cause ??= error;
    this.#report();
  }

  arrived(bytes: Buffer): void {
    if (this.#paused || this.#held !== undefined) this.#hold().add(bytes);
    else this.handler.received(bytes, bytes.length);
  }

  #hold(): HeldInput {
    this.#held ??= new HeldInput();
    return this.#held;
  }

  writable(): void {
    const socket = this.#socket;
    const phase = this.#phase;
    if (socket === undefined || phase.kind === 'handshake') return;
    if (this.#unsent !== undefined) {
      const result = this.#unsent.flush((bytes) => socket.write(bytes));
      if (result === 'waits') return;
      if (result === 'failed') return this.#writeFailed();
      this.#unsent = undefined;
      if (phase.kind === 'flushing') this.#flushed(socket, phase.upgrade);
      else if (!this.#finished) this.#open = socket;
      if (this.#ending) this.#shutDown();
      this.handler.drained();
    } else if (this.#ending) this.#shutDown();
  }

  #flushed(socket: BunSocket, upgrade: BunUpgrade): void {
    socket.resume();
    this.#secure(socket, upgrade);
  }

  peerEnded(): void {
    if (this.#phase.kind === 'handshake') return this.#fail(leftDuringHandshake());
    if (this.#phase.kind === 'closed') return;
    this.#sawEnd = true;
    if (this.#paused || this.#held !== undefined) {
      this.#hold().ended = true;
      return;
    }
    this.handler.ended();
    if (this.#lastWordsTimer !== undefined) this.#close();
  }

  failed(error: Error): void {
    this.#cause ??= plainTlsError(error);
  }

  handshakeDone(success: boolean, verifyFault: Error | undefined): void {
    const phase = this.#phase;
    const socket = this.#socket;
    if (phase.kind !== 'handshake' || socket === undefined || this.#finished) return;
    const fault = isComplete(success, verifyFault)
      ? phase.upgrade.fault(socket, verifyFault)
      : (this.#cause ?? handshakeFault(verifyFault));
    if (fault !== undefined) return this.#fail(fault);
    const info = bunTlsInfo(socket, phase.upgrade);
    this.#phase = { kind: 'secure', info };
    if (this.#paused) socket.pause();
    if (this.#unsent === undefined) this.#open = socket;
    this.handler.secured(info);
    this.writable();
  }

  gone(error: Error | undefined): void {
    if (!this.#closing) this.#goneByItself(error);
    this.#socket = undefined;
    this.#open = undefined;
    this.#unsent = undefined;
    this.#finished = true;
    if (this.#closing) process.nextTick(() => this.#report());
    else if (this.#held?.hasBytes === true) this.#held.gone = true;
    else this.#report();
  }

  #goneByItself(error: Error | undefined): void {
    this.#cause ??= error;
    if (this.#phase.kind === 'handshake') this.#cause ??= leftDuringHandshake();
    // Bun does not tell of a FIN that ends a connection whose other direction has ended before.
    else if (this.#cause === undefined && !this.#sawEnd) this.peerEnded();
  }

  #report(): void {
    if (this.#phase.kind === 'closed') return;
    this.#phase = CLOSED;
    this.#finished = true;
    this.#held = undefined;
    clearTimeout(this.#lastWordsTimer);
    this.handler.closed(this.#cause);
  }
}

function handshakeFault(fault: Error | undefined): Error {
  return fault === undefined ? leftDuringHandshake() : plainTlsError(fault);
}

function localOf(socket: BunSocket | undefined): Address | undefined {
  const host = socket?.localAddress;
  const port = socket?.localPort;
  if (host === undefined || port === undefined) return undefined;
  return { kind: 'tcp', host: plainHost(host), port };
}
