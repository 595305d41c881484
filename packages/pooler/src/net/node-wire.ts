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
import { descriptorOf } from './raw-handle';
import { isBorrowed } from './read-buffer';
import { clientCertificate, secureClientSocket } from './tls-client';
import { leftDuringHandshake, tlsInfoOf } from './tls-info';
import {
  clientCertificateFault,
  secureServerSocket,
  serverCertificate,
  verifiesClients,
} from './tls-server';

/** How bytes travel now; only ever moves to the right (`secure` is skipped without TLS). */
type Phase =
  | { readonly kind: 'dialing' }
  | { readonly kind: 'plain' }
  | { readonly kind: 'handshake'; readonly upgrade: Upgrade }
  | { readonly kind: 'secure'; readonly info: TlsInfo }
  | { readonly kind: 'closed' };

/** One side's part in a TLS handshake. */
interface Upgrade {
  /** The event at which the side's own library says that the handshake is over. */
  readonly doneEvent: 'secure' | 'secureConnect';
  readonly certificate: Buffer | undefined;
  /** The peer's certificate, if it sends one, has been checked once the handshake is over. */
  readonly verifies: boolean;
  wrap(socket: net.Socket): tls.TLSSocket;
  /** Why the peer is refused after all; undefined when it is not. */
  fault(socket: tls.TLSSocket): Error | undefined;
}

const DIALING: Phase = { kind: 'dialing' };
const PLAIN: Phase = { kind: 'plain' };
const CLOSED: Phase = { kind: 'closed' };

/** A wire on a `net.Socket`, and on a `tls.TLSSocket` around it after an upgrade. */
export class NodeWire implements Wire {
  handler: WireHandler;
  readonly remote: Address;
  #socket: net.Socket;
  #phase: Phase;
  #local: Address | undefined;
  #cause: Error | undefined;
  #paused = false;
  /** The peer's FIN came while the wire was paused. */
  #endHeld = false;
  /** `write` has answered false, so `drained` is owed. */
  #stalled = false;
  /** Nothing more may be written: after `end` or `destroy`. */
  #finished = false;

  constructor(
    socket: net.Socket,
    how: {
      readonly remote: Address;
      readonly handler: WireHandler;
      readonly dialing: boolean;
      /** False for a socket on which TLS begins at once: nothing must come out of it before. */
      readonly reading: boolean;
    },
  ) {
    this.#socket = socket;
    this.remote = how.remote;
    this.handler = how.handler;
    this.#phase = how.dialing ? DIALING : PLAIN;
    this.#listenTo(socket);
    if (how.dialing) socket.once('connect', () => this.#connected());
    if (how.reading) this.#readFrom(socket);
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

  write(whole: Buffer, start = 0, end = whole.length): boolean {
    const bytes = whole.subarray(start, end);
    const socket = this.#socket;
    if (this.#finished || socket.destroyed) return false;
    const secure = this.#phase.kind === 'secure';
    // A TLS socket has room of its own, and tells of a drain only when that was full.
    const hasRoom = secure || this.#phase.kind === 'handshake';
    // Encryption copies the bytes, unless they have to wait for earlier ones.
    const waits = !secure || socket.writableLength > 0;
    const accepts = socket.write(waits && isBorrowed(bytes) ? Buffer.from(bytes) : bytes);
    if (hasRoom ? !accepts : socket.writableLength > 0) this.#stalled = true;
    return !this.#stalled;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#endHeld) process.nextTick(() => this.#tellHeldEnd());
    this.#socket.resume();
  }

  /** Two calls of `resume` may have asked for it. */
  #tellHeldEnd(): void {
    if (this.#endHeld) this.#ended();
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
      verifies: verifiesClients(options),
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
      verifies: options.verify !== 'none',
      wrap: (socket) => secureClientSocket(socket, options, how),
      fault: () => undefined,
    }));
  }

  #upgrade(prepare: () => Upgrade): void {
    const plain = this.#socket;
    if (plain.destroyed) return;
    // Asked now, because TLS takes the handle away.
    this.#local = this.local;
    try {
      this.#secure(plain, prepare());
    } catch (error) {
      // An unusable key or certificate.
      plain.destroy(isNativeError(error) ? error : new Error(String(error)));
    }
  }

  #secure(plain: net.Socket, upgrade: Upgrade): void {
    // What is put back into it for the handshake must not come out as plain bytes.
    plain.pause().removeAllListeners('data');
    const secured = upgrade.wrap(plain);
    this.#phase = { kind: 'handshake', upgrade };
    this.#socket = secured;
    this.#listenTo(secured);
    this.#readFrom(secured);
    secured.once(upgrade.doneEvent, () => this.#handshakeDone(secured, upgrade));
    // Node does not report TLS errors of a server's socket as 'error' once it is up.
    secured.on('_tlsError', (error: Error) => secured.destroy(error));
    if (this.#paused) secured.pause();
  }

  #handshakeDone(socket: tls.TLSSocket, upgrade: Upgrade): void {
    if (socket.destroyed) return;
    const fault = upgrade.fault(socket);
    if (fault !== undefined) {
      socket.destroy(fault);
      return;
    }
    const info = tlsInfoOf(socket, upgrade);
    this.#phase = { kind: 'secure', info };
    this.handler.secured(info);
  }

  #readFrom(socket: net.Socket): void {
    socket.on('data', (chunk: Buffer) => this.handler.received(chunk, chunk.length));
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

  #connected(): void {
    if (this.#socket.destroyed) return;
    this.#phase = PLAIN;
    this.handler.connected();
    // Node starts to read after this event unless the socket itself is paused.
    if (this.#paused) this.#socket.pause();
  }

  #drained(): void {
    if (!this.#stalled || this.#socket.destroyed) return;
    this.#stalled = false;
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
  }

  #closed(): void {
    if (this.#phase.kind === 'closed') return;
    this.#phase = CLOSED;
    this.#finished = true;
    this.handler.closed(this.#cause);
  }
}
