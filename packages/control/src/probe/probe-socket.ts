import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Resolver } from '@pgweir/pooler';
import { lookupThrough } from './lookup';

/**
 * A socket for `pg`, which calls `connect(port, host)` or `connect(path)` on it: names are looked up
 * by `resolver` (all addresses are tried in turn), and a host that begins with `@` is a folder of
 * Linux's abstract name space.
 */
export function probeSocket(resolver: Resolver | undefined): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  const lookup = resolver === undefined ? undefined : lookupThrough(resolver);
  const dial = (target: number | string, host: string): Socket => {
    if (typeof target === 'string') return connect({ path: target });
    if (host.startsWith('@')) return connect({ path: `\0${host.slice(1)}/.s.PGSQL.${target}` });
    const where = { host, port: target, autoSelectFamily: true };
    return connect(lookup === undefined ? where : { ...where, lookup });
  };
  const replacement = (target: number | string, host = ''): Socket => {
    try {
      return dial(target, host);
    } catch (error) {
      // Node.js throws for a port or a path that cannot be: to us it is a server that is not there.
      return socket.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  Object.defineProperty(socket, 'connect', { value: replacement });
  return socket;
}

/** A peer has sent what no PostgreSQL sends. */
export class StreamFault extends Error {
  override readonly name = 'StreamFault';
}

/**
 * Keeps what a stream brings from doing harm: its readers so far may throw, and only `bytesMax` bytes
 * come through between two looks at `mark`, which changes with every question. Otherwise the stream
 * is destroyed with a `StreamFault`: `pg` would let the exception end the process, and keep whatever
 * a message announces.
 */
export function guardReaders(
  stream: Duplex,
  limit: { readonly bytesMax: number; readonly mark: () => number },
): void {
  const readers = stream.listeners('data');
  stream.removeAllListeners('data');
  let mark = limit.mark();
  let received = 0;
  stream.on('data', (chunk: Buffer) => {
    if (mark !== limit.mark()) {
      mark = limit.mark();
      received = 0;
    }
    received += chunk.length;
    if (stream.destroyed) return;
    if (received > limit.bytesMax) {
      stream.destroy(new StreamFault(`more than ${limit.bytesMax} bytes for one answer`));
      return;
    }
    try {
      for (const reader of readers) Reflect.apply(reader, stream, [chunk]);
    } catch (cause) {
      stream.destroy(new StreamFault('a message that makes no sense', { cause }));
    }
  });
}
