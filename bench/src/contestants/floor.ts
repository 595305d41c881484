import { join } from 'node:path';
import { startDaemon } from '@pgweir/testkit';
import type { FloorConfig, PoolConfig } from '../floor/floor-config';
import { DATABASE, USER } from '../postgres/names';
import { linksGone } from '../postgres/roles';
import type { Contestant, Place, Running } from './contestant';
import { CAPS, LOGINS_PER_SECOND, type Pool, poolBehind } from './doors';
import type { Runtime } from './runtime';

const SERVED: readonly Pool[] = ['transaction', 'session', 'burst'];

/** A bare relay on pgweir's own sockets: what no pooler on these can undercut. */
export function floor(runtime: Runtime): Contestant {
  return {
    name: floorName(runtime.name),
    version: `bare relay, ${runtime.version}`,
    caps: CAPS,
    start: (place) => start(runtime, place),
  };
}

/** As it stands in the report, where it is compared with PgBouncer. */
export function floorName(runtime: Runtime['name']): string {
  return `floor-${runtime}`;
}

async function start(runtime: Runtime, place: Place): Promise<Running> {
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
    command: [runtime.path, join(__dirname, '..', 'floor', 'relay-floor.js')],
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
      await linksGone(place.postgres, floorName(runtime.name));
    },
  };
}
