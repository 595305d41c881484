import * as net from 'node:net';
import { InvariantBreach } from '../errors';
import type {
  Address,
  TlsClientOptions,
  TlsInfo,
  TlsServerOptions,
  Wire,
  WireHandler,
} from '../ports/transport';
import { plainHost } from './address';
import { LAST_WORDS_MS } from './last-words';
import { NodeWire } from './node-wire';
import {
  type HandleLibrary,
  type HandleOwner,
  handles,
  type RawHandle,
  type SocketName,
} from './raw-handle';
import {
  deliver,
  keepForQueue,
  type ReadBuffer,
  sharedReadBuffer,
  viewToWrite,
} from './read-buffer';
import { systemError } from './system-error';

/**
 * - `dialing`: not connected yet; `early` is what was written meanwhile
 * - `plain`: bytes travel through the handle
 * - `flushing`: TLS begins when the plain bytes are out
 * - `handed`: TLS has the handle; `wire` does everything from here on
 * - `closed`: the handle is being closed, or has been
 */
type Phase =
  | { readonly kind: 'dialing'; readonly early: Buffer[] }
  | { readonly kind: 'plain' }
  | { readonly kind: 'flushing'; readonly begin: (wire: NodeWire) => void }
  | { readonly kind: 'handed'; readonly wire: NodeWire }
  | { readonly kind: 'closed' };

const PLAIN: Phase = { kind: 'plain' };
const CLOSED: Phase = { kind: 'closed' };

/** What is rarely there, so that an idle wire does not carry it. */
interface Aftermath {
  cause: Error | undefined;
  lastWordsTimer: NodeJS.Timeout | undefined;
}

/**
 * A wire on Node's raw handle, without a `net.Socket`: that would cost several kilobytes for each idle
 * client and a few tenths of a microsecond for each chunk. TLS puts a socket around the handle.
 */
export class HandleWire implements Wire, HandleOwner {
  readonly remote: Address;
  #handler: WireHandler;
  #handle: RawHandle;
  #phase: Phase;
  /** The private read buffer of a dialled wire; accepted wires share one. */
  readonly #buffer: ReadBuffer | undefined;
  #aftermath: Aftermath | undefined;
  #paused = false;
  #reading = false;
  /** `write` has answered false, so `drained` is owed. */
  #stalled = false;
  #queuedWrites = 0;
  /** Nothing more may be written: after `end`, `destroy` or a failed write. */
  #finished = false;
  /** Both directions have to end before the connection is over. */
  #readEnded = false;
  #shutDown = false;

  constructor(
    handle: RawHandle,
    how: {
      readonly remote: Address;
      readonly handler: WireHandler;
      readonly dialing: boolean;
      readonly buffer: ReadBuffer | undefined;
    },
  ) {
    this.remote = how.remote;
    this.#handler = how.handler;
    this.#handle = handle;
    this.#buffer = how.buffer;
    this.#phase = how.dialing ? { kind: 'dialing', early: [] } : PLAIN;
    handle.pgweirOwner = this;
    handle.onread = onread;
    handle.useUserBuffer(how.buffer?.bytes ?? sharedReadBuffer);
    if (!how.dialing) this.#read();
  }

  get handler(): WireHandler {
    return this.#handler;
  }

  set handler(handler: WireHandler) {
    this.#handler = handler;
    if (this.#phase.kind === 'handed') this.#phase.wire.handler = handler;
  }

  get local(): Address {
    if (this.remote.kind === 'unix') return this.remote;
    if (this.#phase.kind === 'handed') return this.#phase.wire.local;
    const name: SocketName = {};
    if (this.#phase.kind !== 'closed' && 'getsockname' in this.#handle) {
      const getsockname = this.#handle.getsockname as (into: SocketName) => number;
      getsockname.call(this.#handle, name);
    }
    return { kind: 'tcp', host: plainHost(name.address ?? ''), port: name.port ?? 0 };
  }

  get tls(): TlsInfo | undefined {
    return this.#phase.kind === 'handed' ? this.#phase.wire.tls : undefined;
  }

  get congested(): boolean {
    return this.#phase.kind === 'handed' ? this.#phase.wire.congested : this.#stalled;
  }

  get descriptor(): number | undefined {
    if (this.#phase.kind === 'handed') return this.#phase.wire.descriptor;
    return this.#phase.kind === 'closed' || this.#handle.fd < 0 ? undefined : this.#handle.fd;
  }

  write(bytes: Buffer, start = 0, end = bytes.length): boolean {
    if (this.#phase === PLAIN && !this.#finished) {
      const detached = viewToWrite(bytes, start, end);
      const status = library().write(this.#handle, detached, this);
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
    if (this.#phase.kind === 'handed') return this.#phase.wire.write(bytes, start, end);
    if (this.#phase.kind === 'dialing' && !this.#finished) {
      this.#phase.early.push(Buffer.from(bytes.subarray(start, end)));
      this.#stalled = true;
    }
    return false;
  }

  writeCompleted(status: number): void {
    this.#queuedWrites -= 1;
    if (this.#phase.kind === 'closed') return;
    if (status < 0) this.#writeFailed(systemError(status, 'write'));
    else if (this.#queuedWrites === 0) this.#drained();
  }

  #writeFailed(error: Error): void {
    if (this.#aftermath !== undefined) return;
    this.#finished = true;
    const lastWordsTimer = setTimeout(() => this.destroy(), LAST_WORDS_MS);
    lastWordsTimer.unref();
    this.#aftermath = { cause: error, lastWordsTimer };
  }

  #drained(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    if (this.#phase.kind === 'flushing') this.#hand(this.#phase.begin);
    this.#handler.drained();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#phase.kind === 'handed') this.#phase.wire.pause();
    else if (this.#phase.kind === 'plain') this.#stopReading();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#phase.kind === 'handed') this.#phase.wire.resume();
    else if (this.#phase.kind === 'plain') this.#read();
  }

  #read(): void {
    if (this.#reading || this.#paused || this.#readEnded) return;
    this.#reading = true;
    this.#check(this.#handle.readStart());
  }

  #stopReading(): void {
    if (!this.#reading) return;
    this.#reading = false;
    this.#check(this.#handle.readStop());
  }

  #check(status: number): void {
    if (status < 0) this.#close(systemError(status, 'read'));
  }

  end(): void {
    if (this.#phase.kind === 'handed') this.#phase.wire.end();
    if (this.#finished || this.#phase.kind === 'closed') return;
    this.#finished = true;
    if (this.#phase.kind === 'plain') this.#sendFin();
  }

  #sendFin(): void {
    // An error here means that the peer is gone: reading will tell.
    if (library().shutdown(this.#handle, this) < 0) this.shutdownCompleted();
  }

  shutdownCompleted(): void {
    this.#shutDown = true;
    if (this.#readEnded) this.destroy();
  }

  destroy(): void {
    if (this.#phase.kind === 'handed') this.#phase.wire.destroy();
    else this.#close(undefined);
  }

  #close(cause: Error | undefined): void {
    if (this.#phase.kind === 'closed') return;
    this.#phase = CLOSED;
    this.#finished = true;
    clearTimeout(this.#aftermath?.lastWordsTimer);
    const reason = this.#aftermath?.cause ?? cause;
    this.#handle.close(() => this.#handler.closed(reason));
  }

  startServerTls(options: TlsServerOptions, unread: Buffer | undefined): void {
    const early = unread === undefined ? undefined : Buffer.from(unread);
    this.#upgrade((wire) => wire.startServerTls(options, early));
  }

  startClientTls(
    options: TlsClientOptions,
    how: { readonly serverName: string | undefined; readonly alpn: string | undefined },
  ): void {
    this.#upgrade((wire) => wire.startClientTls(options, how));
  }

  #upgrade(begin: (wire: NodeWire) => void): void {
    if (this.#phase.kind !== 'plain') return;
    if (this.#queuedWrites === 0) {
      this.#hand(begin);
      return;
    }
    // TLS must not take the handle over before the plain bytes are out.
    this.#phase = { kind: 'flushing', begin };
    this.#stopReading();
  }

  #hand(begin: (wire: NodeWire) => void): void {
    this.#stopReading();
    this.#handle.pgweirOwner = undefined;
    const socket = new net.Socket({
      handle: this.#handle,
      allowHalfOpen: true,
      highWaterMark: 1,
    } as net.SocketConstructorOpts);
    const wire = new NodeWire(socket, {
      remote: this.remote,
      handler: this.#handler,
      dialing: false,
      reading: false,
    });
    this.#phase = { kind: 'handed', wire };
    if (this.#paused) wire.pause();
    begin(wire);
    if (this.#finished) wire.end();
  }

  connectCompleted(status: number): void {
    if (this.#phase.kind !== 'dialing') return;
    if (status < 0) {
      this.#close(systemError(status, 'connect', this.remote));
      return;
    }
    const { early } = this.#phase;
    const finished = this.#finished;
    this.#phase = PLAIN;
    this.#finished = false;
    for (const bytes of early) this.write(bytes);
    this.#finished ||= finished;
    this.#handler.connected();
    if (this.#phase !== PLAIN) return;
    if (finished) this.#sendFin();
    this.#read();
    if (this.#queuedWrites === 0) this.#drained();
  }

  handleRead(count: number): Uint8Array | undefined {
    const buffer = this.#buffer;
    if (count <= 0) {
      if (count < 0) this.#ended(count);
      return undefined;
    }
    deliver(buffer);
    try {
      this.#handler.received(buffer === undefined ? sharedReadBuffer : buffer.bytes, count);
    } catch (error) {
      // The buffer may have been given away without being replaced: read into it no more.
      this.#close(undefined);
      throw error;
    } finally {
      deliver(undefined);
    }
    return buffer?.next();
  }

  #ended(status: number): void {
    if (this.#phase.kind === 'closed') return;
    if (status !== END_OF_FILE) {
      this.#close(systemError(status, 'read'));
      return;
    }
    this.#readEnded = true;
    this.#stopReading();
    this.#handler.ended();
    if (this.#aftermath !== undefined || this.#shutDown) this.destroy();
  }
}

/** libuv's UV_EOF. */
const END_OF_FILE = -4095;

function onread(this: RawHandle): Uint8Array | undefined {
  return this.pgweirOwner?.handleRead(library().readCount());
}

/** Such wires are made only where there are raw handles. */
function library(): HandleLibrary {
  if (handles === undefined) throw new InvariantBreach('a wire on a raw handle without a library');
  return handles;
}
