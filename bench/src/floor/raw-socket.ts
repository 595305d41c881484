import * as net from 'node:net';

/** The one buffer that every socket reads into. What is read is written on before the next read. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

export interface RawHandler {
  /** `chunk[0, length)` is valid until return. */
  received(chunk: Buffer, length: number): void;
  closed(): void;
}

/** A socket whose bytes bypass Node's streams in both directions. */
export interface RawSocket {
  handler: RawHandler | undefined;
  /** @throws Error when the kernel does not take all bytes at once: nothing here queues */
  write(bytes: Uint8Array): void;
  close(): void;
}

export function dial(host: string, port: number, connected: (socket: RawSocket) => void): void {
  const reader: Reader = { socket: undefined };
  const socket = new net.Socket({ onread: onread(reader) } as net.SocketConstructorOpts);
  socket.setNoDelay(true);
  socket.connect({ host, port }, () => connected(wrap(socket, reader)));
}

export function listen(port: number, accepted: (socket: RawSocket) => void): Promise<void> {
  const server = net.createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, backlog: 1024 }, () => {
      // Accepted handles get their socket from us, because the server's cannot read into our buffer.
      Reflect.set(handleOf(server), 'onconnection', (failed: number, handle: object) => {
        if (failed !== 0) return;
        const reader: Reader = { socket: undefined };
        const options: object = { handle, onread: onread(reader) };
        const socket = new net.Socket(options);
        socket.setNoDelay(true);
        accepted(wrap(socket, reader));
      });
      resolve();
    });
  });
}

/** Where a read callback finds its socket, which is made after it. */
interface Reader {
  socket: RawSocket | undefined;
}

function onread(reader: Reader): { buffer: Buffer; callback: (length: number) => boolean } {
  return {
    buffer,
    callback: (length) => {
      reader.socket?.handler?.received(buffer, length);
      return true;
    },
  };
}

function wrap(socket: net.Socket, reader: Reader): RawSocket {
  const handle = handleOf(socket);
  const raw: RawSocket = {
    handler: undefined,
    write: (bytes) => writeToHandle(handle, bytes),
    close: () => socket.destroy(),
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', () => raw.handler?.closed());
  reader.socket = raw;
  return raw;
}

interface StreamHandle {
  writeBuffer(request: object, bytes: Uint8Array): number;
}

function handleOf(owner: object): StreamHandle {
  const handle: unknown = Reflect.get(owner, '_handle');
  if (typeof handle !== 'object' || handle === null) throw new Error('the socket has no handle');
  return handle as StreamHandle;
}

interface WriteBinding {
  readonly WriteWrap: new () => object;
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

const find = Reflect.get(process, 'binding') as (name: string) => WriteBinding;
const { WriteWrap, streamBaseState, kLastWriteWasAsync } = find.call(process, 'stream_wrap');
/** Only a write that is queued uses it up, and that is an error here. */
const request = new WriteWrap();

function writeToHandle(handle: StreamHandle, bytes: Uint8Array): void {
  const status = handle.writeBuffer(request, bytes);
  if (status === 0 && streamBaseState[kLastWriteWasAsync] === 0) return;
  throw new Error(`a write of ${bytes.length} bytes did not finish at once (${status})`);
}
