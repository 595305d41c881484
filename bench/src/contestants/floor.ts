import { join } from 'node:path';
import type { FloorConfig } from '../floor/floor-config';
import { LINKS, SESSION_LINKS } from '../scenarios';
import { DATABASE, USER } from '../table';
import type { Contestant } from './contestant';
import { startPooler } from './pooler-files';

/** A bare relay in Node.js: what no pooler on the same runtime can undercut. */
export function floor(): Contestant {
  return {
    name: 'floor',
    version: `bare relay, Node.js ${process.version}`,
    start: ({ host, port }) => {
      const config: FloorConfig = {
        port: '{port}',
        postgres: { host, port, database: DATABASE },
        user: USER,
        pools: {
          transaction: { links: LINKS, keep: false },
          session: { links: SESSION_LINKS, keep: true },
        },
      };
      return startPooler({
        command: [process.execPath, join(__dirname, '..', 'floor', 'relay-floor.js')],
        config: JSON.stringify(config),
        databases: { transaction: 'transaction', session: 'session' },
      });
    },
  };
}
