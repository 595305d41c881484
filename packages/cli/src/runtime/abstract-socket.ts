import { Socket } from 'node:net';
import { connectUnix, systemCalls } from '../system-calls';

/**
 * A socket for `@name` in Linux's abstract name space, which begins with its `connect()`, whatever that is
 * given. Node.js 20 would fill the name up with zeros, and for the system that is another name.
 */
export function abstractSocket(name: string): Socket {
  const dialled = isExact() ? undefined : dial(name);
  const socket = new Socket(typeof dialled === 'number' ? { fd: dialled } : {});
  const connect = socket.connect.bind(socket);
  const begin = (): Socket => {
    if (dialled === undefined) return connect({ path: `\0${name.slice(1)}` });
    if (typeof dialled !== 'number') return socket.destroy(dialled);
    process.nextTick(() => socket.emit('connect'));
    return socket;
  };
  Object.defineProperty(socket, 'connect', { value: begin });
  return socket;
}

/** Bun leaves names as they are; without system calls there is no other way than Node's. */
function isExact(): boolean {
  if (process.versions.bun !== undefined) return true;
  try {
    systemCalls();
    return false;
  } catch {
    return true;
  }
}

/** A Unix socket is connected at once, or not at all. */
function dial(name: string): number | Error {
  try {
    return connectUnix(name);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
