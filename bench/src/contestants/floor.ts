import { join } from 'node:path';
import { startDaemon } from '@pgweir/testkit';
import type { FloorConfig, PoolConfig } from '../floor/floor-config';
import { DATABASE, USER } from '../postgres/names';
import { linksGone } from '../postgres/roles';
import type { Contestant, Place, Running } from './contestant';
import { CAPS, LOGINS_PER_SECOND, type Pool, poolBehind } from './doors';

const NAME = 'floor';
const SERVED: readonly Pool[] = ['transaction', 'session', 'burst'];

/** A bare relay in Node.js: what no pooler on the same runtime can undercut. */
export function floor(): Contestant {
  return { name: NAME, version: `bare relay, Node.js ${process.version}`, caps: CAPS, start };
}

async function start(place: Place): Promise<Running> {
  const { host, port } = place.postgres;
  const pools = SERVED.map((pool): [string, PoolConfig] => [
    pool,
    { user: place.role(pool), links: CAPS[pool], keep: pool === 'session' },
  ]);
  const config: FloorConfig = {
    port: '{port}',
    postgres: { host, port, database: DATABASE },
    pools: Object.fromEntries(pools),
  };
  const daemon = await startDaemon({
    command: [process.execPath, join(__dirname, '..', 'floor', 'relay-floor.js')],
    config: JSON.stringify(config),
  });
  return {
    enter: (door) => {
      const pool = poolBehind(door);
      if (!SERVED.includes(pool)) return { kind: 'closed', reason: 'it knows no passwords' };
      const at = { host: daemon.host, port: daemon.port, database: pool };
      return {
        kind: 'open',
        target: { ...at, user: USER, tls: false, loginsPerSecond: LOGINS_PER_SECOND },
        pid: daemon.pid,
      };
    },
    stop: async () => {
      await daemon.stop('SIGTERM');
      await linksGone(place.postgres, NAME);
    },
  };
}
