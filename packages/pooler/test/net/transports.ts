import { createNodeTransport, createTransport } from '../../src/net';
import type { Transport } from '../../src/ports/transport';

export const onBun = process.versions.bun !== undefined;

export interface NamedTransport {
  /** For names of tests. */
  readonly name: string;
  readonly transport: Transport;
  /** What the peer said last can be read although a write has failed. */
  readonly hearsLastWords: boolean;
}

/** The ways to use sockets that this runtime offers. */
export const transports: readonly NamedTransport[] = onBun
  ? [{ name: 'Bun: its own sockets', transport: createTransport(), hearsLastWords: true }]
  : [
      {
        name: 'Node.js: raw handles',
        transport: createNodeTransport({ rawHandles: true }),
        hearsLastWords: true,
      },
      {
        name: 'Node.js: sockets',
        transport: createNodeTransport({ rawHandles: false }),
        // Through the socket's queue a failed write ends reading at once.
        hearsLastWords: false,
      },
    ];

/** The transport that a daemon uses on this runtime. */
export const defaultTransport: NamedTransport = {
  name: onBun ? 'on Bun' : 'on Node.js',
  transport: createTransport(),
  hearsLastWords: true,
};
