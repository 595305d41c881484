import type { Transport } from '../ports/transport';
import { bunRuntime } from './bun-runtime';
import { createBunTransport, type QueueLength } from './bun-transport';
import { createNodeTransport } from './node-transport';

export type { QueueLength } from './bun-transport';
export { createNodeTransport } from './node-transport';

/**
 * The best socket operations that this runtime has.
 *
 * @param queueLength - a system call that Bun does not offer; without it `backlog` means 512 there
 */
export function createTransport(queueLength?: QueueLength): Transport {
  const bun = bunRuntime();
  return bun === undefined ? createNodeTransport() : createBunTransport(bun, queueLength);
}
