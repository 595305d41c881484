import type * as net from 'node:net';
import { isInt32Array } from 'node:util/types';

/**
 * What the hot path uses of the handle under a `net.Socket`. It is not public API of Node (though
 * unchanged for years), so it is checked here before use, and everything works without it.
 */
export interface StreamHandle {
  reading: boolean;
  readStart(): number;
  readStop(): number;
  /** @returns a negative system error, or 0 */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
}

/** One write that the kernel did not take at once. */
export interface WriteRequest {
  /** Called only for writes that did not finish at once. */
  oncomplete: (this: WriteRequest, status: number) => void;
  /** Keeps the bytes alive while they are queued. */
  buffer: Uint8Array | undefined;
  owner: WriteOwner | undefined;
}

export interface WriteOwner {
  writeCompleted(status: number): void;
}

/** Node's write requests and the state that its last write left. */
interface WriteBinding {
  readonly newRequest: () => WriteRequest;
  readonly state: Int32Array;
  readonly wasAsyncIndex: number;
}

const METHODS = ['readStart', 'readStop', 'writeBuffer'] as const;

/** @returns undefined where sockets have no such handle: use the socket's own methods there */
export function streamHandleOf(socket: net.Socket): StreamHandle | undefined {
  const handle = rawHandleOf(socket);
  if (binding === undefined || handle === undefined) return undefined;
  for (const method of METHODS) {
    if (typeof Reflect.get(handle, method) !== 'function') return undefined;
  }
  return handle as StreamHandle;
}

/** The handle of a socket or server, whatever it looks like. */
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

const binding = findBinding();

/** Not used up by writes that finish at once: then no object is made. */
let spare: WriteRequest | undefined;

/**
 * Writes to the handle, past the socket's own queue, which must be empty.
 *
 * @returns 0: done. Negative: a system error. 1: queued; `bytes` must stay untouched, and
 *   `owner.writeCompleted` follows, also when the socket is destroyed
 */
export function writeToHandle(handle: StreamHandle, bytes: Uint8Array, owner: WriteOwner): number {
  if (binding === undefined) return -1;
  spare ??= binding.newRequest();
  const request = spare;
  const status = handle.writeBuffer(request, bytes);
  if (status === 0 && binding.state[binding.wasAsyncIndex] === 0) return 0;
  spare = undefined;
  if (status !== 0) return status;
  request.buffer = bytes;
  request.owner = owner;
  return 1;
}

function completed(this: WriteRequest, status: number): void {
  const owner = this.owner;
  this.buffer = undefined;
  this.owner = undefined;
  owner?.writeCompleted(status);
}

function findBinding(): WriteBinding | undefined {
  const find: unknown = Reflect.get(process, 'binding');
  if (typeof find !== 'function') return undefined;
  let found: unknown;
  try {
    found = find.call(process, 'stream_wrap');
  } catch {
    return undefined;
  }
  if (typeof found !== 'object' || found === null) return undefined;
  const request: unknown = Reflect.get(found, 'WriteWrap');
  const state: unknown = Reflect.get(found, 'streamBaseState');
  const wasAsyncIndex: unknown = Reflect.get(found, 'kLastWriteWasAsync');
  if (typeof request !== 'function' || !isInt32Array(state)) return undefined;
  if (typeof wasAsyncIndex !== 'number' || wasAsyncIndex >= state.length) return undefined;
  const newRequest = (): WriteRequest =>
    Object.assign(Reflect.construct(request, []), {
      oncomplete: completed,
      buffer: undefined,
      owner: undefined,
    });
  return { newRequest, state, wasAsyncIndex };
}
