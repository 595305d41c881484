import { fstatSync } from 'node:fs';
import type { Listener } from '@pgweir/pooler';
import { systemCalls } from '../system-calls';

/**
 * Makes a listener of a socket that this process has opened for it; where that fails the socket is closed.
 *
 * A runtime that cannot listen on a descriptor may have closed it, or not, and by the time that it says so
 * the number may be that of another file. So it is closed only if it is the same socket still.
 */
export async function listenOn(
  descriptor: number,
  listen: (descriptor: number) => Promise<Listener>,
): Promise<Listener> {
  const socket = identityOf(descriptor);
  try {
    return await listen(descriptor);
  } catch (error) {
    if (socket !== undefined && identityOf(descriptor) === socket) systemCalls().close(descriptor);
    throw error;
  }
}

/** What no other open file has; undefined: the descriptor is closed. */
function identityOf(descriptor: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
