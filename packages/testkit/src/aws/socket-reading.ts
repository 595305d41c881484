import type { Socket } from 'node:net';

/** The other side went away in the middle of what was expected. */
export class Gone extends Error {}

/**
 * Takes exactly `count` bytes; what follows them stays in the socket, which must not flow.
 *
 * @throws Gone
 */
export function take(socket: Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off('readable', attempt).off('end', leave).off('close', leave).off('error', leave);
    };
    const leave = (): void => {
      settle();
      reject(new Gone('the connection was closed'));
    };
    const attempt = (): void => {
      const bytes: Buffer | null = count === 0 ? Buffer.alloc(0) : socket.read(count);
      if (bytes === null) return;
      if (bytes.length < count) return leave();
      settle();
      resolve(bytes);
    };
    socket.on('readable', attempt).on('end', leave).on('close', leave).on('error', leave);
    if (socket.destroyed || socket.readableEnded) leave();
    else attempt();
  });
}

export interface TakenMessage {
  readonly tag: string;
  readonly body: Buffer;
  /** Tag, length and body. */
  readonly bytes: Buffer;
}

/** Takes one message with a tag. @throws Gone, also when it says that it is over `bodyBytesMax` long */
export async function takeMessage(socket: Socket, bodyBytesMax: number): Promise<TakenMessage> {
  const header = await take(socket, 5);
  const length = header.readInt32BE(1) - 4;
  if (length < 0 || length > bodyBytesMax) throw new Gone(`a message of ${length} bytes`);
  const body = await take(socket, length);
  return { tag: header.toString('latin1', 0, 1), body, bytes: Buffer.concat([header, body]) };
}

/** Takes a first packet, its length included. @throws Gone */
export async function takePacket(socket: Socket, bytesMax: number): Promise<Buffer> {
  const header = await take(socket, 4);
  const length = header.readInt32BE(0);
  if (length < 8 || length > bytesMax) throw new Gone(`a packet of ${length} bytes`);
  return Buffer.concat([header, await take(socket, length - 4)]);
}

/** Passes everything on in both directions until both sides have closed. */
export async function join(a: Socket, b: Socket): Promise<void> {
  const closed = (from: Socket, to: Socket): Promise<void> =>
    new Promise((resolve) => {
      const leave = (): void => {
        // Half a connection is of no use to PostgreSQL's protocol.
        to.destroySoon();
        resolve();
      };
      if (from.closed) return leave();
      from.once('close', leave);
      from.pipe(to);
    });
  await Promise.all([closed(a, b), closed(b, a)]);
}
