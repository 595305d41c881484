import type * as net from 'node:net';
import type * as tls from 'node:tls';
import { isNativeError } from 'node:util/types';
import type {
  Address,
  TlsClientOptions,
  TlsInfo,
  TlsServerOptions,
  Wire,
  WireHandler,
} from '../ports/transport';
import { localOf } from './address';
import {
  deliver,
  detachFromShared,
  isBorrowed,
  keepForQueue,
  type ReadBuffer,
} from './read-buffer';
import {
  descriptorOf,
  type StreamHandle,
  streamHandleOf,
  type WriteOwner,
  writeToHandle,
} from './stream-handle';
import { systemError } from './system-error';
import { clientCertificate, secureClientSocket } from './tls-client';
import { leftDuringHandshake, tlsInfoOf } from './tls-info';
import { clientCertificateFault, secureServerSocket, serverCertificate } from './tls-server';

/** How bytes travel now; only ever moves to the right (`secure` is skipped without TLS). */
type Phase =
  | { readonly kind: 'dialing' }
  | { readonly kind: 'plain' }
  | { readonly kind: 'flushing'; readonly prepare: () => Upgrade }
  | { readonly kind: 'handshake'; readonly upgrade: Upgrade }
  | { readonly kind: 'secure'; readonly info: TlsInfo }
  | { readonly kind: 'closed' };

/** One side's part in a TLS handshake. */
interface Upgrade {
  /** The event at which the side's own library says that the handshake is over. */
  readonly doneEvent: 'secure' | 'secureConnect';
  readonly certificate: Buffer | undefined;
  wrap(socket: net.Socket): tls.TLSSocket;
  /** Why the peer is refused after all; undefined when it is not. */
  fault(socket: tls.TLSSocket): Error | undefined;
}

const DIALING: Phase = { kind: 'dialing' };
const PLAIN: Phase = { kind: 'plain' };
const CLOSED: Phase = { kind: 'closed' };

/**
 * How long a wire whose write failed is still read from, so that the peer's last words arrive (an
 * error message, say). As a rule the end of the stream follows at once.
 */
const LAST_WORDS_MS = 1000;

/** A wire on a `net.Socket`, and on a `tls.TLSSocket` around it after an upgrade. */
export class NodeWire implements Wire, WriteOwner {
  handler: WireHandler;
  readonly remote: Address;
  #socket: net.Socket;
  /** The way past the socket's queue; only while bytes travel plainly, and not on every runtime. */
  #handle: StreamHandle | undefined;
  /** The private read buffer of a dialled wire; accepted wires share one. */
  readonly #buffer: ReadBuffer | undefined;
  #phase: Phase;
  #local: Address | undefined;
  #cause: Error | undefined;
  #paused = false;
  /** The peer's FIN came while the wire was paused. */
  #endHeld = false;
  /** `write` has answered false, so `drained` is owed. */
  #stalled = false;
  /** Writes to the handle that are queued. */
  #queuedWrites = 0;
  /** Nothing more may be written: after `end`, `destroy` or a failed write. */
  #finished = false;
  #lastWordsTimer: NodeJS.Timeout | undefined;

  constructor(
    socket: net.Socket,
    how: {
      readonly remote: Address;
      readonly handler: WireHandler;
      readonly dialing: boolean;
      readonly buffer: ReadBuffer | undefined;
      /** Write to the handle, past the socket, where the runtime lets us. */
      readonly direct: boolean;
    },
  ) {
    this.#socket = socket;
    this.remote = how.remote;
    this.handler = how.handler;
    this.#buffer = how.buffer;
    this.#phase = how.dialing ? DIALING : PLAIN;
    this.#listenTo(socket);
    const handle = (): StreamHandle | undefined =>
      how.direct ? streamHandleOf(socket) : undefined;
    if (how.dialing) socket.once('connect', () => this.#connected(handle()));
    else this.#handle = handle();
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
    return this.#stalled;
  }

  get descriptor(): number | undefined {
    return descriptorOf(this.#socket);
  }

  write(bytes: Buffer): boolean {
    if (this.#finished || this.#socket.destroyed) return false;
    const handle = this.#handle;
    if (handle === undefined) return this.#writeToSocket(bytes);
    const detached = detachFromShared(bytes);
    const status = writeToHandle(handle, detached, this);
    if (status === 0) return true;
    this.#stalled = true;
    if (status < 0) {
      this.#writeFailed(systemError(status, 'write'));
    } else {
      keepForQueue(detached);
      this.#queuedWrites += 1;
    }
    return false;
  }

  #writeToSocket(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (this.#phase.kind === 'secure') {
      // Encryption copies the bytes, unless they have to wait for earlier ones.
      const waits = socket.writableLength > 0;
      if (!socket.write(waits && isBorrowed(bytes) ? Buffer.from(bytes) : bytes)) {
        this.#stalled = true;
      }
      return !this.#stalled;
    }
    const detached = detachFromShared(bytes);
    socket.write(detached);
    if (socket.writableLength === 0) return true;
    keepForQueue(detached);
    this.#stalled = true;
    return false;
  }

  /** For the write requests only. */
  writeCompleted(status: number): void {
    this.#queuedWrites -= 1;
    if (this.#socket.destroyed) return;
    if (status < 0) this.#writeFailed(systemError(status, 'write'));
    else if (this.#queuedWrites === 0) this.#drained();
  }

  #writeFailed(error: Error): void {
    if (this.#finished && this.#cause !== undefined) return;
    this.#cause ??= error;
    this.#finished = true;
    this.#lastWordsTimer = setTimeout(() => this.#socket.destroy(), LAST_WORDS_MS);
    this.#lastWordsTimer.unref();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#handle === undefined) this.#socket.pause();
    else this.#readFromHandle(this.#handle);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#endHeld) process.nextTick(() => this.#ended());
    if (this.#handle === undefined) this.#socket.resume();
    else this.#readFromHandle(this.#handle);
  }

  /** The socket's own `resume` would take effect a tick later. */
  #readFromHandle(handle: StreamHandle): void {
    if (this.#socket.destroyed || this.#phase.kind !== 'plain') return;
    const wanted = !this.#paused;
    if (handle.reading === wanted) return;
    handle.reading = wanted;
    const status = wanted ? handle.readStart() : handle.readStop();
    if (status < 0) this.#socket.destroy(systemError(status, 'read'));
  }

  end(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#socket.end();
  }

  destroy(): void {
    this.#finished = true;
    this.#socket.destroy();
  }

  startServerTls(options: TlsServerOptions, unread: Buffer | undefined): void {
    this.#upgrade(() => ({
      doneEvent: 'secure',
      certificate: serverCertificate(options),
      wrap: (socket) => secureServerSocket(socket, options, unread),
      fault: (socket) => clientCertificateFault(socket, options),
    }));
  }

  startClientTls(
    options: TlsClientOptions,
    how: { readonly serverName: string | undefined; readonly alpn: string | undefined },
  ): void {
    this.#upgrade(() => ({
      doneEvent: 'secureConnect',
      certificate: clientCertificate(options),
      wrap: (socket) => secureClientSocket(socket, options, how),
      fault: () => undefined,
    }));
  }

  #upgrade(prepare: () => Upgrade): void {
    const plain = this.#socket;
    if (plain.destroyed) return;
    if (this.#queuedWrites > 0) {
      // TLS must not take the handle over before the plain bytes are out.
      this.#phase = { kind: 'flushing', prepare };
      if (this.#handle !== undefined) {
        this.#handle.reading = false;
        this.#handle.readStop();
      }
      return;
    }
    // Asked now, because TLS takes the handle away.
    this.#local = this.local;
    this.#handle = undefined;
    try {
      this.#secure(plain, prepare());
    } catch (error) {
      // An unusable key or certificate.
      plain.destroy(isNativeError(error) ? error : new Error(String(error)));
    }
  }

  #secure(plain: net.Socket, upgrade: Upgrade): void {
    const secured = upgrade.wrap(plain);
    this.#phase = { kind: 'handshake', upgrade };
    this.#socket = secured;
    this.#listenTo(secured);
    secured.once(upgrade.doneEvent, () => this.#handshakeDone(secured, upgrade));
    // Node does not report TLS errors of a server's socket as 'error' once it is up.
    secured.on('_tlsError', (error: Error) => secured.destroy(error));
    secured.on('data', (chunk: Buffer) => this.handler.received(chunk, chunk.length));
    if (this.#paused) secured.pause();
  }

  #handshakeDone(socket: tls.TLSSocket, upgrade: Upgrade): void {
    if (socket.destroyed) return;
    const fault = upgrade.fault(socket);
    if (fault !== undefined) {
      socket.destroy(fault);
      return;
    }
    const info = tlsInfoOf(socket, upgrade.certificate);
    this.#phase = { kind: 'secure', info };
    this.handler.secured(info);
  }

  /** Listeners ignore a socket that the wire has left behind by an upgrade. */
  #listenTo(socket: net.Socket): void {
    socket.on('end', () => {
      if (socket === this.#socket) this.#ended();
    });
    socket.on('drain', () => {
      if (socket === this.#socket) this.#drained();
    });
    socket.on('error', (error) => {
      if (socket === this.#socket) this.#cause ??= error;
    });
    socket.on('close', () => {
      if (socket === this.#socket) this.#closed();
    });
  }

  #connected(handle: StreamHandle | undefined): void {
    if (this.#socket.destroyed) return;
    this.#phase = PLAIN;
    // What was written early waits in the socket's queue: nothing may overtake it.
    this.#handle = this.#stalled ? undefined : handle;
    this.handler.connected();
    // Node starts to read after this event unless the socket itself is paused.
    if (this.#paused) this.#socket.pause();
  }

  /** Hands on what a read brought; for the transport's read callback only. */
  received(buffer: Buffer, length: number): void {
    deliver(this.#buffer);
    try {
      this.handler.received(buffer, length);
    } catch (error) {
      // The buffer may have been given away without being replaced: read into it no more.
      this.#socket.destroy();
      throw error;
    } finally {
      deliver(undefined);
    }
  }

  #drained(): void {
    if (!this.#stalled || this.#socket.destroyed) return;
    this.#stalled = false;
    const phase = this.#phase;
    if (phase.kind === 'flushing') {
      this.#phase = PLAIN;
      this.#upgrade(phase.prepare);
    }
    this.handler.drained();
  }

  #ended(): void {
    if (this.#socket.destroyed) return;
    if (this.#phase.kind === 'handshake') {
      this.#socket.destroy(leftDuringHandshake());
      return;
    }
    this.#endHeld = this.#paused;
    if (this.#paused) return;
    this.handler.ended();
    if (this.#lastWordsTimer !== undefined) this.#socket.destroy();
  }

  #closed(): void {
    if (this.#phase.kind === 'closed') return;
    this.#phase = CLOSED;
    this.#finished = true;
    this.#handle = undefined;
    clearTimeout(this.#lastWordsTimer);
    this.handler.closed(this.#cause);
  }
}
