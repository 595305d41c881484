import type { Transport } from '../ports/transport';
import { bunRuntime } from './bun-runtime';
import { createBunTransport } from './bun-transport';
import { createNodeTransport } from './node-transport';

export { createNodeTransport } from './node-transport';

/** The best socket operations that this runtime has. */
export function createTransport(): Transport {
  const bun = bunRuntime();
  return bun === undefined ? createNodeTransport() : createBunTransport(bun);
}
