import { readFileSync } from 'node:fs';
import { createTransport } from '@pgweir/pooler';
import { FloorClient } from './floor-client';
import type { FloorConfig } from './floor-config';
import { FloorPool } from './floor-pool';

const LISTEN = { keepAlive: false, keepIdleSeconds: 0, backlog: 4096 };

/**
 * A relay that does as little as a relay with transaction pooling can, on the sockets that pgweir has
 * on the same runtime: it reads headers, passes bytes on and counts replies. No limits, no errors, no
 * cancel, no TLS: whatever is unusual ends it. For comparison only.
 */
function main(): void {
  // Written by our own program of the same build.
  const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as FloorConfig;
  const place = { transport: createTransport(), postgres: config.postgres };
  const pools = new Map<string, FloorPool>();
  let unopened = Object.keys(config.pools).length;
  const listen = async (): Promise<void> => {
    const address = { kind: 'tcp', host: '127.0.0.1', port: Number(config.port) } as const;
    await place.transport.listen(address, LISTEN, (wire) => {
      wire.handler = new FloorClient(wire, pools);
    });
    process.stderr.write('process up\n');
  };
  const opened = (): void => {
    unopened -= 1;
    if (unopened > 0) return;
    listen().catch((error: unknown) => {
      throw error;
    });
  };
  for (const [name, pool] of Object.entries(config.pools)) {
    pools.set(name, new FloorPool(pool, place, opened));
  }
}

main();
