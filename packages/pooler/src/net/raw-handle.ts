import type * as net from 'node:net';
import { isInt32Array } from 'node:util/types';

/**
 * The stream under a `net.Socket`, as Node.js makes it in C++. It is not public API (though unchanged
 * for many years), so everything that is used of it is looked for once, here, and `node-wire.ts`
 * serves without it.
 *
 * A status is 0 or a negative system error.
 */
export interface RawHandle {
  readonly fd: number;
  /**
   * Called when something was read, with `handles.state[handles.readIndex]` as the number of bytes or a
   * negative system error. A buffer that it returns takes the place of the read buffer.
   */
  onread: (this: RawHandle) => Uint8Array | undefined;
  /** Whom it belongs to: our own field on it. */
  pgweirOwner?: HandleOwner | undefined;
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  shutdown(request: Request): number;
  close(done: () => void): void;
}

/** What the two kinds of stream handles do not have in common. */
export interface TcpHandle extends RawHandle {
  getpeername(into: SocketName): number;
  getsockname(into: SocketName): number;
  setNoDelay(on: boolean): number;
  setKeepAlive(on: boolean, idleSeconds: number): number;
  connect(request: Request, host: string, port: number): number;
  connect6(request: Request, host: string, port: number): number;
}

export interface PipeHandle extends RawHandle {
  connect(request: Request, path: string): number;
}

export interface SocketName {
  address?: string;
  port?: number;
}

/** An operation whose end is told later. */
export interface Request {
  oncomplete: (this: Request, status: number) => void;
  owner?: HandleOwner | undefined;
}

/** A write that the kernel did not take at once. */
export interface WriteRequest extends Request {
  /** Keeps the bytes alive while they are queued. */
  buffer: Uint8Array | undefined;
}

/** Whoever is told what happens on a handle. */
export interface HandleOwner {
  /** @returns the buffer to read into from now on; undefined: the same as before */
  handleRead(count: number): Uint8Array | undefined;
  writeCompleted(status: number): void;
  shutdownCompleted(): void;
  connectCompleted(status: number): void;
}

/** The raw handle of a socket or server; undefined where there is none. */
export function rawHandleOf(owner: object): object | undefined {
  const handle: unknown = Reflect.get(owner, '_handle');
  return typeof handle === 'object' && handle !== null ? handle : undefined;
}

/** The file descriptor under a socket; undefined where the runtime does not tell. */
export function descriptorOf(socket: net.Socket): number | undefined {
  const handle = rawHandleOf(socket);
  const descriptor: unknown = handle === undefined ? undefined : Reflect.get(handle, 'fd');
  return typeof descriptor === 'number' && descriptor >= 0 ? descriptor : undefined;
}

/** Node's own constructors for handles and requests, and where they leave their results. */
export class HandleLibrary {
  readonly #tcp: new (
    kind: number,
  ) => TcpHandle;
  readonly #pipe: new (
    kind: number,
  ) => PipeHandle;
  readonly #tcpConnect: new () => Request;
  readonly #pipeConnect: new () => Request;
  readonly #write: new () => WriteRequest;
  readonly #shutdown: new () => Request;
  readonly #state: Int32Array;
  readonly #readIndex: number;
  readonly #wasAsyncIndex: number;
  /** Not used up by writes that finish at once: then no object is made. */
  #spareWrite: WriteRequest;

  constructor(tcp: object, pipe: object, stream: object) {
    this.#tcp = classIn(tcp, 'TCP');
    this.#tcpConnect = classIn(tcp, 'TCPConnectWrap');
    this.#pipe = classIn(pipe, 'Pipe');
    this.#pipeConnect = classIn(pipe, 'PipeConnectWrap');
    this.#write = classIn(stream, 'WriteWrap');
    this.#shutdown = classIn(stream, 'ShutdownWrap');
    const state: unknown = Reflect.get(stream, 'streamBaseState');
    if (!isInt32Array(state)) throw new Error('streamBaseState is missing');
    this.#state = state;
    this.#readIndex = indexIn(stream, 'kReadBytesOrError', state);
    this.#wasAsyncIndex = indexIn(stream, 'kLastWriteWasAsync', state);
    this.#spareWrite = this.#newWrite();
    for (const method of METHODS) {
      if (!(method in this.#tcp.prototype) || !(method in this.#pipe.prototype)) {
        throw new Error(`handles have no ${method}`);
      }
    }
  }

  /** A handle for dialling. Both runtimes' constants for this kind are 0. */
  newTcp(): TcpHandle {
    return new this.#tcp(0);
  }

  newPipe(): PipeHandle {
    return new this.#pipe(0);
  }

  tcpConnect(owner: HandleOwner): Request {
    return this.#request(this.#tcpConnect, owner, connected);
  }

  pipeConnect(owner: HandleOwner): Request {
    return this.#request(this.#pipeConnect, owner, connected);
  }

  /** Sends FIN after what is queued; `owner.shutdownCompleted` follows unless the status is negative. */
  shutdown(handle: RawHandle, owner: HandleOwner): number {
    return handle.shutdown(this.#request(this.#shutdown, owner, shutDown));
  }

  /** For the current call of `onread` only. */
  readCount(): number {
    return this.#state[this.#readIndex] ?? 0;
  }

  /**
   * @returns 0: done. Negative: a system error. 1: queued; `bytes` must stay untouched, and
   *   `owner.writeCompleted` follows, also when the handle is closed
   */
  write(handle: RawHandle, bytes: Uint8Array, owner: HandleOwner): number {
    const request = this.#spareWrite;
    const status = handle.writeBuffer(request, bytes);
    if (status === 0 && this.#state[this.#wasAsyncIndex] === 0) return 0;
    this.#spareWrite = this.#newWrite();
    if (status !== 0) return status;
    request.buffer = bytes;
    request.owner = owner;
    return 1;
  }

  #newWrite(): WriteRequest {
    const request = new this.#write();
    request.oncomplete = written;
    request.buffer = undefined;
    request.owner = undefined;
    return request;
  }

  #request(
    kind: new () => Request,
    owner: HandleOwner,
    oncomplete: (this: Request, status: number) => void,
  ): Request {
    const request = new kind();
    request.oncomplete = oncomplete;
    request.owner = owner;
    return request;
  }
}

const METHODS = ['readStart', 'readStop', 'writeBuffer', 'useUserBuffer', 'shutdown', 'close'];

function written(this: Request, status: number): void {
  const owner = this.owner;
  this.owner = undefined;
  (this as WriteRequest).buffer = undefined;
  owner?.writeCompleted(status);
}

function shutDown(this: Request): void {
  this.owner?.shutdownCompleted();
}

function connected(this: Request, status: number): void {
  this.owner?.connectCompleted(status);
}

function classIn<T>(binding: object, name: string): new (...args: number[]) => T {
  const found: unknown = Reflect.get(binding, name);
  if (typeof found !== 'function') throw new Error(`${name} is missing`);
  return found as new (
    ...args: number[]
  ) => T;
}

function indexIn(binding: object, name: string, state: Int32Array): number {
  const found: unknown = Reflect.get(binding, name);
  if (typeof found !== 'number' || found >= state.length) throw new Error(`${name} is missing`);
  return found;
}

/** Whether an accepted socket has the options of the one that listens. */
export const optionsAreInherited = process.platform === 'linux';

/** undefined where the runtime has no such handles: sockets are used as they are there. */
export const handles = findLibrary();

function findLibrary(): HandleLibrary | undefined {
  const find: unknown = Reflect.get(process, 'binding');
  if (typeof find !== 'function' || process.versions.bun !== undefined) return undefined;
  try {
    return new HandleLibrary(
      find.call(process, 'tcp_wrap'),
      find.call(process, 'pipe_wrap'),
      find.call(process, 'stream_wrap'),
    );
  } catch {
    // A Node.js that has changed inside: slower, not wrong.
    return undefined;
  }
}
